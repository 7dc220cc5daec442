package pay

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Recover writes the channel that pays for something into the book anew: from the chain, and
// from the proof of the server. Errors wrap [book.ErrNoChannel] if the chain knows of no such
// channel, and [account.ErrOldBook] if nobody agrees.
func (p *Payer) Recover(ctx context.Context, by *Want) (book.Entry, error) {
	ch, err := p.recovered(ctx, by)
	if err == nil {
		err = p.write(ch)
	}
	if err != nil {
		return book.Entry{}, fmt.Errorf("recover: %w", err)
	}
	return ch.entry(p.Server), nil
}

func (p *Payer) recovered(ctx context.Context, by *Want) (*channel, error) {
	p.unlearn()
	t, err := p.listedTerms(terms.Recovering(ctx), by)
	if err != nil {
		return nil, err
	}
	state, err := treasury.StateOf(ctx, p.chain, t.Addresses.Escrow, t.Config)
	if err != nil {
		return nil, err
	}
	if state.Balance == 0 && state.Claimed == 0 {
		return nil, fmt.Errorf("%w to %s: the chain knows of none with the id %s", book.ErrNoChannel, p.Server, t.ID)
	}
	ch, fresh, err := p.asKept(ctx, t, state.Balance)
	if err != nil {
		return nil, err
	}
	if err := p.recoverAs(ctx, ch, by, state); err != nil {
		if fresh {
			err = errors.Join(err, p.drop(ch))
		}
		return nil, err
	}
	return ch, nil
}

func (p *Payer) recoverAs(ctx context.Context, ch *channel, by *Want, state vouchers.ChainState) error {
	before := ch.Mark()
	proven, err := p.standing(ctx, ch, by)
	if err != nil {
		return err
	}
	found := ch.Weigh(proven, state.Claimed)
	found.Channel, found.Server = ch.ID, p.Server
	if err := p.agreed(ctx, found); err != nil {
		return err
	}
	return ch.Restore(state, found, before)
}

func (p *Payer) agreed(ctx context.Context, found account.Finding) error {
	if !found.Beyond() || p.agree == nil && found.Proven {
		return nil
	}
	if p.agree == nil {
		return found.Unagreed()
	}
	yes, err := p.agree(ctx, found)
	if err == nil && !yes {
		err = found.Unagreed()
	}
	return err
}

// asKept is the channel as it is in use or in the book, whatever the chain says of it. It
// is fresh where it was not in use.
func (p *Payer) asKept(ctx context.Context, t *terms.Terms, balance vouchers.Amount) (ch *channel, fresh bool, err error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	if ch := p.channels[t.ID]; ch != nil {
		return ch, false, nil
	}
	ch, err = p.open(ctx, t, func() (account.Record, error) {
		if p.book == nil {
			return account.Record{Balance: balance}, nil
		}
		entry, found, err := p.book.Channel(t.ID)
		if err != nil || !found {
			return account.Record{Balance: balance}, err
		}
		return entry.Record, nil
	})
	return ch, true, err
}

// drop leaves a channel as if it had not been opened.
func (p *Payer) drop(ch *channel) error {
	p.learning.Lock()
	defer p.learning.Unlock()
	delete(p.channels, ch.ID)
	return ch.Close()
}

// standing is what the server proves of a channel, nil where it knows nothing beyond the
// chain. A chit server tells it by an order, with no payment; others say so when they refuse
// a payment.
func (p *Payer) standing(ctx context.Context, ch *channel, by *Want) (*account.Proof, error) {
	signed, err := p.signOrder(ctx, ch.ID, "state", "")
	if err != nil {
		return nil, err
	}
	told, err := by.Tell(ctx, x402.StateOrder{Channel: ch.ID, Deadline: signed.Deadline, Signature: signed.Signature})
	switch {
	case err != nil || told == nil:
	case told.ErrorReason == x402.ErrChannelNotFound:
		return nil, nil
	case told.Success:
		state := told.Extra.ChannelState
		if state != nil && state.ChannelID == ch.ID && state.ChargedCumulativeAmount != nil {
			return p.checkState(ctx, ch, *state.ChargedCumulativeAmount, told.Extra.VoucherState)
		}
	}
	return p.probe(ctx, ch, by)
}

// probe offers a voucher for nothing: the server refuses it and says where the channel
// stands. What it returns is nil where the server knows nothing beyond the chain.
func (p *Payer) probe(ctx context.Context, ch *channel, by *Want) (*account.Proof, error) {
	voucher, err := p.sign(ctx, ch, 0)
	if err != nil {
		return nil, err
	}
	// a seller holds what is accepted against the price of what is asked
	paid, err := wrap(cmp.Or(p.Known(by.Name), ch.Terms), &x402.VoucherPayload{ChannelConfig: ch.Config, Voucher: voucher}, newIdentifier())
	if err == nil {
		err = p.order(ctx, ch, paid, "state", "") // the voucher may be on chain
	}
	if err != nil {
		return nil, err
	}
	a, _, err := p.send(ctx, by, &words.Payment{Full: paid})
	if err != nil {
		return nil, err
	}
	if a.Required == nil || a.Required.Error == x402.ErrChannelNotFound {
		return nil, nil
	}
	switch a.Required.Error {
	case x402.ErrCumulativeAmountMismatch, x402.ErrCumulativeBelowClaimed, x402.ErrCumulativeExceedsBalance:
		return p.check(ctx, ch, a.Required)
	}
	return nil, refused(a.Required)
}
