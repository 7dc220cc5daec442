package agent

import "github.com/chitpay/chit/agent/dial"

// The names that a payer's program needs, wherever in the rooms below they stand.
type (
	// Limits bound what the other side can make a client read, remember or wait for.
	Limits = dial.Limits
)
