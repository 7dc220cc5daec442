package terms

import (
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Asked is what terms are asked for: something that is sold, and why it is not given yet.
type Asked struct {
	Resource x402.Resource
	// Price is what it costs, in atomic USDC, or the most that it may cost.
	Price vouchers.Amount
	// Offer is what it is sold as; nil for the shop's own tools.
	Offer   *offer.Offer
	Refusal *Refusal
}
