// Package transfers pays straight from the wallet, by one signed transfer for each call.
//
// Terms come in, and a transfer for them goes out ([Desk.Sign]): by EIP-3009, or by Permit2 with
// a permit of the token over exactly its amount where the seller sends that too. Who has been sent
// it can have it made until its time is over, whatever they have answered. So it is written down as
// in doubt before it leaves, counts from then on, and is settled by an answer that proves what it
// moved ([Desk.Settle]) or by what the chain says of it once it can be made no more ([Desk.Look]).
package transfers
