package pay

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Known returns the terms that a tool was last offered on, nil if it never was.
func (p *Payer) Known(tool string) *terms.Terms {
	p.learning.Lock()
	defer p.learning.Unlock()
	return p.terms[tool]
}

// forget forgets the terms of a tool.
func (p *Payer) forget(tool string) {
	p.learning.Lock()
	defer p.learning.Unlock()
	delete(p.terms, tool)
}

// unlearn forgets all terms.
func (p *Payer) unlearn() {
	p.learning.Lock()
	defer p.learning.Unlock()
	clear(p.terms)
}

// learn takes over the terms of a tool.
func (p *Payer) learn(ctx context.Context, tool string, required *x402.PaymentRequired) (*terms.Terms, error) {
	return p.learnOf(ctx, tool, required, nil)
}

// learnOf is learn for terms that must be paid from a channel.
func (p *Payer) learnOf(ctx context.Context, tool string, required *x402.PaymentRequired, only *vouchers.ChannelID) (*terms.Terms, error) {
	if err := p.writable(); err != nil {
		return nil, err
	}
	t, err := p.chooser.Choose(ctx, required, only)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", tool, p.Server, err)
	}
	p.learning.Lock()
	defer p.learning.Unlock()
	p.terms[tool] = t
	return t, nil
}

// anyTerms asks for something without a payment, to learn what is taken for it. What
// it asks for does nothing then, or is meant to be bought.
func (p *Payer) anyTerms(ctx context.Context, w *Want) (*terms.Terms, error) {
	if t := p.Known(w.Name); t != nil {
		return t, nil
	}
	a, err := w.inquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its terms: %w", p.Server, err)
	}
	if a.Required == nil {
		return nil, fmt.Errorf("%w: %s of %s asks for no payment", policy.ErrTerms, w.Name, p.Server)
	}
	return p.learn(ctx, w.Name, a.Required)
}

// listedTerms is anyTerms where the server's list may say what is taken.
func (p *Payer) listedTerms(ctx context.Context, w *Want) (*terms.Terms, error) {
	if w.Listed != nil {
		if err := p.writable(); err != nil {
			return nil, err
		}
		if t, err := p.chooser.Choose(ctx, w.Listed, nil); err == nil {
			return t, nil
		}
	}
	return p.anyTerms(ctx, w)
}

// atListPrice is what is known with the most that a call of the tool costs in the place of
// what the last one cost: other arguments may cost more, and the server charges what these
// do. It is nil where that is the same, the policy does not allow it without asking, or
// the channel does not hold so much.
func (p *Payer) atListPrice(ctx context.Context, w *Want, known *terms.Terms, expense *budget.Expense) *terms.Terms {
	most := p.Prices.ListPrice(ctx, w.Name)
	if asks := p.Policy.AskAbove; most <= known.Accepted.Amount || asks > 0 && most > asks {
		return nil
	}
	p.learning.Lock()
	ch := p.channels[known.ID]
	p.learning.Unlock()
	if ch == nil || ch.entry(p.Server).Available() < most {
		return nil
	}
	listed := *known
	listed.Accepted.Amount = most
	if expense.Hold(ctx, listed.ID, most) != nil {
		return nil
	}
	return &listed
}
