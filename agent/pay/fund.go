package pay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
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

// deposit moves money into a channel, apart from any call. The caller holds the
// channel's funding.
func (p *Payer) deposit(ctx context.Context, ch *channel, amount vouchers.Amount, origin deposit.Origin, by *Want) (Moved, error) {
	if err := p.refresh(ctx, ch); err != nil {
		return Moved{}, err
	}
	signed, err := p.desk.Awaited(ctx, ch.into())
	if err != nil {
		return Moved{}, err
	}
	if signed != nil && signed.Shown(ch.Balance()) { // it has come in since
		p.owe(p.desk.Forget(signed))
		return Moved{Channel: ch.ID, Amount: signed.Deposit.Amount, Balance: ch.Balance(), Left: ch.Spendable()}, nil
	}
	if signed == nil {
		if signed, err = p.desk.Authorize(ctx, ch.into(), amount, origin); err != nil {
			return Moved{}, err
		}
	}
	return p.submit(ctx, ch, signed, by)
}

// submit sends a deposit that is signed.
func (p *Payer) submit(ctx context.Context, ch *channel, signed *deposit.Signed, by *Want) (Moved, error) {
	voucher, err := p.signCharged(ctx, ch)
	if err != nil {
		if signed.Fresh {
			err = errors.Join(err, p.desk.TakeBack(signed))
		}
		return Moved{}, err
	}
	moved, err := p.move(ctx, ch, by, &x402.DepositPayload{ChannelConfig: ch.Config, Voucher: voucher, Deposit: *signed.Deposit})
	if err != nil {
		if forgotten, failed := p.unsent(signed, err); forgotten {
			return Moved{}, errors.Join(err, failed)
		}
		return Moved{}, signed.Warn(err)
	}
	p.owe(p.desk.Forget(signed))
	return moved, nil
}

// depositByHand is deposit for an amount that somebody has typed.
func (p *Payer) depositByHand(ctx context.Context, ch *channel, amount vouchers.Amount, by *Want) (Moved, error) {
	done, err := p.fund(ctx, ch)
	if err != nil {
		return Moved{}, err
	}
	defer done()
	signed, err := p.desk.Awaited(ctx, ch.into())
	if err != nil {
		return Moved{}, err
	}
	if signed != nil && signed.Deposit.Amount != amount {
		return Moved{}, signed.Warn(fmt.Errorf("%w: another deposit is under way", policy.ErrTerms))
	}
	moved, err := p.deposit(ctx, ch, amount, deposit.ByHand, by)
	if err == nil {
		ch.Trust(moved.Balance)
	}
	moved.Unwritten = p.owing()
	return moved, err
}

// topUpFor makes sure that a channel can pay a call, as far as the payer tops up by
// itself. Where the server takes deposits with calls alone it returns the one to send
// with this call; funded ends it, and is called in any case where err is nil.
func (p *Payer) topUpFor(ctx context.Context, ch *channel, t *terms.Terms) (deposit *deposit.Signed, funded func(), err error) {
	price := t.Accepted.Amount
	if p.topUp.Amount == 0 || price == 0 || ch.Lacks(price, p.topUp.Below) == 0 {
		return nil, func() {}, nil
	}
	if funded, err = p.fund(ctx, ch); err != nil {
		return nil, nil, err
	}
	if deposit, err = p.topUpNow(ctx, ch, price); err != nil || deposit == nil {
		funded()
		return nil, func() {}, err
	}
	return deposit, funded, nil
}

// fund lets one deposit at a time go into a channel; done ends it, or the time for which
// it may keep others back.
func (p *Payer) fund(ctx context.Context, ch *channel) (done func(), err error) {
	select {
	case ch.funding <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	unlock, err := ch.Depositing(ctx)
	if err != nil {
		<-ch.funding
		return nil, err
	}
	end := sync.OnceFunc(func() { unlock(); <-ch.funding })
	late := time.AfterFunc(p.Limits.Hold, end)
	return func() { late.Stop(); end() }, nil
}

// topUpNow deposits, or returns the deposit to send with the call. The caller holds
// the channel's funding.
func (p *Payer) topUpNow(ctx context.Context, ch *channel, price vouchers.Amount) (*deposit.Signed, error) {
	if err := p.refresh(ctx, ch); err != nil { // another process may have deposited
		return nil, err
	}
	if ch.Lacks(price, p.topUp.Below) == 0 {
		return nil, nil
	}
	if err := ch.Empties(price.Plus(p.topUp.Below)); err != nil {
		return nil, err
	}
	amount, err := p.Policy.TopUp(p.Server, p.topUp.Amount, max(ch.Lacks(price, 0), ch.MinDeposit))
	if err != nil {
		return nil, err
	}
	var by *Want
	if p.DepositBy != nil {
		if by, err = p.DepositBy(ctx); err != nil {
			return nil, err
		}
	}
	if by != nil {
		_, err := p.deposit(ctx, ch, amount, p.topUp.origin(), by)
		return nil, err
	}
	signed, err := p.desk.Awaited(ctx, ch.into())
	if err != nil {
		return nil, err
	}
	if signed != nil && signed.Shown(ch.Balance()) { // it has come in, and is not enough
		if err := p.desk.Forget(signed); err != nil {
			return nil, err
		}
		signed = nil
	}
	if signed == nil {
		signed, err = p.desk.Authorize(ctx, ch.into(), amount, p.topUp.origin())
	}
	return signed, err
}

// deposited looks at the chain after a call that brought a deposit, and how it was answered.
func (p *Payer) deposited(ctx context.Context, ch *channel, signed *deposit.Signed, answered error) error {
	if forgotten, err := p.unsent(signed, answered); forgotten {
		return err
	}
	if err := p.refresh(ctx, ch); err != nil || !signed.Shown(ch.Balance()) {
		return err
	}
	p.owe(p.desk.Forget(signed))
	return nil
}

// unsent forgets a deposit that was just signed, if it has provably not left this machine.
func (p *Payer) unsent(signed *deposit.Signed, err error) (forgotten bool, _ error) {
	if !signed.Fresh || !errors.Is(err, ErrUnreached) {
		return false, nil
	}
	return true, p.desk.TakeBack(signed)
}

// into is the channel, for a deposit.
func (ch *channel) into() deposit.Into {
	return deposit.Into{Channel: ch.ID, Config: ch.Config, Addresses: ch.Addresses, Least: ch.MinDeposit, ByPermit2: ch.ByPermit2(), Account: ch.Account}
}

// Deposit moves an amount that somebody has typed into the channel to the server.
func (p *Payer) Deposit(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	if err := p.Policy.AllowsDeposit(p.Server, amount); err != nil {
		return Moved{}, err
	}
	if err := p.writable(); err != nil {
		return Moved{}, err
	}
	by, err := p.DepositBy(ctx)
	if err != nil {
		return Moved{}, err
	}
	if by == nil {
		return Moved{}, fmt.Errorf("%w: %s takes deposits with a paid call alone: `chit call TOOL --deposit AMOUNT`", policy.ErrTerms, p.Server)
	}
	t, err := p.anyTerms(ctx, by)
	if err != nil {
		return Moved{}, err
	}
	ch, err := p.channelOf(ctx, t)
	if err != nil {
		return Moved{}, err
	}
	return p.depositByHand(ctx, ch, amount, by)
}
