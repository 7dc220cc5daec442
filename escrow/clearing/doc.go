// Package clearing makes payers' signed transfers ([transfer.Transfer]) happen on chain,
// each once. What flows in is a payment that somebody has checked; it is durable when
// [House.Submit] returns, and what became of it is told by its [Ticket] and by [House.Look]:
// it is settled, in a block that is deep enough; or it cannot happen any more; or that is not
// known yet, which is never told as a failure.
//
// What waits at one moment is simulated together and sent in one transaction, of which each
// transfer succeeds or fails by itself (Multicall3's aggregate3). One that waits alone goes by
// itself, and so does one whose payer has code: that code may use up what gas it is given. A
// transfer that somebody else has sent is paid all the same. One that the chain refuses is
// refused to who waits for it, and tried again until it expires. One that a reorganization
// took back is told of, and sent again.
//
// The nonce of an authorization makes it impossible that a transfer happens twice. What is
// written down is what makes none forgotten: the payment before it is accepted, each transaction before
// it is broadcast, and each outcome before it is told.
//
// Amounts are atomic units of the token, gas is gas units, fees are wei.
package clearing
