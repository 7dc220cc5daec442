package onhttp

import (
	"context"
	"log/slog"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// Seller sells what handlers answer.
type Seller struct{ Options }

// Options say what is sold by, and how it is found.
type Options struct {
	// Register has the sales, and Ways are those by which requests are paid.
	Register *sale.Register
	Ways     sale.Ways
	// Desk says what is asked for.
	Desk Desk
	// Challenger asks in the words of MPP.
	Challenger *envelope.Challenger
	// Door bounds requests, and Limits how long their bodies and answers are.
	Door   *door.Door
	Limits limits.Limits
	// Met is told of each limit that is met.
	Met func(limit string)
	// BaseURL is what stands before the paths of routes, without a slash at its end, or empty.
	BaseURL string
	// Logger takes what the operator should know.
	Logger *slog.Logger
}

// Desk says what is asked for, and does what a request asks for in the place of what is sold.
type Desk interface {
	// Required is the answer to a request for a resource that is not paid as it should be.
	Required(a terms.Asked) *x402.PaymentRequired
	// Charges are the terms by exact that challenges of MPP are made of; none where that is not
	// accepted. Transfers are those at all places, whatever is accepted now.
	Charges(a terms.Asked) []x402.Requirements
	Transfers() []x402.Requirements
	// Refund gives the refund that a payment asks for.
	Refund(ctx context.Context, l *sale.Line, payload *x402.PaymentPayload) (*x402.SettlementResponse, *terms.Refusal)
	// State is where a channel stands, for who has signed the order as its payer.
	State(asked x402.StateOrder) *x402.SettlementResponse
}

// New returns a seller of routes.
func New(o Options) *Seller { return &Seller{o} }
