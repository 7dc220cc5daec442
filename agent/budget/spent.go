package budget

import (
	"context"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// Spent is what was spent by the payer's own book. Amounts are atomic units.
type Spent struct {
	// Today is what all calls of this day (UTC) cost, Server what all calls to this
	// server did, and Total all calls of the book.
	Today  vouchers.Amount `json:"today"`
	Server vouchers.Amount `json:"server"`
	Total  vouchers.Amount `json:"total"`
	// OnItsWay is the part of Total whose calls are not answered: a later answer, or a
	// receipt, says what became of it.
	OnItsWay vouchers.Amount `json:"onItsWay,omitzero"`
	// InDoubt is the part of Total that transfers move of which it is not known whether they are
	// made: it is spent, or counts no more, when the chain has said so.
	InDoubt vouchers.Amount `json:"inDoubt,omitzero"`
	// AtRisk is what was signed beyond Total in all: servers could take it, and have not
	// charged it. Limits count it.
	AtRisk vouchers.Amount `json:"atRisk,omitzero"`
	// Disputed is what servers have charged in the book's channels and no call explains. It
	// was signed before, and limits count it.
	Disputed vouchers.Amount `json:"disputed,omitzero"`
}

// Report adds up what was spent, with what is held for calls in flight, and what the
// limits leave.
func (s *Purse) Report() (r Spent, limits []policy.Left, err error) {
	today, limits := s.Today(), []policy.Left{}
	err = s.within(context.Background(), func(l *leaf, doubts Doubts) {
		rows := l.rows
		r = Spent{
			Today:    sumOf(rows, func(k Row) bool { return k.Day >= today && !k.isPool() }),
			Server:   sumOf(rows, func(k Row) bool { return k.Server == s.server && !k.isPool() }),
			Total:    sumOf(rows, func(k Row) bool { return !k.isPool() }),
			OnItsWay: sumOf(rows, Row.isOnItsWay),
			InDoubt:  doubts.Sum(),
			AtRisk:   sumOf(rows, Row.isPool),
		}
		r.OnItsWay = r.OnItsWay.Minus(r.InDoubt)
		for _, b := range s.bounds(today, "") {
			limits = append(limits, policy.Left{Limit: b.name, Most: b.most, Remaining: b.most.Minus(sumOf(rows, b.counts))})
		}
	})
	return r, limits, err
}
