package pay

import (
	"cmp"
	"context"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/x402"
)

// A payer asks a chit server where its channel stands by an order, with no payment. Other
// servers say so when they refuse a payment.

// standing is what the server proves of a channel, nil where it knows nothing beyond the
// chain.
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
	paid, err := wrap(cmp.Or(p.Known(by.Name), ch.Terms), &x402.VoucherPayload{ChannelConfig: ch.Config, Voucher: voucher})
	if err == nil {
		err = p.order(ctx, ch, paid, "state", "") // the voucher may be on chain
	}
	if err != nil {
		return nil, err
	}
	a, _, err := p.send(ctx, by, paid)
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
