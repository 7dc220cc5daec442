package pay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// terms are a server's entry that this client can pay by, with the escrow behind it.
type terms struct {
	accepted   x402.Requirements
	resource   x402.Resource
	addresses  escrow.Addresses
	contract   *escrow.Contract
	config     vouchers.ChannelConfig
	id         vouchers.ChannelID
	minDeposit vouchers.Amount
}

// choose returns the entry that this client pays by: where it has money in a channel,
// or else the first that it can pay by: deposits by EIP-3009 before those by Permit2,
// and any other escrow before the canonical one. With only it must be of that channel.
func (p *Payer) choose(ctx context.Context, required *x402.PaymentRequired, only *vouchers.ChannelID) (*terms, error) {
	if n := len(required.Accepts); n > p.Limits.Terms {
		return nil, fmt.Errorf("%w: %w", policy.ErrTerms, dial.Over("Terms", p.Limits.Terms, fmt.Sprintf("it offers %d ways to pay", n)))
	}
	moves, err := extension.Moves(required.Extensions)
	if err != nil || len(moves) > p.Limits.Terms {
		moves = nil // they prove nothing
	}
	var reasons []error
	var fit []*terms
	for _, entry := range required.Accepts {
		t, err := p.consider(ctx, entry, moves)
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		t.resource = required.Resource
		fit = append(fit, t)
	}
	if only != nil {
		return theSame(fit, *only, reasons)
	}
	slices.SortStableFunc(fit, func(a, b *terms) int { return a.rank() - b.rank() })
	if len(fit) == 0 {
		return nil, fmt.Errorf("%w: %w", policy.ErrTerms, errors.Join(reasons...))
	}
	return p.funded(fit)
}

