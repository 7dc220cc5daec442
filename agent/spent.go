package agent

import (
	"context"
	"sync"
	"time"

	"github.com/chitpay/chit/agent/naming"
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
	// AtRisk is what was signed beyond Total in all: servers could take it, and have not
	// charged it. Limits count it.
	AtRisk vouchers.Amount `json:"atRisk,omitzero"`
	// Disputed is what servers have charged in the book's channels and no call explains; see
	// [Dispute]. It was signed before, and limits count it.
	Disputed vouchers.Amount `json:"disputed,omitzero"`
}

// report adds up what was spent, with what is held for calls in flight, and what the
// limits leave.
func (s *purse) report() (r Spent, limits []policy.Left, err error) {
	if err := s.flush(); err != nil {
		return Spent{}, nil, err
	}
	today, limits := s.today(), []policy.Left{}
	err = s.table.updateSpending(context.Background(), 0, func(rows map[spent]vouchers.Amount) {
		r = Spent{
			Today:    sumOf(rows, func(k spent) bool { return k.day >= today && !k.isPool() }),
			Server:   sumOf(rows, func(k spent) bool { return k.server == s.server && !k.isPool() }),
			Total:    sumOf(rows, func(k spent) bool { return !k.isPool() }),
			OnItsWay: sumOf(rows, spent.isOnItsWay),
			AtRisk:   sumOf(rows, spent.isPool),
		}
		for _, b := range s.bounds(today, "") {
			limits = append(limits, policy.Left{Limit: b.name, Most: b.most, Remaining: b.most.Minus(sumOf(rows, b.counts))})
		}
	})
	return r, limits, err
}

// ReadBudget tells what a payer has spent by its book, and what the limits of a policy
// leave for calls to a server, at a time.
func ReadBudget(book *Book, policy policy.Policy, server string, now time.Time) (Spent, []policy.Left, error) {
	s := purse{table: book, policy: policy.WithDefaults(nil), server: naming.Server(server), now: func() time.Time { return now }}
	spent, limits, err := s.report()
	if err != nil {
		return Spent{}, nil, err
	}
	moved, err := movedOn(book, s.today())
	if err != nil {
		return Spent{}, nil, err
	}
	spent.Disputed, err = book.disputed()
	return spent, append(limits, s.policy.TopUpsLeft(moved)), err
}

// scratch is a table in memory, for a payer without a book.
type scratch struct {
	mu   sync.Mutex // guards rows
	rows map[spent]vouchers.Amount
}

func (t *scratch) jot(string, change) error { return nil }

func (t *scratch) turn() uint64 { return 0 }

func (t *scratch) updateSpending(_ context.Context, _ uint64, f func(map[spent]vouchers.Amount)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = make(map[spent]vouchers.Amount)
	}
	f(t.rows)
	return nil
}
