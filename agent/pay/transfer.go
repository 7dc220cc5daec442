package pay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/agent/transfers"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// consider takes over the terms of a tool: its channel, unless that has nothing to pay with and
// transfers are taken.
func (p *Payer) consider(ctx context.Context, tool string, a *Answer) (*offer, error) {
	t, err := p.learn(ctx, tool, a.Required)
	if err != nil && !errors.Is(err, policy.ErrTerms) {
		return nil, err
	}
	direct, why := p.chooser.Transfers(a.Required, a.Manner)
	switch {
	case len(direct) == 0 && err != nil && why != nil:
		return nil, fmt.Errorf("%w; nor by a transfer: %w", err, why)
	case len(direct) == 0 && err != nil:
		return nil, err
	case len(direct) == 0:
		return &offer{channel: t}, nil
	case err != nil || !p.covers(ctx, t):
		p.forget(tool) // the next call is asked about anew: prices of transfers are not paid unseen
		return &offer{transfers: direct}, nil
	}
	return &offer{t, direct}, nil
}

// covers reports whether a channel can pay what it is asked for, as far as is known: it holds
// enough, or is topped up.
func (p *Payer) covers(ctx context.Context, t *terms.Terms) bool {
	if p.topUp.Amount > 0 {
		return true
	}
	p.learning.Lock()
	ch := p.channels[t.ID]
	p.learning.Unlock()
	if ch != nil {
		return ch.Lacks(t.Accepted.Amount, 0) == 0 || p.refresh(ctx, ch) != nil || ch.Lacks(t.Accepted.Amount, 0) == 0
	}
	kept, _, err := p.load(ctx, t)
	if err != nil || kept.Available() >= t.Accepted.Amount {
		return true // who pays from it says what is wrong
	}
	state, err := t.Contract.State(ctx, t.Config, 1)
	kept.Balance = max(kept.Balance, state.Balance)
	return err != nil || kept.Available() >= t.Accepted.Amount
}

// lacksFunds reports whether a call was not paid because there is nothing to pay it with in its
// channel, nor money or a rule to put some there.
func lacksFunds(err error) bool {
	var forbidden *policy.Error
	return errors.Is(err, account.ErrBalance) || errors.Is(err, deposit.ErrFunds) ||
		errors.As(err, &forbidden) && forbidden.Code == policy.CodeDepositExceeded
}

// buyUnfunded buys by a transfer what a channel cannot pay, and fails with why where the server takes
// none.
func (p *Payer) buyUnfunded(ctx context.Context, w *Want, o *offer, why error) (Receipt, error) {
	p.forget(w.Name)
	if len(o.transfers) == 0 {
		a, err := w.inquire(ctx)
		if err != nil {
			return Receipt{}, why
		}
		if a.Required == nil {
			return Receipt{}, nil
		}
		if o.transfers, _ = p.chooser.Transfers(a.Required, a.Manner); len(o.transfers) == 0 {
			return Receipt{}, why
		}
	}
	return p.buyByTransfer(ctx, w, o.transfers)
}

// buyByTransfer pays by the first of several transfers that the wallet can make. One is signed, and
// no other: a refusal does not make it worthless.
func (p *Payer) buyByTransfer(ctx context.Context, w *Want, ways []*terms.Transfer) (Receipt, error) {
	if err := p.writable(); err != nil {
		return Receipt{}, err
	}
	var missing []error
	for _, t := range ways {
		s, err := p.signTransfer(ctx, w, t)
		if errors.Is(err, transfers.ErrAllowance) {
			missing = append(missing, err)
			continue
		}
		if err != nil {
			return Receipt{}, err
		}
		return p.payByTransfer(ctx, w, s)
	}
	return Receipt{}, errors.Join(missing...)
}

// signTransfer signs one within the policy. Where a budget is used up by what is in doubt, the chain
// is asked about that first.
func (p *Payer) signTransfer(ctx context.Context, w *Want, t *terms.Transfer) (*transfers.Signed, error) {
	expense := p.purse.Begin(w.Name, w.Most)
	if err := expense.JudgeTransfer(ctx, t.Accepted.Amount); err != nil {
		return nil, err
	}
	s, err := p.direct.Sign(ctx, expense, t)
	var forbidden *policy.Error
	isUsedUp := errors.As(err, &forbidden) && forbidden.Code == policy.CodeBudgetExhausted || errors.Is(err, budget.ErrDoubts)
	if !isUsedUp || p.direct.Look(ctx) != nil {
		return s, err
	}
	return p.direct.Sign(ctx, expense, t)
}

// payByTransfer sends a transfer with the call. It stays in doubt but where the answer proves what it
// has moved, or it has not left this machine.
func (p *Payer) payByTransfer(ctx context.Context, w *Want, s *transfers.Signed) (Receipt, error) {
	defer s.Done()
	receipt := Receipt{Price: s.Accepted.Amount, InDoubt: s.Accepted.Amount, Until: s.Over()}
	paid, err := s.Payment(newIdentifier())
	if err != nil {
		return Receipt{}, errors.Join(err, p.direct.TakeBack(s))
	}
	a, err := p.present(ctx, w, paid)
	switch {
	case errors.Is(err, ErrUnreached):
		return Receipt{}, errors.Join(err, p.direct.TakeBack(s))
	case err != nil:
		return receipt, s.Warn(err)
	case a.Required != nil:
		return receipt, s.Warn(refusedOf(a.Required, s.Accepted.Amount))
	}
	return p.settleTransfer(ctx, w, s, a, receipt)
}

// present sends a payment, and the same one again where the server does not know yet whether it was
// taken.
func (p *Payer) present(ctx context.Context, w *Want, paid *words.Payment) (a *Answer, err error) {
	ctx, _ = dial.OnWay(ctx) // what has left with the first request has left
	for range presentations {
		a, _, err = p.send(ctx, w, paid)
		if err != nil || a.Required == nil || !undecided[a.Required.Error] || ctx.Err() != nil {
			break
		}
	}
	return a, err
}

// undecided are the refusals of a server that does not know what to make of a payment: the same one
// may be taken when it comes again, and moves its money once at most.
var undecided = map[x402.ErrorCode]bool{x402.ErrUnexpectedVerify: true, x402.ErrUnexpectedSettle: true, x402.ErrSettlementPending: true}

func refusedOf(required *x402.PaymentRequired, price vouchers.Amount) *RefusedError {
	no := refused(required)
	no.Price = price
	return no
}

// settleTransfer holds the answer of a call against its transfer. What it says that was paid is, of
// what nothing proves the whole amount stays in doubt.
func (p *Payer) settleTransfer(ctx context.Context, w *Want, s *transfers.Signed, a *Answer, receipt Receipt) (Receipt, error) {
	out, err := p.direct.Settle(ctx, s, a.Receipt)
	p.owe(err)
	receipt.Charged, receipt.Tx, receipt.Paid = out.Moved, out.Tx, out.Moved > 0
	if out.Settled {
		receipt.InDoubt, receipt.Until = 0, time.Time{}
	}
	if receipt.Paid {
		p.Prices.Agree(policy.ByTransfer(w.Name), s.Accepted.Amount)
	}
	receipt.Unwritten = p.owing()
	return receipt, nil
}
