package onmcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onmcp/sessions"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers/receipts"
)

// toolAnswer is what a tool has returned.
type toolAnswer struct {
	result *mcp.CallToolResult
	err    error
}

// onMCP carries a sale as a call of a tool.
type onMCP struct {
	paywall     *Paywall
	line        *sale.Line
	req         mcp.CallToolRequest
	rate        *offer.Offer
	next        mcpserver.ToolHandlerFunc
	fingerprint [32]byte
	paid        paid // what pays
}

func (on *onMCP) sell(ctx context.Context, token *string) *toolAnswer {
	brought := sale.Presented{Offer: on.rate, Token: token, Identifier: callID(&on.req), Offered: func() []terms.PricedTool { return on.paywall.offered(ctx) }}
	if token == nil {
		paid, refused := on.paywall.broughtBy(on.req)
		if refused != nil {
			return on.Refuse(ctx, &sale.Denial{Terms: refused})
		}
		brought.Payment, brought.Short, brought.Credential = paid.Payment, paid.Short, paid.Credential
		on.paid = paid
	}
	by := on.paywall.Ways.By(on.line, brought)
	if by == nil {
		return on.Refuse(ctx, &sale.Denial{Terms: terms.Unpaid})
	}
	return sale.Run(ctx, on.line, on.rate, by, on)
}

func (on *onMCP) Request() [32]byte { return on.fingerprint }

func (on *onMCP) Resource() string { return resourceURL(on.req.Params.Name) }

func (on *onMCP) Serve(ctx context.Context, b *sale.Bill) (*toolAnswer, sale.Ending) {
	held, hold := sessions.Hold(b.Metering(ctx), on.rate)
	b.TellsWhenPaid(hold.End)
	result, err := on.next(held, on.req)
	if on.rate.Metered {
		b.Meter.ReadResult(result)
	}
	owned, err := foreign.Disown(on.paywall.Logger, on.req.Params.Name, result, err)
	if result != nil && owned != result || errors.Is(err, foreign.ErrAsksItself) {
		b.Meter.Nothing() // the seller's fault, whatever it charges for failures
	}
	end := endingOf(ctx, owned, err)
	if owned == nil && err == nil {
		err = fmt.Errorf("tool %s gave no result", on.req.Params.Name)
	}
	if err != nil {
		owned = nil
	}
	return &toolAnswer{owned, err}, end
}

func (on *onMCP) Sells(end sale.Ending, answer *toolAnswer) (*toolAnswer, bool) {
	return &toolAnswer{result: soldAnyway(end, answer.result, answer.err)}, true
}

func (on *onMCP) Note(t sale.Told) (sale.Added[*toolAnswer], error) {
	return notesOf(t, &on.paid)
}

// notesOf are what an answer is told of its payment.
func notesOf(t sale.Told, by *paid) (additions, error) {
	all := additions{}
	var err error
	if key, value := by.answered(t); key != "" {
		err = all.add(key, value)
	}
	if t.Token != nil {
		err = errors.Join(err, all.add(MetaCredit, t.Token))
	}
	if t.Free != nil {
		err = errors.Join(err, all.add(offer.MetaFree, t.Free.Note()))
	}
	return all, err
}

func (on *onMCP) NoteReceipt(answer *toolAnswer, r *receipts.Signed) error {
	word, err := r.Wire()
	if err == nil && answer.result != nil {
		SetMeta(answer.result, MetaReceipt, json.RawMessage(`"`+word+`"`)) // nothing in it needs an escape
	}
	return err
}

func (on *onMCP) Pack(answer *toolAnswer) ([]byte, error) {
	raw, err := json.Marshal(answer.result)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", on.req.Params.Name, err)
	}
	return raw, nil
}

func (on *onMCP) Unpack(kept []byte) (*toolAnswer, error) {
	var notes additions
	sold, err := sale.SplitKept(kept, &notes)
	if err != nil {
		return nil, errors.Join(sale.ErrKept, err)
	}
	result, err := mcp.ParseCallToolResult((*json.RawMessage)(&sold))
	if err != nil {
		return nil, errors.Join(sale.ErrKept, err)
	}
	answer := &toolAnswer{result: result}
	notes.Into(answer)
	return answer, nil
}

func (on *onMCP) Refuse(ctx context.Context, no *sale.Denial) *toolAnswer {
	answer := new(toolAnswer)
	if no.Token != nil {
		answer.result, answer.err = on.paywall.RefuseCredit(no.Token)
	} else {
		answer.result, answer.err = on.paywall.Refuse(ctx, on.line, no.Terms)
	}
	return answer
}

func (on *onMCP) Withhold(advice string) *toolAnswer {
	result := mcp.NewToolResultError("the call ran, but its charge could not be made durable, so its result is withheld; " + advice)
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{MetaWithheld: true}}
	return &toolAnswer{result: result}
}

func (on *onMCP) Break(err error) *toolAnswer { return &toolAnswer{err: err} }

// endingOf says how a tool call has ended. It is called as soon as the tool has returned.
func endingOf(ctx context.Context, result *mcp.CallToolResult, err error) sale.Ending {
	switch {
	case ctx.Err() != nil:
		return sale.Cancelled
	case err != nil || result == nil || result.IsError:
		return sale.Failed
	case result.NeedsInput():
		return sale.Unfinished
	}
	return sale.Delivered
}

// soldAnyway is the result of a call that is charged although it has not delivered.
func soldAnyway(e sale.Ending, result *mcp.CallToolResult, err error) *mcp.CallToolResult {
	switch {
	case e == sale.Cancelled && (err != nil || result == nil):
		return mcp.NewToolResultError(sale.CancelledText)
	case err != nil:
		return mcp.NewToolResultError(err.Error())
	case result == nil:
		return mcp.NewToolResultError("the tool gave no result")
	}
	return result
}
