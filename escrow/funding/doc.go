// Package funding is how a payer's money gets into a channel without a transaction of
// the payer's: what a token is, read from the chain and held against its own domain
// separator, and the authorization that the payer signs for it, by EIP-3009 ([Deposit])
// or by a witnessed permit of Permit2 ([Permit2Deposit]). A token's address and an amount
// flow in; what flows out anybody may submit to an escrow, once.
//
// Amounts are atomic units of the token, times are Unix seconds.
package funding
