package onmcp

import (
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// Sold is a tool that clients are shown, with what it is sold as.
type Sold struct {
	mcp.Tool
	*offer.Offer
}

// Sold are the tools of an MCP server that clients are shown, without the shop's own. There are
// none where it is not behind the paywall.
func (p *Paywall) Sold(tools *mcpserver.MCPServer) []Sold {
	all, err := p.inspect(tools)
	if err != nil {
		return nil
	}
	all = slices.DeleteFunc(all, func(tool mcp.Tool) bool { return isOwn(tool.Name) || !p.sells(&tool) })
	sold := make([]Sold, 0, len(all))
	for _, tool := range all {
		if rate := p.Tariff.Of(tool.Name); rate != nil {
			sold = append(sold, Sold{tool, rate})
		}
	}
	return sold
}

// TermsOf are the terms of a tool for a call without a payment, at the most that one costs.
func (p *Paywall) TermsOf(s Sold) *x402.PaymentRequired {
	return p.paymentRequired(s.Name, s.Price, terms.Unpaid)
}

// ChargesOf are the terms that challenges of MPP are made of for such a call, none where a tool is
// not paid so.
func (p *Paywall) ChargesOf(s Sold) []x402.Requirements {
	return p.Terms.Charges(p.asked(s.Name, s.Price, terms.Unpaid))
}
