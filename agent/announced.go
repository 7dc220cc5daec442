package agent

import (
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// metaPrice is the key under which a tool's terms are announced in its _meta.
const metaPrice = "x402/payment-required"

// Tool is a tool with its price.
type Tool struct {
	mcp.Tool
	// Price is the most that a call costs, in atomic units; 0 is free or not announced.
	Price vouchers.Amount
}

// announcedPrices are what a tool of a list costs at most.
func (c *Client) announcedPrices(tool mcp.Tool) map[string]vouchers.Amount {
	if tool.Meta == nil || tool.Meta.AdditionalFields[metaPrice] == nil {
		return map[string]vouchers.Amount{tool.Name: 0}
	}
	return c.payer.PricesIn(tool.Name, tool.Meta.AdditionalFields[metaPrice])
}

// announcedTerms are those of a tool of a list, nil if it announces none.
func announcedTerms(tool mcp.Tool) *x402.PaymentRequired {
	if tool.Meta == nil || tool.Meta.AdditionalFields[metaPrice] == nil {
		return nil
	}
	required, err := x402.DecodeValue[x402.PaymentRequired](tool.Meta.AdditionalFields[metaPrice])
	if err != nil {
		return nil // as good as none
	}
	return required
}
