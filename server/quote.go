package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Quote says what one call costs, in atomic USDC, by its arguments. It is asked once
// for every call, paid or not, before the call runs: a call without a payment learns
// its own price from it. A quote above [Rate.Price] is cut to that, and one of 0 makes
// the call free. An error is what the caller is told instead, and costs nothing. It
// must be quick and safe for concurrent use, and the same arguments should cost the
// same, since a payment that accepts less than is quoted now is refused.
type Quote func(ctx context.Context, req mcp.CallToolRequest) (vouchers.Amount, error)

// HTTPQuote is [Quote] for a request, whose body it may read.
type HTTPQuote func(r *http.Request) (vouchers.Amount, error)

// errQuotePanic is what a payer is told of a quote that has panicked.
var errQuotePanic = errors.New("the price of this call cannot be worked out; you were not charged")

// quoted asks for a quote, and cuts it to the most that a call may cost.
func quoted(logger *slog.Logger, name string, most vouchers.Amount, ask func() (vouchers.Amount, error)) (price vouchers.Amount, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			logger.Error("the quote has panicked", "tool", name, "reason", reason, "stack", string(debug.Stack()))
			err = errQuotePanic
		}
	}()
	if price, err = ask(); err != nil {
		return 0, err
	}
	return min(price, most), nil
}

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

// price is what a call of a tool costs at most.
func (s *Shop) price(ctx context.Context, r *toolRate, req mcp.CallToolRequest) (vouchers.Amount, error) {
	if r.quote == nil {
		return r.price, nil
	}
	price, err := quoted(s.logger, req.Params.Name, r.price, func() (vouchers.Amount, error) { return r.quote(ctx, req) })
	if err != nil {
		return 0, fmt.Errorf("no price for %s: %w", req.Params.Name, err)
	}
	return price, nil
}
