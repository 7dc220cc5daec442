package account

import "github.com/chitpay/chit/vouchers"

// Tally counts, beside the prices of calls, what can be taken from a channel.
type Tally interface {
	// Concede counts what the server says is charged and no receipt explains. Ceilings
	// of it were signed before, and are never signed again.
	Concede(vouchers.Amount) error
	// Exceed counts by how much a ceiling is above the sum of all prices, unless a limit
	// forbids it.
	Exceed(vouchers.Amount) error
	// Fits tells whether all that is counted is within the limits.
	Fits() error
	// Restore counts what was charged, and signed beyond that, before the book was lost.
	Restore(charged, beyond vouchers.Amount) error
	// Resolve says what became of prices in doubt: so much was charged, so much was not.
	Resolve(charged, freed vouchers.Amount)
	// ComeBack says that what was charged is less by so much. It stays signed.
	ComeBack(vouchers.Amount)
	// Arrive says that so much of what was conceded was for calls that had come back.
	Arrive(vouchers.Amount)
}
