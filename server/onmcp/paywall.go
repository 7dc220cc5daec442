package onmcp

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onmcp/rawmcp"
	"github.com/chitpay/chit/server/rpcerror"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// Paywall sells the tools, resources and prompts of MCP servers.
type Paywall struct {
	Options

	payments x402.PaymentDecoder
	streams  streams
	wired    wiring
	// Errors carries refusals of reads past the server library.
	Errors *rpcerror.Sealer
}

// Terms say what is asked for, and answer payments that buy nothing.
type Terms interface {
	// Required is the answer to a request for a resource that is not paid as it should be.
	Required(a terms.Asked) *x402.PaymentRequired
	// Charges are the terms by exact that challenges of MPP are made of; none where that is not
	// accepted. Transfers are those at all places, whatever is accepted now.
	Charges(a terms.Asked) []x402.Requirements
	Transfers() []x402.Requirements
	// Nothing is what is told of a payment that was charged nothing, so that its payer has it
	// back; false for a stranger.
	Nothing(l *sale.Line, brought sale.Presented) (sale.Told, bool)
}

// Options say what a paywall works with.
type Options struct {
	// Register has the sales, and Ways are those by which calls are paid.
	Register *sale.Register
	Ways     sale.Ways
	// Tariff says what tools cost, and Terms what is asked for.
	Tariff *offer.LiveTariff
	Terms  Terms
	// Challenger asks in the words of MPP, in the name of Realm.
	Challenger *envelope.Challenger
	Realm      string
	// Door bounds requests over HTTP, and Limits what is decoded of them.
	Door   *door.Door
	Limits limits.Limits
	// Met is told of each limit that is met.
	Met func(limit string)
	// Logger takes what the operator should know.
	Logger *slog.Logger
}

// New returns a paywall.
func New(o Options) *Paywall { return &Paywall{Options: o, Errors: rpcerror.New()} }

// middleware sells what next does. Free tools pass, and tools without a price are refused. It
// sees plain tool calls: a tool with task support cannot be sold (see [ErrTaskTool]).
func (p *Paywall) middleware(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		req = rawmcp.WithLifted(ctx, req)
		notes := rawmcp.NotesOf(ctx)
		name := req.Params.Name
		if isOwn(name) {
			return next(ctx, req)
		}
		if call := strippedOf(ctx); call != nil {
			return p.refuseStripped(ctx, call, req)
		}
		token := CreditToken(&req)
		req = withoutToken(req)
		rate := p.Tariff.Of(name)
		if rate == nil || hasPrefix(name) {
			return mcp.NewToolResultError(fmt.Sprintf("%s is not for sale: it has no price", name)), nil
		}
		if rate.Price == 0 {
			return p.give(ctx, next, req)
		}
		line := p.ToolLine(req)
		price, err := rate.PriceOf(ctx, p.Logger, req)
		if err != nil {
			return p.Failed(ctx, &line, req, err), nil
		}
		if price == 0 {
			return p.give(ctx, next, req)
		}
		line.Price = price
		defer line.Close(ctx)
		on := &onMCP{paywall: p, line: &line, req: req, rate: rate, next: next, fingerprint: Fingerprint(req)}
		sold := on.sell(ctx, token)
		fitSchema(ctx, name, sold.result)
		notes.Sold(sold.result, noted)
		return sold.result, sold.err
	}
}

// ToolLine begins the line of a call.
func (p *Paywall) ToolLine(req mcp.CallToolRequest) sale.Line {
	kind := "tool"
	switch {
	case strings.HasPrefix(req.Params.Name, x402.ResourcePrefix):
		kind = "resource"
	case strings.HasPrefix(req.Params.Name, x402.PromptPrefix):
		kind = "prompt"
	}
	return p.Register.Line(kind, req.Params.Name, req.Header)
}

// give makes a call that costs nothing.
func (p *Paywall) give(ctx context.Context, next mcpserver.ToolHandlerFunc, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := p.ToolLine(req)
	defer line.Close(ctx)
	result, err := next(line.Running(ctx), req)
	result, err = foreign.Disown(p.Logger, req.Params.Name, result, err)
	line.End(ctx, endingOf(ctx, result, err).Code(), 0)
	return result, err
}
