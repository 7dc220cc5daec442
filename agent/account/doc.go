// Package account is the payer's own count of one channel.
//
// The price of a call comes in and the ceiling to sign for it goes out ([Account.Reserve]);
// then what the server answers is held against the count ([Account.Settle]), what it proves is
// taken over as far as this payer has signed for it ([Account.Believe]), and a receipt is held
// against what calls explain ([Account.Judge]). What no price covers is told to a [Tally]. The
// processes with the same book have one account: it stands in a file that outlives those that
// are killed. What the server can take is the highest ceiling that was ever signed, and
// nothing that it says makes that rise but a call.
package account
