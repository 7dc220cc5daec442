package pay

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// TopUp deposits what the options say if less than their least is left. It returns false
// if there was no need.
func (p *Payer) TopUp(ctx context.Context) (Moved, bool, error) {
	if p.topUp.Amount == 0 {
		return Moved{}, false, errors.New("no amount: set topUp in the profile, or use `chit deposit AMOUNT`")
	}
	if err := p.writable(); err != nil {
		return Moved{}, false, err
	}
	by, err := p.DepositBy(ctx)
	if err != nil {
		return Moved{}, false, err
	}
	if by == nil {
		return Moved{}, false, fmt.Errorf("%w: %s takes deposits with a paid call alone: `chit call TOOL --deposit AMOUNT`", policy.ErrTerms, p.Server)
	}
	t, err := p.anyTerms(ctx, by)
	if err != nil {
		return Moved{}, false, err
	}
	ch, err := p.channelOf(ctx, t)
	if err != nil {
		return Moved{}, false, err
	}
	done, err := p.fund(ctx, ch)
	if err != nil {
		return Moved{}, false, err
	}
	defer done()
	if err := p.refresh(ctx, ch); err != nil { // another process may have deposited
		return Moved{}, false, err
	}
	if ch.Lacks(0, max(p.topUp.Below, vouchers.Amount(1))) == 0 {
		return Moved{Channel: ch.ID, Balance: ch.Balance(), Left: ch.Spendable()}, false, nil
	}
	if err := ch.Empties(max(p.topUp.Below, vouchers.Amount(1))); err != nil {
		return Moved{}, false, err
	}
	amount, err := p.Policy.TopUp(p.Server, p.topUp.Amount, ch.MinDeposit)
	if err != nil {
		return Moved{}, false, err
	}
	moved, err := p.deposit(ctx, ch, amount, p.topUp.origin(), by)
	moved.Unwritten = p.owing()
	return moved, true, err
}
