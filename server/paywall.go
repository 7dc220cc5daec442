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
		token, onCredit := creditToken(&req)
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
		line.price = price
		defer line.close(ctx)
		on := &onMCP{shop: s, line: &line, req: req, rate: rate, next: next, fingerprint: fingerprint(req)}
		sold := on.sell(ctx, token, onCredit)
		fitSchema(ctx, name, sold.result)
		return sold.result, sold.err
	}
}

// give makes a call that costs nothing.
func (s *Shop) give(ctx context.Context, next mcpserver.ToolHandlerFunc, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	defer line.close(ctx)
	result, err := next(line.running(ctx), req)
	result, err = s.disown(req.Params.Name, result, err)
	line.end(ctx, endingOf(ctx, result, err).code(), 0)
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
	line        *line
	req         mcp.CallToolRequest
	rate        *offer.Offer
	next        mcpserver.ToolHandlerFunc
	fingerprint [32]byte
}

func (on *onMCP) sell(ctx context.Context, token string, onCredit bool) *toolAnswer {
	sale := &sale[*toolAnswer]{shop: on.shop, line: on.line, rate: on.rate, on: on}
	if onCredit {
		sale.by = &byCredit{on.shop, on.line, token, callID(&on.req), func() []terms.PricedTool { return offeredTools(ctx, on.shop) }}
		return sale.run(ctx)
	}
	payload, refused := on.shop.payloadOf(on.req)
	if refused != nil {
		return on.refuse(ctx, &denial{terms: refused})
	}
	sale.by = &byVoucher{on.shop, on.line, payload}
	return sale.run(ctx)
}

func (on *onMCP) request() [32]byte { return on.fingerprint }

func (on *onMCP) resource() string { return toolURL(on.req.Params.Name) }

func (on *onMCP) serve(ctx context.Context, b *bill) (*toolAnswer, ending) {
	held, hold := holding(b.metering(ctx), on.rate)
	b.hold = hold
	result, err := on.next(held, on.req)
	if on.rate.Metered {
		b.meter.ReadResult(result)
	}
	owned, err := on.shop.disown(on.req.Params.Name, result, err)
	if result != nil && owned != result || errors.Is(err, errAsksItself) {
		b.meter.Nothing() // the seller's fault, whatever it charges for failures
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

func (on *onMCP) sells(end ending, answer *toolAnswer) (*toolAnswer, bool) {
	return &toolAnswer{result: soldAnyway(end, answer.result, answer.err)}, true
}

func (on *onMCP) note(t told) (added[*toolAnswer], error) {
	all := additions{}
	err := all.add(x402.MetaPaymentResponse, t.response)
	if t.token != nil {
		err = errors.Join(err, all.add(MetaCredit, t.token))
	}
	switch {
	case t.receipt != nil:
		err = errors.Join(err, all.add(MetaReceipt, t.receipt))
	case t.free != nil:
		err = errors.Join(err, all.add(offer.MetaFree, t.free.Note()))
	}
	return all, err
}

func (on *onMCP) pack(answer *toolAnswer) ([]byte, error) {
	raw, err := json.Marshal(answer.result)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", on.req.Params.Name, err)
	}
	return raw, nil
}

func (on *onMCP) unpack(kept []byte) (*toolAnswer, error) {
	var notes additions
	sold, err := splitKept(kept, &notes)
	if err != nil {
		return nil, errors.Join(errKept, err)
	}
	result, err := mcp.ParseCallToolResult((*json.RawMessage)(&sold))
	if err != nil {
		return nil, errors.Join(errKept, err)
	}
	answer := &toolAnswer{result: result}
	notes.into(answer)
	return answer, nil
}

func (on *onMCP) refuse(ctx context.Context, no *denial) *toolAnswer {
	answer := new(toolAnswer)
	if no.token != nil {
		answer.result, answer.err = on.shop.refuseCredit(no.token)
	} else {
		answer.result, answer.err = on.shop.refuse(ctx, on.line, no.terms)
	}
	return answer
}

func (on *onMCP) withhold(advice string) *toolAnswer {
	return &toolAnswer{result: mcp.NewToolResultError("the call ran, but its charge could not be made durable, so its result is withheld; " + advice)}
}

func (on *onMCP) breakOff(err error) *toolAnswer { return &toolAnswer{err: err} }

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
