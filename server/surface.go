package server

import (
	"context"

	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/vouchers"
)

// What tools cost, what others can make a shop do, and where it is paid, as a program says
// it. They are explained where they are worked out, in the packages of their names.
type (
	Prices    = offer.Prices
	Rates     = offer.Rates
	Rate      = offer.Rate
	Quote     = offer.Quote
	HTTPQuote = offer.HTTPQuote
	Allowance = offer.Allowance
	Limits    = limits.Limits
	Accepts   = till.Accepts
	Move      = voucher.Move
	HTTPOffer = onhttp.Offer
	Stream    = onhttp.Stream
	Counter   = onhttp.Counter
)

// Free is the price of what is given for nothing, among [Prices].
const Free = offer.Free

// PerBytes counts what a [Stream] costs by its bytes, as [onhttp.PerBytes] does.
func PerBytes(price vouchers.Amount, each uint64) func() Counter { return onhttp.PerBytes(price, each) }

// PerLines counts it by its lines, as [onhttp.PerLines] does.
func PerLines(price vouchers.Amount, each uint64) func() Counter { return onhttp.PerLines(price, each) }

// ReportCost says from within a handler that is sold what the call has really cost, in
// atomic USDC, as [offer.ReportCost] does.
func ReportCost(ctx context.Context, cost vouchers.Amount) { offer.ReportCost(ctx, cost) }
