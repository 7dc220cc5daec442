package offer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
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

// ErrQuotePanic is what a payer is told of a quote that has panicked.
var ErrQuotePanic = errors.New("the price of this call cannot be worked out; you were not charged")

// Quoted asks for a quote, and cuts it to the most that a call may cost.
func Quoted(logger *slog.Logger, name string, most vouchers.Amount, ask func() (vouchers.Amount, error)) (price vouchers.Amount, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			logger.Error("the quote has panicked", "tool", name, "reason", reason, "stack", string(debug.Stack()))
			err = ErrQuotePanic
		}
	}()
	if price, err = ask(); err != nil {
		return 0, err
	}
	return min(price, most), nil
}

// PriceOf is what a call of a tool costs at most.
func (r *Offer) PriceOf(ctx context.Context, logger *slog.Logger, req mcp.CallToolRequest) (vouchers.Amount, error) {
	if r.Quote == nil {
		return r.Price, nil
	}
	price, err := Quoted(logger, req.Params.Name, r.Price, func() (vouchers.Amount, error) { return r.Quote(ctx, req) })
	if err != nil {
		return 0, fmt.Errorf("no price for %s: %w", req.Params.Name, err)
	}
	return price, nil
}
