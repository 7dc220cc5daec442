package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/vouchers"
)

// Recover writes the channel to the server into the book anew: from the chain, where all
// configured endpoints must say the same, and from the server's corrective answer, which
// must prove itself by a voucher of the payer's own. What that adds to the book counts as
// spent. Where it is beyond what the book knows to be signed, [Options.Agree] is asked;
// without one it is taken over if it is proven. It costs nothing, and no calls may be in
// flight. Errors wrap [ErrNoChannel] if the chain knows of no such channel, and
// [ErrOldBook] if nobody agrees.
func (c *Client) Recover(ctx context.Context) (book.Entry, error) {
	by, err := c.pricedTool(ctx)
	if err != nil {
		return book.Entry{}, fmt.Errorf("recover: %w", err)
	}
	return c.recoverBy(ctx, by)
}

// Recover is [Client.Recover] for the channel that pays for a resource.
func (c *HTTPClient) Recover(ctx context.Context, r HTTPRequest) (book.Entry, error) {
	var last *HTTPResponse
	return c.recoverBy(ctx, c.want(r, &last))
}

func (p *payer) recoverBy(ctx context.Context, by *wanted) (book.Entry, error) {
	ch, err := p.recovered(ctx, by)
	if err == nil {
		err = p.write(ch)
	}
	if err != nil {
		return book.Entry{}, fmt.Errorf("recover: %w", err)
	}
	return ch.entry(p.server), nil
}

func (p *payer) recovered(ctx context.Context, by *wanted) (*channel, error) {
	p.unlearn()
	t, err := p.listedTerms(recovering(ctx), by)
	if err != nil {
		return nil, err
	}
	state, err := treasury.StateOf(ctx, p.chain, t.addresses.Escrow, t.config)
	if err != nil {
		return nil, err
	}
	if state.Balance == 0 && state.Claimed == 0 {
		return nil, fmt.Errorf("%w to %s: the chain knows of none with the id %s", book.ErrNoChannel, p.server, t.id)
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

func (p *payer) recoverAs(ctx context.Context, ch *channel, by *wanted, state vouchers.ChainState) error {
	before := ch.Mark()
	proven, err := p.standing(ctx, ch, by)
	if err != nil {
		return err
	}
	found := ch.Weigh(proven, state.Claimed)
	found.Channel, found.Server = ch.id, p.server
	if err := p.agreed(ctx, found); err != nil {
		return err
	}
	return ch.Restore(state, found, before)
}

func (p *payer) agreed(ctx context.Context, found account.Finding) error {
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
func (p *payer) asKept(ctx context.Context, t *terms, balance vouchers.Amount) (ch *channel, fresh bool, err error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	if ch := p.channels[t.id]; ch != nil {
		return ch, false, nil
	}
	ch, err = p.open(ctx, t, func() (account.Record, error) {
		if p.book == nil {
			return account.Record{Balance: balance}, nil
		}
		entry, found, err := p.book.Channel(t.id)
		if err != nil || !found {
			return account.Record{Balance: balance}, err
		}
		return entry.Record, nil
	})
	return ch, true, err
}

// drop leaves a channel as if it had not been opened.
func (p *payer) drop(ch *channel) error {
	p.learning.Lock()
	defer p.learning.Unlock()
	delete(p.channels, ch.id)
	return ch.Close()
}
