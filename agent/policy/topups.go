package policy

import (
	"cmp"
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// topUpLimit is the limit of a day's top-ups, for people.
const topUpLimit = "the top-ups of one day (budget.topUpPerDay)"

// AllowsTopUp holds a deposit against what top-ups may move in a day, over all channels.
func (p *Policy) AllowsTopUp(server string, amount, moved vouchers.Amount, now time.Time) error {
	most := p.topUpPerDay()
	if moved.Plus(amount) <= most {
		return nil
	}
	return &Error{
		Code: CodeDepositExceeded, Limit: topUpLimit, Server: server, Required: amount, Remaining: most.Minus(moved),
		RetryAt: NextDay(now),
	}
}

// topUpPerDay is what all top-ups of a day may move.
func (p *Policy) topUpPerDay() vouchers.Amount {
	if p.TopUpPerDay > 0 {
		return p.TopUpPerDay
	}
	return max(DefaultTopUpPerDay, p.MaxDeposit, p.PerDay)
}

// TopUpsLeft is what the limit of a day's top-ups leaves, where so much was moved.
func (p *Policy) TopUpsLeft(moved vouchers.Amount) Left {
	most := p.topUpPerDay()
	return Left{Limit: topUpLimit, Most: most, Remaining: most.Minus(moved)}
}

// NextDay is when the next day of UTC begins.
func NextDay(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour) }

// AllowsDeposit holds a deposit, with those that may yet come in, against the policy.
func (p *Policy) AllowsDeposit(server string, amount vouchers.Amount) error {
	refuse := Error{Server: server, Required: amount, Remaining: p.MaxDeposit}
	switch {
	case !p.permits(server):
		refuse.Code, refuse.Remaining = CodeServerNotAllowed, 0
	case p.MaxDeposit > 0 && amount > p.MaxDeposit:
		refuse.Code, refuse.Limit = CodeDepositExceeded, "one deposit"
	default:
		return nil
	}
	return &refuse
}

// TopUp is what a deposit that the client makes by itself moves: what its owner has
// said, if that is within the policy and covers what is needed.
func (p *Policy) TopUp(server string, amount, needed vouchers.Amount) (vouchers.Amount, error) {
	refuse := Error{Code: CodeDepositExceeded, Server: server}
	switch {
	case p.MaxDeposit == 0 && amount > DefaultMaxDeposit:
		refuse.Limit, refuse.Required, refuse.Remaining = "one deposit that budget.deposit of the profile says nothing of", amount, DefaultMaxDeposit
	case needed > amount:
		refuse.Limit, refuse.Required, refuse.Remaining = "one top-up (topUp.amount of the profile, or --deposit)", needed, amount
	default:
		return amount, nil
	}
	return 0, &refuse
}

// AllowsDelay checks for how long money would be locked in a channel, in seconds.
func (p *Policy) AllowsDelay(seconds uint64) error {
	most := cmp.Or(p.MaxWithdrawDelay, DefaultMaxWithdrawDelay)
	if seconds <= uint64(most/time.Second) {
		return nil
	}
	return fmt.Errorf("it keeps money for %d seconds after a withdrawal is announced, and %s are allowed; budget.withdrawDelay of the profile allows more", seconds, most)
}

// Left is a budget with what is left of it, in atomic units.
type Left struct {
	// Limit says what it is for.
	Limit     string          `json:"limit"`
	Most      vouchers.Amount `json:"most"`
	Remaining vouchers.Amount `json:"remaining"`
}
