package onmcp

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// announce says each tool's price in the list of tools, and leaves the tools for credit tokens,
// receipts and states out of it: a model has no use for them.
func (p *Paywall) announce(_ context.Context, _ any, _ *mcp.ListToolsRequest, result *mcp.ListToolsResult) {
	tools := make([]mcp.Tool, 0, len(result.Tools))
	for _, tool := range result.Tools {
		if tool.Name != CreditGrantTool && tool.Name != CreditTool && tool.Name != ReceiptsTool && tool.Name != StateTool {
			tools = append(tools, p.priced(tool))
		}
	}
	result.Tools = tools
}

// MetaPrice is the key in a tool's _meta under which its terms are announced: an
// x402 PaymentRequired, whose amount is the most that a call costs.
const MetaPrice = "x402/payment-required"

func (p *Paywall) priced(tool mcp.Tool) mcp.Tool {
	if isOwn(tool.Name) {
		return tool
	}
	tool.Meta = foreign.Meta(tool.Meta)
	rate := p.Tariff.Of(tool.Name)
	if rate == nil || rate.Price == 0 {
		return tool
	}
	fields := map[string]any{MetaPrice: p.paymentRequired(tool.Name, rate.Price, terms.Unpaid)}
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

func (p *Paywall) paymentRequired(tool string, price vouchers.Amount, r *terms.Refusal) *x402.PaymentRequired {
	return p.Terms.Required(p.asked(tool, price, r))
}

func (p *Paywall) asked(tool string, price vouchers.Amount, r *terms.Refusal) terms.Asked {
	return terms.Asked{
		Resource: x402.Resource{URL: toolURL(tool), MimeType: "application/json"}, Price: price, Offer: p.Tariff.Of(tool), Refusal: r,
	}
}
