package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/x402"
)

// order adds to a payment the payer's order for something. A voucher that has been on
// chain does not prove who shows it; an order does, and is good for some minutes. A
// server that does not know orders passes it over.
func (p *payer) order(ctx context.Context, ch *channel, paid *x402.PaymentPayload, action, subject string) error {
	order := credit.Order{Action: action, Channel: ch.id, Subject: subject, Deadline: uint64(time.Now().Add(credit.OrderTime).Unix())}
	signature, err := p.session.SignHash(ctx, order.Digest())
	if err != nil {
		return fmt.Errorf("sign an order: %w", err)
	}
	paid.Extensions, err = x402.WithOrder(paid.Extensions, x402.PayerOrder{Deadline: order.Deadline, Signature: signature})
	return err
}

// orderRefund adds the payer's order for the channel's next refund to one.
func (p *payer) orderRefund(ctx context.Context, ch *channel, paid *x402.PaymentPayload) error {
	refund, ok := paid.Payload.(*x402.RefundPayload)
	if !ok {
		return nil
	}
	state, err := ch.contract.State(ctx, ch.config, 1)
	if err != nil {
		return err
	}
	return p.order(ctx, ch, paid, "refund", credit.RefundSubject(refund.Amount, state.RefundNonce))
}
