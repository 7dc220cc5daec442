package budget

import (
	"context"
	"errors"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// TokenHold is the money that is held for one call on a token.
type TokenHold struct {
	purse     *Purse
	own       bool // nothing is held: it counts already
	day, tool string
	held      vouchers.Amount
}

// BeginOnToken is for a call of a tool on a token. One that the payer has bought itself, from
// a channel of its own, counts already.
func (s *Purse) BeginOnToken(tool string, own bool) *TokenHold {
	return &TokenHold{purse: s, own: own, day: s.Today(), tool: ofATool.Replace(tool)}
}

// Sum is what is held.
func (h *TokenHold) Sum() vouchers.Amount { return h.held }

// Permitted says whether the policy lets such a call be paid at all, at whatever price. The
// error is a [*policy.Error] with the price.
func (h *TokenHold) Permitted(price vouchers.Amount) error {
	return h.purse.policy.Permits(policy.Proposal{Server: h.purse.server, Tool: h.tool, Price: price})
}

// Raise makes sure that a call at a price is within the policy and the budgets, and that it
// counts from now on.
func (h *TokenHold) Raise(ctx context.Context, price vouchers.Amount) error {
	if price <= h.held {
		return nil
	}
	if err := h.purse.policy.Allows(ctx, policy.Proposal{Server: h.purse.server, Tool: h.tool, Price: price}); err != nil {
		return err
	}
	if h.purse.policy.Counts() && !h.own {
		err := h.purse.decide(ctx, &order{Change: h.change(holds, price-h.held)})
		var refused *policy.Error
		if errors.As(err, &refused) {
			refused.Required, refused.Remaining = price, refused.Remaining.Plus(h.held)
		}
		if err != nil {
			return err
		}
		h.held = price
	}
	return nil
}

// End books what the call has cost.
func (h *TokenHold) End(cost vouchers.Amount) {
	if h.own {
		return
	}
	c := h.change(pays, h.held)
	c.Cost = cost
	h.purse.later(c)
}

func (h *TokenHold) change(k Kind, amount vouchers.Amount) Change {
	return Change{Day: h.day, Tool: h.tool, Kind: k, Amount: amount}
}
