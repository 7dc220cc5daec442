package agent

import (
	"time"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
)

// ReadBudget tells what a payer has spent by its book, and what the limits of a policy
// leave for calls to a server, at a time.
func ReadBudget(book *Book, policy policy.Policy, server string, now time.Time) (budget.Spent, []policy.Left, error) {
	limited := policy.WithDefaults(nil)
	s := budget.Open(budget.Options{Table: book, Policy: limited, Server: naming.Server(server), Now: func() time.Time { return now }})
	spent, limits, err := s.Report()
	if err != nil {
		return budget.Spent{}, nil, err
	}
	moved, err := deposit.MovedOn(book, s.Today())
	if err != nil {
		return budget.Spent{}, nil, err
	}
	spent.Disputed, err = book.disputed()
	return spent, append(limits, limited.TopUpsLeft(moved)), err
}
