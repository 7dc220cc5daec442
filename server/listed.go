package server

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// hooks announce each tool's price in the list of tools, and leave the tools for
// credit tokens, receipts and states out of it: a model has no use for them.
func (s *Shop) hooks() *mcpserver.Hooks {
	hooks := &mcpserver.Hooks{}
	hooks.AddAfterListTools(func(_ context.Context, _ any, _ *mcp.ListToolsRequest, result *mcp.ListToolsResult) {
		tools := make([]mcp.Tool, 0, len(result.Tools))
		for _, tool := range result.Tools {
			if tool.Name != CreditGrantTool && tool.Name != CreditTool && tool.Name != ReceiptsTool && tool.Name != StateTool {
				tools = append(tools, s.priced(tool))
			}
		}
		result.Tools = tools
	})
	return hooks
}

// MetaPrice is the key in a tool's _meta under which its terms are announced: an
// x402 PaymentRequired, whose amount is the most that a call costs.
const MetaPrice = "x402/payment-required"

func (s *Shop) priced(tool mcp.Tool) mcp.Tool {
	if isOwn(tool.Name) {
		return tool
	}
	tool.Meta = ForeignMeta(tool.Meta)
	rate := s.rates.Of(tool.Name)
	if rate == nil || rate.Price == 0 {
		return tool
	}
	fields := map[string]any{MetaPrice: s.paymentRequired(tool.Name, rate.Price, terms.Unpaid)}
	if note := rate.Note(); note != nil {
		fields[offer.MetaRate] = note
	}
	if tool.Meta != nil {
		for k, v := range tool.Meta.AdditionalFields {
			fields[k] = v
		}
	}
	tool.Meta = &mcp.Meta{AdditionalFields: fields}
	return tool
}

// toolURL names a tool as a resource.
func toolURL(tool string) string { return "mcp://tool/" + tool }

func (s *Shop) paymentRequired(tool string, price vouchers.Amount, r *terms.Refusal) *x402.PaymentRequired {
	return s.vouchers.Required(x402.Resource{URL: toolURL(tool), MimeType: "application/json"}, price, r)
}

// refuse answers a call that is not paid as it should be: the terms, the reason,
// and what the client needs to do better.
func (s *Shop) refuse(ctx context.Context, l *sale.Line, r *terms.Refusal) (*mcp.CallToolResult, error) {
	required := s.paymentRequired(l.Name, l.Price, r)
	text, err := json.Marshal(required)
	if err != nil {
		return nil, fmt.Errorf("encode the terms of %s: %w", l.Name, err)
	}
	l.Refused(ctx, r)
	return &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(string(text))},
		StructuredContent: required,
		IsError:           true,
	}, nil
}
