package agent

import (
	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/dial"
)

// The names that a payer's program needs, wherever in the rooms below they stand.
type (
	// Limits bound what the other side can make a client read, remember or wait for.
	Limits = dial.Limits
	// Finding is what a recovery would write into the book.
	Finding = account.Finding
	// BalanceError is a call that a channel cannot pay; it wraps [ErrBalance].
	BalanceError = account.BalanceError
)
