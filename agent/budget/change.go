package budget

import "github.com/chitpay/chit/vouchers"

// Change is what happens to the money of a channel. It is of the day on which it was held.
type Change struct {
	// Day is "2006-01-02" in UTC, Tool a tool's name.
	Day, Tool string
	Channel   vouchers.ChannelID
	Kind      Kind // what it does
	Amount    vouchers.Amount
	Taken     vouchers.Amount // what an undone hold had from the pool
	Cost      vouchers.Amount // what of an amount on its way was charged
}

// Kind is what a change does. Its numbers stand in files: new ones go to the end.
type Kind uint8

const (
	holds    Kind = iota // for a call, from the pool as far as that goes: it is on its way
	ends                 // a call: what it cost is spent, the rest goes into the pool, the ceiling is signed
	undoes               // a hold over which nothing was signed
	resolves             // what was on its way at the channel and is answered now, as ends
	returns              // what was spent, or conceded, and came back: into the pool, of the day on which it was spent
	retracts             // what was signed and has not left this machine: out of the pool
	concedes             // what the server counts and no receipt explains: from the pool, for good
	exceeds              // what was signed beyond the prices: into the pool
	restores             // what was charged before the book was lost: from the pool, on no day
	finds                // what was signed before the book was lost: into the pool
	fits                 // changes nothing: is all of it within the limits?
	pays                 // a call on a token: what it cost is spent, the rest of what was held is nobody's
)
