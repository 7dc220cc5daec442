// Package transfer is one signed payment that moves tokens straight from a payer to a
// payee. A payer signs it, by EIP-3009 (TransferWithAuthorization) or by a witnessed permit
// of Permit2 that one of the standard's two proxies spends; anybody may send it, once. What
// flows in is a [Transfer]; what flows out is the digest that its payer signs, whether the
// signature and the moment are good ([Transfer.Check], in memory), whether the chain would
// take it ([Transfer.CheckOnChain]), the calls that settle it ([Transfer.Calls]), and what
// became of it ([Transfer.Outcome], [Transfer.Used], [Transfer.FindUse]).
//
// A refusal wraps one sentinel of this package, each of which stands for one word of the
// standard. An error that wraps none of them, such as [chain.ErrUnreachable], says that the
// answer is not known: it is no refusal.
//
// Amounts are atomic units of the token, times are Unix seconds, gas is gas units.
package transfer
