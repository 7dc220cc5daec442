package server

import (
	"context"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/offer"
)

// ending is how a call that was run has ended.
type ending int

const (
	// delivered is a good result, whatever becomes of the client afterwards.
	delivered ending = iota
	// unfinished is a result that asks its client for more: the call goes on with the next.
	unfinished
	failed
	// cancelled is a call whose client went away, or lost patience, before it had ended.
	cancelled
)

// endingOf says how a tool call has ended. It is called as soon as the tool has returned.
func endingOf(ctx context.Context, result *mcp.CallToolResult, err error) ending {
	switch {
	case ctx.Err() != nil:
		return cancelled
	case err != nil || result == nil || result.IsError:
		return failed
	case result.NeedsInput():
		return unfinished
	}
	return delivered
}

// endingOfAnswer is [endingOf] for an HTTP request.
func endingOfAnswer(ctx context.Context, answer *heldAnswer) ending {
	switch {
	case ctx.Err() != nil:
		return cancelled
	case answer.Status >= http.StatusMultipleChoices: // a redirect only says where the answer may be
		return failed
	}
	return delivered
}

// isCharged says whether a call that has ended so is charged.
func (e ending) isCharged(r *offer.Offer) bool {
	return e == delivered || e == failed && r.ChargeFailed || e == cancelled && r.ChargeCancelled
}

const cancelledText = "the call was cancelled before it had a result; this seller charges that"

// soldAnyway is the result of a call that is charged although it has not delivered.
func soldAnyway(e ending, result *mcp.CallToolResult, err error) *mcp.CallToolResult {
	switch {
	case e == cancelled && (err != nil || result == nil):
		return mcp.NewToolResultError(cancelledText)
	case err != nil:
		return mcp.NewToolResultError(err.Error())
	case result == nil:
		return mcp.NewToolResultError("the tool gave no result")
	}
	return result
}

// untied is a context that ends with ctx until untie is called, and never after. What a
// call has reserved outlives its client that way: the charge decides, and not the line.
func untied(ctx context.Context) (until context.Context, untie func()) {
	until, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return until, func() { stop() }
}
