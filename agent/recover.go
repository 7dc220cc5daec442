package agent

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/x402"
)

// Recover writes the channel to the server into the book anew, whatever the book says
// of it: from the chain, and from the server's corrective answer, which must prove
// itself. It costs nothing, and no calls may be in flight. Errors wrap [ErrNoChannel]
// if the chain knows of no such channel.
func (c *Client) Recover(ctx context.Context) (Entry, error) {
	by, err := c.pricedTool(ctx)
	if err != nil {
		return Entry{}, fmt.Errorf("recover: %w", err)
	}
	return c.recoverBy(ctx, by)
}

// Recover is [Client.Recover] for the channel that pays for a resource.
func (c *HTTPClient) Recover(ctx context.Context, r HTTPRequest) (Entry, error) {
	var last *HTTPResponse
	return c.recoverBy(ctx, c.want(r, &last))
}

func (p *payer) recoverBy(ctx context.Context, by *wanted) (Entry, error) {
	ch, err := p.fromChain(ctx, by)
	if err == nil {
		err = p.probe(ctx, ch, by)
	}
	if err == nil {
		err = p.write(ch)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("recover: %w", err)
	}
	return ch.entry(p.server), nil
}

// fromChain takes the channel to the server from the chain, in place of what the book
// has of it.
func (p *payer) fromChain(ctx context.Context, by *wanted) (*channel, error) {
	t, err := p.anyTerms(ctx, by)
	if err != nil {
		return nil, err
	}
	state, err := t.contract.State(ctx, t.config, 1)
	if err != nil {
		return nil, err
	}
	if state.Balance == 0 && state.Claimed == 0 {
		return nil, fmt.Errorf("%w to %s: the chain knows of none with the id %s", ErrNoChannel, p.server, t.id)
	}
	p.learning.Lock()
	defer p.learning.Unlock()
	ch := p.channels[t.id]
	if ch == nil {
		ch, err = p.open(t, func() (figures, error) { return newFigures(state.Balance, state.Claimed, state.Claimed), nil })
		if err != nil {
			return nil, err
		}
	}
	ch.restart(state.Balance, state.Claimed)
	return ch, nil
}

// probe offers a voucher for what is claimed already, which buys nothing: the server
// refuses it and says where the channel stands.
func (p *payer) probe(ctx context.Context, ch *channel, by *wanted) error {
	voucher, err := p.sign(ctx, ch, ch.total())
	if err != nil {
		return err
	}
	paid, err := wrap(ch.terms, &x402.VoucherPayload{ChannelConfig: ch.config, Voucher: voucher})
	if err != nil {
		return err
	}
	a, err := p.send(ctx, by, paid)
	if err != nil {
		return err
	}
	if a.required == nil || a.required.Error == x402.ErrChannelNotFound {
		return nil // the server knows nothing beyond the chain
	}
	switch a.required.Error {
	case x402.ErrCumulativeAmountMismatch, x402.ErrCumulativeBelowClaimed, x402.ErrCumulativeExceedsBalance:
		proven, err := p.check(ctx, ch, a.required)
		if err != nil {
			return err
		}
		return ch.correct(0, proven.charged, proven.ceiling)
	}
	return refused(a.required)
}
