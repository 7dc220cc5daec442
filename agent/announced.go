package agent

import (
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// metaPrice is the key under which a tool's terms are announced in its _meta.
const metaPrice = "x402/payment-required"

// priceIn is the most that a call costs by the _meta of a tool, by the entries that this
// client can pay, or by all of them if it can pay none; 0 is free or not announced.
func (p *payer) priceIn(meta any) vouchers.Amount {
	required, err := x402.DecodeValue[x402.PaymentRequired](meta)
	if err != nil {
		return 0 // not announced
	}
	var mine, any vouchers.Amount
	for _, entry := range required.Accepts {
		any = max(any, entry.Amount)
		if entry.Asset == p.token.Address && entry.Network == p.chain.Network() {
			mine = max(mine, entry.Amount)
		}
	}
	if mine > 0 {
		return mine
	}
	return any
}

// announcedPrice is what a tool of a list costs at most.
func (p *payer) announcedPrice(tool mcp.Tool) vouchers.Amount {
	if tool.Meta == nil || tool.Meta.AdditionalFields[metaPrice] == nil {
		return 0
	}
	return p.priceIn(tool.Meta.AdditionalFields[metaPrice])
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
