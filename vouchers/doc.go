// Package vouchers has the words of a payment channel: what a channel is and what the
// chain says of it, the vouchers that are signed over it, and what a store keeps of it.
// Keys and ceilings flow in; what flows out is a digest that the escrow computes too, a
// signature over it, and whether a signature is good.
//
// A payer opens a channel by depositing USDC in an escrow under a
// [ChannelConfig]; the EIP-712 digest of that configuration is its [ChannelID].
// Each call is paid with a [Voucher]: a signed ceiling on what the receiver may
// claim from the channel in total. [Domain] computes the digests that the escrow
// computes, signs them and checks them, without an allocation once a signer's
// public key is known. What vouchers become is the ledger's, vouchers/ledger, which keeps
// it in a [Store], such as vouchers/diskstore.
//
// Amounts are atomic units of a token with six decimals ([Amount]), times are
// Unix seconds.
package vouchers
