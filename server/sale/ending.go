package sale

import (
	"context"

	"github.com/chitpay/chit/server/offer"
)

// Ending is how a call that was run has ended.
type Ending int

const (
	// Delivered is a good result, whatever becomes of the client afterwards.
	Delivered Ending = iota
	// Unfinished is a result that asks its client for more: the call goes on with the next.
	Unfinished
	// Failed is an error, or no result at all.
	Failed
	// Cancelled is a call whose client went away, or lost patience, before it had ended.
	Cancelled
)

// isCharged says whether a call that has ended so is charged.
func (e Ending) isCharged(r *offer.Offer) bool {
	return e == Delivered || e == Failed && r.ChargeFailed || e == Cancelled && r.ChargeCancelled
}

// CancelledText is the answer to a call that was cancelled and is charged all the same.
const CancelledText = "the call was cancelled before it had a result; this seller charges that"

// untied is a context that ends with ctx until untie is called, and never after. What a
// call has reserved outlives its client that way: the charge decides, and not the line.
func untied(ctx context.Context) (until context.Context, untie func()) {
	until, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return until, func() { stop() }
}
