// Package escrow is the batch-settlement escrow contract as Go. It reads a
// channel's state, submits deposits (signed in escrow/funding), turns vouchers into
// claims in batches that fit a transaction, settles what was claimed, and gives money
// back by refund or withdrawal. Following its blocks is escrow/watch.
//
// Two contracts speak the same interface: the canonical x402 escrow and our own,
// whose address follows from its bytecode ([Deployed]). A payer trusts an escrow
// for what it is, never because a server names it: see [Trusted].
//
// All amounts are atomic units of the channel's token, all times Unix seconds.
package escrow
