package budget

import (
	"context"
	"errors"
	"strings"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// Expense is the money that is held for one call.
type Expense struct {
	purse   *Purse
	day     string
	call    policy.Proposal
	channel vouchers.ChannelID
	most    vouchers.Amount // that somebody has named; 0 is no limit beside the policy
	judged  bool            // the policy allows a call at the price that is held
	held    vouchers.Amount
	booked  vouchers.Amount // what of it is in the table, or on its way there
	taken   vouchers.Amount // what of that came from the pool
	signed  bool            // a voucher was signed over it

	// Unsent is what was signed less once vouchers had provably not left.
	Unsent vouchers.Amount
	// Lost is the price of a voucher that nobody answered: it stays on its way.
	Lost vouchers.Amount
}

// Begin is for a call of a tool, for which somebody has named the most that it may cost; 0 is
// no limit beside the policy.
func (s *Purse) Begin(tool string, most vouchers.Amount) *Expense {
	return &Expense{purse: s, day: s.Today(), most: most, call: policy.Proposal{Server: s.server, Tool: ofATool.Replace(tool)}}
}

// Sum is what is held.
func (e *Expense) Sum() vouchers.Amount { return e.held }

// ofATool leaves nothing in a tool's name that would make it another row's.
var ofATool = strings.NewReplacer("\x00", "", signedPool, "", concededPool, "", onItsWay, "", tokensSpent, "")

// Hold makes sure that a call at a price is within the policy, and its money held from a
// channel.
func (e *Expense) Hold(ctx context.Context, channel vouchers.ChannelID, price vouchers.Amount) error {
	if e.judged && price <= e.held {
		return nil
	}
	e.channel = channel
	if err := e.judge(ctx, price); err != nil {
		return err
	}
	if !e.purse.policy.Counts() || price == 0 {
		e.held = price
		return nil
	}
	more := &order{Change: e.change(holds, price-e.held)}
	err := e.purse.decide(ctx, more)
	var refused *policy.Error
	if errors.As(err, &refused) {
		refused.Required, refused.Remaining = price, refused.Remaining.Plus(e.held)
	}
	if err != nil {
		return err
	}
	e.held, e.booked, e.taken = price, price, e.taken+more.Taken
	return nil
}

// judge holds a price against what does not depend on what was spent before.
func (e *Expense) judge(ctx context.Context, price vouchers.Amount) error {
	e.call.Price = price
	if e.most > 0 && price > e.most {
		return &policy.Error{Code: policy.CodePerCallExceeded, Limit: "this call", Server: e.call.Server, Tool: e.call.Tool, Required: price, Remaining: e.most}
	}
	if err := e.purse.policy.Allows(ctx, e.call); err != nil {
		return err
	}
	e.judged = true
	return nil
}

// JudgeTransfer makes sure that a call at a price that is paid by a transfer is within the policy,
// but for what was spent before: [Expense.Doubt] holds it against that.
func (e *Expense) JudgeTransfer(ctx context.Context, price vouchers.Amount) error {
	e.call.ByTransfer = true
	return e.judge(ctx, price)
}

// Signed reports whether a voucher was signed over what is held.
func (e *Expense) Signed() bool { return e.signed }

func (e *Expense) change(k Kind, amount vouchers.Amount) Change {
	return Change{Day: e.day, Tool: e.call.Tool, Channel: e.channel, Kind: k, Amount: amount}
}

// Sign says that a voucher is about to be signed over what is held.
func (e *Expense) Sign() {
	e.signed = true
	if more := e.held - e.booked; more > 0 {
		e.purse.later(e.change(holds, more))
		e.booked = e.held
	}
}

// Explain puts the call into a refusal of more than its price.
func (e *Expense) Explain(err error) error {
	var refused *policy.Error
	if errors.As(err, &refused) {
		refused.Tool, refused.Required = e.call.Tool, e.held.Plus(refused.Required)
	}
	return err
}

// End books what the call came to cost, at most what is held.
func (e *Expense) End(cost vouchers.Amount) {
	if !e.signed {
		c := e.change(undoes, e.booked)
		c.Taken = e.taken
		e.purse.later(c)
		return
	}
	c := e.change(ends, e.booked)
	c.Cost = min(cost, e.booked)
	e.purse.later(c)
	e.purse.later(e.change(retracts, e.Unsent))
}

// Lose is [Expense.End] for a call of which nobody knows what it cost.
func (e *Expense) Lose() {
	e.purse.later(e.change(ends, e.booked.Minus(e.Lost)))
	e.purse.later(e.change(retracts, e.Unsent))
}
