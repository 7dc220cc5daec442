package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// TopUp deposits what [Options.TopUp] says, if less than its Below is left in the
// channel to the server, or less than one atomic unit. It returns false if there was
// no need.
func (c *Client) TopUp(ctx context.Context) (Moved, bool, error) {
	moved, needed, err := c.topUpByHand(ctx)
	if err != nil {
		return Moved{}, false, fmt.Errorf("top up: %w", err)
	}
	return moved, needed, nil
}

func (c *Client) topUpByHand(ctx context.Context) (Moved, bool, error) {
	if c.topUp.Amount == 0 {
		return Moved{}, false, errors.New("no amount: set topUp in the profile, or use `chit deposit AMOUNT`")
	}
	if err := c.writable(); err != nil {
		return Moved{}, false, err
	}
	by, err := c.depositBy(ctx)
	if err != nil {
		return Moved{}, false, err
	}
	if by == nil {
		return Moved{}, false, fmt.Errorf("%w: %s takes deposits with a paid call alone: `chit call TOOL --deposit AMOUNT`", policy.ErrTerms, c.server)
	}
	t, err := c.anyTerms(ctx, by)
	if err != nil {
		return Moved{}, false, err
	}
	ch, err := c.channelOf(ctx, t)
	if err != nil {
		return Moved{}, false, err
	}
	done, err := c.fund(ctx, ch)
	if err != nil {
		return Moved{}, false, err
	}
	defer done()
	if err := c.refresh(ctx, ch); err != nil { // another process may have deposited
		return Moved{}, false, err
	}
	if ch.Lacks(0, max(c.topUp.Below, vouchers.Amount(1))) == 0 {
		return Moved{Channel: ch.id, Balance: ch.Balance(), Left: ch.Spendable()}, false, nil
	}
	if err := ch.Empties(max(c.topUp.Below, vouchers.Amount(1))); err != nil {
		return Moved{}, false, err
	}
	amount, err := c.policy.TopUp(c.server, c.topUp.Amount, ch.minDeposit)
	if err != nil {
		return Moved{}, false, err
	}
	moved, err := c.deposit(ctx, ch, amount, c.topUp.origin(), by)
	moved.Unwritten = c.owing()
	return moved, true, err
}
