package pay

import (
	"context"
	"fmt"
	"time"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// order adds to a payment the payer's order for something. A voucher that has been on
// chain does not prove who shows it; an order does, and is good for some minutes. A
// server that does not know orders passes it over.
func (p *Payer) order(ctx context.Context, ch *channel, paid *x402.PaymentPayload, action, subject string) error {
	signed, err := p.signOrder(ctx, ch.ID, action, subject)
	if err != nil {
		return err
	}
	paid.Extensions, err = extension.WithOrder(paid.Extensions, signed)
	return err
}

func (p *Payer) signOrder(ctx context.Context, id vouchers.ChannelID, action, subject string) (extension.PayerOrder, error) {
	order := order.Order{Action: action, Channel: id, Subject: subject, Deadline: uint64(time.Now().Add(order.Lifetime).Unix())}
	signature, err := p.session.SignHash(ctx, order.Digest())
	if err != nil {
		return extension.PayerOrder{}, fmt.Errorf("sign an order: %w", err)
	}
	return extension.PayerOrder{Deadline: order.Deadline, Signature: signature}, nil
}

// ask sends a payment for a call. A server that knows its voucher from the chain tells
// nobody who shows it where the channel stands, nor gives the answer to it again that was
// lost, unless the payer orders it to.
func (p *Payer) ask(ctx context.Context, ch *channel, w *Want, o *purchaseOrder) (a *Answer, again bool, err error) {
	ctx, _ = dial.OnWay(ctx) // what has left with the first request has left
	a, again, err = p.offer(ctx, ch, w, o)
	if err != nil || a.Required == nil || !isMismatch(a.Required) || !again && !hidesCount(a.Required, ch) {
		return a, again, err
	}
	paid, err := o.inFull()
	if err == nil {
		err = p.order(ctx, ch, paid, "state", "")
	}
	if err != nil {
		return nil, again, err
	}
	ordered, more, err := p.sendFull(ctx, ch, w, paid)
	return ordered, again || more, err
}

// isMismatch reports whether a refusal is of a voucher that does not fit the count, or is
// on chain.
func isMismatch(required *x402.PaymentRequired) bool {
	return required.Error == x402.ErrCumulativeAmountMismatch || required.Error == x402.ErrCumulativeBelowClaimed
}

// hidesCount reports whether a refusal tells of the channel what is on chain, and no more.
func hidesCount(required *x402.PaymentRequired, ch *channel) bool {
	for _, entry := range required.Accepts {
		if state := entry.Extra.ChannelState; entry.Is(x402.SchemeBatchSettlement) && state != nil && state.ChannelID == ch.ID {
			return state.ChargedCumulativeAmount == nil
		}
	}
	return false
}

// orderRefund adds the payer's order for the channel's next refund to one.
func (p *Payer) orderRefund(ctx context.Context, ch *channel, paid *x402.PaymentPayload) error {
	refund, ok := paid.Payload.(*x402.RefundPayload)
	if !ok {
		return nil
	}
	state, err := ch.Contract.State(ctx, ch.Config, 1)
	if err != nil {
		return err
	}
	return p.order(ctx, ch, paid, "refund", order.RefundSubject(refund.Amount, state.RefundNonce))
}
