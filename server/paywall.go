package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// Middleware sells what next does: a [mcpserver.ToolHandlerMiddleware], which
// [Shop.ServerOptions] have. Free tools pass, and tools without a price are refused. It
// sees plain tool calls: a tool with task support cannot be sold (see [ErrTaskTool]).
func (s *Shop) Middleware(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		req = withLifted(ctx, req)
		name := req.Params.Name
		if isOwn(name) {
			return next(ctx, req)
		}
		if call := strippedOf(ctx); call != nil {
			return s.refuseStripped(ctx, call, req)
		}
		token := creditToken(&req)
		req = withoutToken(req)
		rate := s.rates.Of(name)
		if rate == nil {
			return mcp.NewToolResultError(fmt.Sprintf("%s is not for sale: it has no price", name)), nil
		}
		if rate.Price == 0 {
			return s.give(ctx, next, req)
		}
		line := s.toolLine(req)
		price, err := rate.PriceOf(ctx, s.logger, req)
		if err != nil {
			return s.failed(ctx, &line, req, err), nil
		}
		if price == 0 {
			return s.give(ctx, next, req)
		}
		line.Price = price
		defer line.Close(ctx)
		on := &onMCP{shop: s, line: &line, req: req, rate: rate, next: next, fingerprint: fingerprint(req)}
		sold := on.sell(ctx, token)
		fitSchema(ctx, name, sold.result)
		return sold.result, sold.err
	}
}

// toolLine begins the line of a call.
func (s *Shop) toolLine(req mcp.CallToolRequest) sale.Line {
	return s.register.Line("tool", req.Params.Name, req.Header)
}

// give makes a call that costs nothing.
func (s *Shop) give(ctx context.Context, next mcpserver.ToolHandlerFunc, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	defer line.Close(ctx)
	result, err := next(line.Running(ctx), req)
	result, err = s.disown(req.Params.Name, result, err)
	line.End(ctx, endingOf(ctx, result, err).Code(), 0)
	return result, err
}

// fitSchema leaves a refusal by a tool that has an output schema as text alone: clients
// hold structured content against the schema, even that of an error, and would throw
// the terms away.
func fitSchema(ctx context.Context, name string, result *mcp.CallToolResult) {
	if result == nil {
		return
	}
	switch result.StructuredContent.(type) {
	case *x402.PaymentRequired, *terms.CreditRefusal:
	default:
		return
	}
	tools := mcpserver.ServerFromContext(ctx)
	if tools == nil {
		return
	}
	if tool := tools.GetTool(name); tool != nil && (tool.Tool.RawOutputSchema != nil || tool.Tool.OutputSchema.Type != "") {
		result.StructuredContent = nil
	}
}

// toolAnswer is what a tool has returned.
type toolAnswer struct {
	result *mcp.CallToolResult
	err    error
}

// onMCP carries a sale as a call of a tool.
type onMCP struct {
	shop        *Shop
	line        *sale.Line
	req         mcp.CallToolRequest
	rate        *offer.Offer
	next        mcpserver.ToolHandlerFunc
	fingerprint [32]byte
}

func (on *onMCP) sell(ctx context.Context, token *string) *toolAnswer {
	brought := sale.Presented{Token: token, Identifier: callID(&on.req), Offered: func() []terms.PricedTool { return offeredTools(ctx, on.shop) }}
	if token == nil {
		payload, refused := on.shop.payloadOf(on.req)
		if refused != nil {
			return on.Refuse(ctx, &sale.Denial{Terms: refused})
		}
		brought.Payment = payload
	}
	by := on.shop.ways.By(on.line, brought)
	if by == nil {
		return on.Refuse(ctx, &sale.Denial{Terms: terms.Unpaid})
	}
	return sale.Run(ctx, on.line, on.rate, by, on)
}

func (on *onMCP) Request() [32]byte { return on.fingerprint }

func (on *onMCP) Resource() string { return toolURL(on.req.Params.Name) }

func (on *onMCP) Serve(ctx context.Context, b *sale.Bill) (*toolAnswer, sale.Ending) {
	held, hold := holding(b.Metering(ctx), on.rate)
	b.TellsWhenPaid(hold.end)
	result, err := on.next(held, on.req)
	if on.rate.Metered {
		b.Meter.ReadResult(result)
	}
	owned, err := on.shop.disown(on.req.Params.Name, result, err)
	if result != nil && owned != result || errors.Is(err, errAsksItself) {
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
	all := additions{}
	err := all.add(x402.MetaPaymentResponse, t.Response)
	if t.Token != nil {
		err = errors.Join(err, all.add(MetaCredit, t.Token))
	}
	switch {
	case t.Receipt != nil:
		err = errors.Join(err, all.add(MetaReceipt, t.Receipt))
	case t.Free != nil:
		err = errors.Join(err, all.add(offer.MetaFree, t.Free.Note()))
	}
	return all, err
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
		answer.result, answer.err = on.shop.refuseCredit(no.Token)
	} else {
		answer.result, answer.err = on.shop.refuse(ctx, on.line, no.Terms)
	}
	return answer
}

func (on *onMCP) Withhold(advice string) *toolAnswer {
	return &toolAnswer{result: mcp.NewToolResultError("the call ran, but its charge could not be made durable, so its result is withheld; " + advice)}
}

func (on *onMCP) Break(err error) *toolAnswer { return &toolAnswer{err: err} }

func setMeta(result *mcp.CallToolResult, key string, value any) {
	if result.Meta == nil {
		result.Meta = &mcp.Meta{}
	}
	fields := make(map[string]any, len(result.Meta.AdditionalFields)+1)
	for k, v := range result.Meta.AdditionalFields {
		fields[k] = v
	}
	fields[key] = value
	result.Meta = &mcp.Meta{ProgressToken: result.Meta.ProgressToken, AdditionalFields: fields}
}

// fingerprint tells one request from another under the same voucher.
func fingerprint(req mcp.CallToolRequest) [32]byte {
	arguments := []byte(req.Params.RawArguments)
	if len(arguments) == 0 {
		arguments, _ = json.Marshal(req.Params.Arguments) // came from JSON, or is hashed as empty
	}
	h := sha256.New()
	h.Write([]byte(req.Params.Name))
	h.Write([]byte{0})
	h.Write(arguments)
	return [32]byte(h.Sum(nil))
}

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
