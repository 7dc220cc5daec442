package onmcp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// Refuse answers a call that is not paid as it should be: the terms, the reason,
// and what the client needs to do better.
func (p *Paywall) Refuse(ctx context.Context, l *sale.Line, r *terms.Refusal) (*mcp.CallToolResult, error) {
	required := p.paymentRequired(l.Name, l.Price, r)
	p.describe(ctx, required, l.Name)
	text, err := json.Marshal(required)
	if err != nil {
		return nil, fmt.Errorf("encode the terms of %s: %w", l.Name, err)
	}
	l.Refused(ctx, r)
	result := &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(string(text))},
		StructuredContent: required,
		IsError:           true,
	}
	if err := p.offerFirst(result, required); err != nil {
		return nil, fmt.Errorf("encode the terms of %s: %w", l.Name, err)
	}
	p.challenge(result, p.asked(l.Name, l.Price, r), l.Name)
	return result, nil
}

// RefuseCredit answers a tool call that its token does not pay for.
func (p *Paywall) RefuseCredit(r *terms.CreditRefusal) (*mcp.CallToolResult, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a refusal: %w", err)
	}
	return &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(string(text))}, StructuredContent: r, IsError: true}, nil
}

// offered are the tools of the MCP server that the request came to, by price.
func (p *Paywall) offered(ctx context.Context) []terms.PricedTool {
	server := mcpserver.ServerFromContext(ctx)
	if server == nil {
		return nil
	}
	var all []terms.PricedTool
	for name := range server.ListTools() {
		if rate := p.Tariff.Of(name); rate != nil && !isOwn(name) {
			all = append(all, terms.PricedTool{Name: name, Price: rate.Price})
		}
	}
	slices.SortFunc(all, func(a, b terms.PricedTool) int {
		return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(a.Name, b.Name))
	})
	return all
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

// Failed is an error of one of the shop's own tools. The payment that came with the call
// is answered with a receipt of nothing, so that its payer has it back.
func (p *Paywall) Failed(ctx context.Context, l *sale.Line, req mcp.CallToolRequest, err error) *mcp.CallToolResult {
	result := mcp.NewToolResultError(err.Error())
	for key, value := range p.nothing(ctx, l, req, err) {
		SetMeta(result, key, value)
	}
	return result
}

// nothing logs a call that an error ends before it runs, and is what its payer is told of the
// payment: that nothing was charged.
func (p *Paywall) nothing(ctx context.Context, l *sale.Line, req mcp.CallToolRequest, err error) map[string]any {
	l.Price = 0
	brought, _ := p.broughtBy(req) // what cannot be read has no receipt
	nothing, known := p.Terms.Nothing(l, brought.Presented)
	l.Refuse(ctx, slog.LevelInfo, sale.CodeFailed, err.Error())
	if !known {
		return nil
	}
	key, value := brought.answered(nothing)
	if key == "" {
		return nil
	}
	return map[string]any{key: value}
}
