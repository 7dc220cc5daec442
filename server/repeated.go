package server

import (
	"context"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// repeated is what a payment was answered with while the price was what it accepts. Who
// has not heard the answer asks for it again by the same payment, and must not buy twice
// because the price has risen meanwhile.
func (s *Shop) repeated(ctx context.Context, payload *x402.PaymentPayload, price vouchers.Amount, request [32]byte) ([]byte, bool) {
	accepted := payload.Accepted.Amount
	if accepted >= price {
		return nil, false
	}
	p, refused := s.accept(payload, accepted)
	if refused != nil {
		return nil, false
	}
	return s.Ledger.Answered(ctx, s.ledgerPayment(p, accepted, request))
}