// theSame is the one of several terms that is paid from a channel: what a server says about
// a payment may change the price and the state, and nothing else.
func theSame(fit []*terms, id vouchers.ChannelID, reasons []error) (*terms, error) {
	for _, t := range fit {
		if t.id == id {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: it answers a payment from channel %s with terms that lead to another channel: %w", policy.ErrTerms, id, errors.Join(reasons...))
}

// byPermit2 says that deposits are made by Permit2.
func (t *terms) byPermit2() bool {
	return t.accepted.Extra.AssetTransferMethod == x402.TransferPermit2
}

// rank is lower for terms that this client would rather pay by.
func (t *terms) rank() int {
	rank := 0
	if t.addresses.Escrow == escrow.Canonical.Escrow {
		rank = 1
	}
	if t.byPermit2() { // needs an approval, which costs gas
		rank += 2
	}
	return rank
}

// funded returns the first of several terms whose channel can pay, by this payer's own
// account; if none can, the first with anything left; and else the first of all.
func (p *Payer) funded(fit []*terms) (*terms, error) {
	if len(fit) == 1 {
		return fit[0], nil
	}
	entries, err := p.entries()
	if err != nil {
		return nil, err
	}
	var some *terms
	for _, t := range fit {
		for _, e := range entries {
			switch {
			case e.Channel != t.id || e.Available() == 0:
			case e.Available() >= t.accepted.Amount:
				return t, nil
			case some == nil:
				some = t
			}
		}
	}
	if some != nil {
		return some, nil
	}
	return fit[0], nil
}

func (p *Payer) consider(ctx context.Context, entry x402.Requirements, moves []extension.Move) (*terms, error) {
	switch {
	case !entry.Supported():
		return nil, fmt.Errorf("the scheme %s on %s is not supported", naming.Short(entry.Scheme), naming.Short(entry.Network))
	case entry.Network != p.chain.Network():
		return nil, fmt.Errorf("it is paid on %s, this client's chain is %s", naming.Short(entry.Network), p.chain.Network())
	case entry.Asset != p.token.Address:
		return nil, fmt.Errorf("it is paid in token %s, this client may spend %s", entry.Asset, p.token.Address)
	}
	address := escrow.Canonical.Escrow
	if entry.Extra.Escrow != nil {
		address = *entry.Extra.Escrow
	}
	trusted, err := escrow.Trusted(ctx, p.chain, address, p.pinned...)
	if err != nil {
		return nil, err
	}
	t := &terms{addresses: trusted, contract: escrow.At(p.chain, trusted.Escrow), minDeposit: entry.Extra.MinDeposit}
	if t.accepted, err = withoutState(entry); err != nil {
		return nil, err
	}
	t.config = vouchers.ChannelConfig{
		Payer: p.key.Address(), PayerAuthorizer: p.session.Address(),
		Receiver: entry.PayTo, ReceiverAuthorizer: entry.Extra.ReceiverAuthorizer,
		Token: entry.Asset, WithdrawDelay: entry.Extra.WithdrawDelay,
	}
	switch {
	case t.byPermit2() && trusted.Collectors.Permit2 == (common.Address{}):
		return nil, fmt.Errorf("its deposits take Permit2, and escrow %s has no collector for that which is trusted", address)
	case !t.byPermit2() && !p.token.EIP3009:
		return nil, fmt.Errorf("its deposits take EIP-3009, which token %s does not have", entry.Asset)
	}
	if err := t.config.Validate(); err != nil {
		return nil, err
	}
	if err := p.Policy.AllowsDelay(t.config.WithdrawDelay); err != nil {
		return nil, err
	}
	if err := p.place(ctx, t, moves); err != nil {
		return nil, err
	}
	return t, nil
}

// withoutState is an entry as the seller wrote it, but for the state of a channel: a
// seller holds what is accepted against what it offers, to the letter.
func withoutState(entry x402.Requirements) (x402.Requirements, error) {
	if entry.Extra.ChannelState == nil && entry.Extra.VoucherState == nil {
		return entry, nil
	}
	var fields, extra map[string]json.RawMessage
	raw, err := json.Marshal(entry)
	if err == nil {
		err = json.Unmarshal(raw, &fields)
	}
	if err == nil {
		err = json.Unmarshal(fields["extra"], &extra)
	}
	if err != nil {
		return entry, err
	}
	delete(extra, "channelState")
	delete(extra, "voucherState")
	if fields["extra"], err = json.Marshal(extra); err != nil {
		return entry, err
	}
	if raw, err = json.Marshal(fields); err != nil {
		return entry, err
	}
	var stateless x402.Requirements
	err = json.Unmarshal(raw, &stateless)
	return stateless, err
}

// Known returns the terms that a tool was last offered on, nil if it never was.
func (p *Payer) Known(tool string) *terms {
	p.learning.Lock()
	defer p.learning.Unlock()
	return p.terms[tool]
}

// unlearn forgets all terms.
func (p *Payer) unlearn() {
	p.learning.Lock()
	defer p.learning.Unlock()
	clear(p.terms)
}

// learn takes over the terms of a tool.
func (p *Payer) learn(ctx context.Context, tool string, required *x402.PaymentRequired) (*terms, error) {
	return p.learnOf(ctx, tool, required, nil)
}

// learnOf is learn for terms that must be paid from a channel.
func (p *Payer) learnOf(ctx context.Context, tool string, required *x402.PaymentRequired, only *vouchers.ChannelID) (*terms, error) {
	if err := p.writable(); err != nil {
		return nil, err
	}
	t, err := p.choose(ctx, required, only)
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
func (p *Payer) anyTerms(ctx context.Context, w *Want) (*terms, error) {
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
func (p *Payer) listedTerms(ctx context.Context, w *Want) (*terms, error) {
	if w.Listed != nil {
		if err := p.writable(); err != nil {
			return nil, err
		}
		if t, err := p.choose(ctx, w.Listed, nil); err == nil {
			return t, nil
		}
	}
	return p.anyTerms(ctx, w)
}

// atListPrice is what is known with the most that a call of the tool costs in the place of
// what the last one cost: other arguments may cost more, and the server charges what these
// do. It is nil where that is the same, the policy does not allow it without asking, or
// the channel does not hold so much.
func (p *Payer) atListPrice(ctx context.Context, w *Want, known *terms, expense *budget.Expense) *terms {
	most := p.Prices.ListPrice(ctx, w.Name)
	if asks := p.Policy.AskAbove; most <= known.accepted.Amount || asks > 0 && most > asks {
		return nil
	}
	p.learning.Lock()
	ch := p.channels[known.id]
	p.learning.Unlock()
	if ch == nil || ch.entry(p.Server).Available() < most {
		return nil
	}
	listed := *known
	listed.accepted.Amount = most
	if expense.Hold(ctx, listed.id, most) != nil {
		return nil
	}
	return &listed
}
