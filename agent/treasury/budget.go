package treasury

import (
	"context"
	"time"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
)

// ReadBudget tells what a payer has spent by its book, and what the limits of a policy
// leave for calls to a server, at a time.
func ReadBudget(kept *book.Book, policy policy.Policy, server string, now time.Time) (budget.Spent, []policy.Left, error) {
	limited := policy.WithDefaults(nil)
	s := budget.Open(budget.Options{Table: kept, Policy: limited, Server: naming.Server(server), Now: func() time.Time { return now }})
	spent, limits, err := s.Report()
	if err != nil {
		return budget.Spent{}, nil, err
	}
	moved, err := deposit.MovedOn(kept, s.Today())
	if err != nil {
		return budget.Spent{}, nil, err
	}
	spent.Disputed, err = kept.Disputed()
	return spent, append(limits, limited.TopUpsLeft(moved)), err
}

// ReadDoubts lists the transfers of a payer's book of which it is not known whether they are made.
func ReadDoubts(ctx context.Context, kept *book.Book) ([]budget.Doubt, error) {
	return budget.Open(budget.Options{Table: kept}).Doubts(ctx)
}
