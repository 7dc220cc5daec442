// Package transfers has the words of x402 for payments by signed transfers, which the seller of
// calls and the facilitator share.
//
// A payment of exact or upto flows in, and becomes the [transfer.Transfer] that its payer has
// signed, or the refusal of one that is none; so does an error of a check or of a settlement, and
// becomes the standard's code. Nothing here asks a chain.
package transfers
