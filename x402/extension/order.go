package extension

import (
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// NameOrder is the name of chit's extension by which a payer proves, with a refund or
// a call, that it is the payer: a voucher does not once it is on chain.
const NameOrder = "chit-order"

// PayerOrder is what the payer's voucher key has signed beside its payment, for the
// moment alone.
type PayerOrder struct {
	// Deadline is until when it is good, in Unix seconds.
	Deadline uint64 `json:"deadline"`
	// Signature is the voucher key's.
	Signature vouchers.Signature `json:"signature"`
}

// Order returns the order of a payment, nil if there is none. Errors wrap [x402.ErrMalformed].
func Order(extensions x402.Extensions) (*PayerOrder, error) {
	return x402.ReadExtension[PayerOrder](extensions, NameOrder)
}

// WithOrder returns a copy of the extensions with an order.
func WithOrder(extensions x402.Extensions, order PayerOrder) (x402.Extensions, error) {
	return extensions.Encode(NameOrder, order)
}
