package onmcp

import (
	"context"
	"slices"

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
	tool.Meta = p.pricedMeta(tool.Name, tool.Meta)
	return tool
}

// pricedMeta is the _meta of what has a name, with its price.
func (p *Paywall) pricedMeta(name string, meta *mcp.Meta) *mcp.Meta {
	meta = foreign.Meta(meta)
	rate := p.Tariff.Of(name)
	if rate == nil || rate.Price == 0 {
		return meta
	}
	fields := map[string]any{MetaPrice: p.paymentRequired(name, rate.Price, terms.Unpaid)}
	if note := rate.Note(); note != nil {
		fields[offer.MetaRate] = note
	}
	if meta != nil {
		for k, v := range meta.AdditionalFields {
			fields[k] = v
		}
	}
	return &mcp.Meta{AdditionalFields: fields}
}

// announceResources, announceTemplates and announcePrompts say prices as announce does, and leave
// out what is not sold. What a template makes may have a price of its own.
func (p *Paywall) announceResources(_ context.Context, _ any, _ *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) {
	all := make([]mcp.Resource, 0, len(result.Resources))
	for _, resource := range result.Resources {
		if name := x402.ResourcePrefix + resource.URI; p.Tariff.Of(name) != nil {
			resource.Meta = p.pricedMeta(name, resource.Meta)
			all = append(all, resource)
		}
	}
	result.Resources = all
}

func (p *Paywall) announceTemplates(_ context.Context, _ any, _ *mcp.ListResourceTemplatesRequest, result *mcp.ListResourceTemplatesResult) {
	all := make([]mcp.ResourceTemplate, 0, len(result.ResourceTemplates))
	for _, template := range result.ResourceTemplates {
		if template.URITemplate == nil {
			continue
		}
		if name := x402.ResourcePrefix + template.URITemplate.Raw(); p.Tariff.Makes(name) {
			template.Meta = p.pricedMeta(name, template.Meta)
			all = append(all, template)
		}
	}
	result.ResourceTemplates = all
}

func (p *Paywall) announcePrompts(_ context.Context, _ any, _ *mcp.ListPromptsRequest, result *mcp.ListPromptsResult) {
	all := make([]mcp.Prompt, 0, len(result.Prompts))
	for _, prompt := range result.Prompts {
		prompt.Meta = p.pricedMeta(x402.PromptPrefix+prompt.Name, prompt.Meta)
		all = append(all, prompt)
	}
	result.Prompts = all
}

// shownPrompts are the prompts that are sold: no other can be got.
func (p *Paywall) shownPrompts(_ context.Context, prompts []mcp.Prompt) []mcp.Prompt {
	unsold := func(prompt mcp.Prompt) bool { return p.Tariff.Of(x402.PromptPrefix+prompt.Name) == nil }
	if !slices.ContainsFunc(prompts, unsold) {
		return prompts
	}
	return slices.DeleteFunc(slices.Clone(prompts), unsold)
}

// resourceURL names what is sold as a resource of x402.
func resourceURL(name string) string { return x402.OnMCP(name) }

func (p *Paywall) paymentRequired(tool string, price vouchers.Amount, r *terms.Refusal) *x402.PaymentRequired {
	return p.Terms.Required(p.asked(tool, price, r))
}

func (p *Paywall) asked(name string, price vouchers.Amount, r *terms.Refusal) terms.Asked {
	of := x402.Resource{URL: resourceURL(name)}
	if !hasPrefix(name) {
		of.MimeType = "application/json"
	}
	return terms.Asked{Resource: of, Price: price, Offer: p.Tariff.Of(name), Refusal: r}
}
