package x402

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/chitpay/chit/vouchers"
)

// ExtensionOrder is the name of chit's extension by which a payer proves, with a refund or
// a call, that it is the payer: a voucher does not once it is on chain.
const ExtensionOrder = "chit-order"

// PayerOrder is what the payer's voucher key has signed beside its payment, for the
// moment alone.
type PayerOrder struct {
	// Deadline is until when it is good, in Unix seconds.
	Deadline uint64 `json:"deadline"`
	// Signature is the voucher key's.
	Signature vouchers.Signature `json:"signature"`
}

// StateOrder asks where a channel stands: the payer's order to see the state, without a
// payment. It is answered with a [SettlementResponse] that settles nothing.
type StateOrder struct {
	// Channel is the one that is asked about.
	Channel vouchers.ChannelID `json:"channel"`
	// Deadline is until when the order is good, in Unix seconds.
	Deadline uint64 `json:"deadline"`
	// Signature is the voucher key's.
	Signature vouchers.Signature `json:"signature"`
}

// Order returns the order of a payment, nil if there is none. Errors wrap [ErrMalformed].
func Order(extensions Extensions) (*PayerOrder, error) {
	raw, there := extensions[ExtensionOrder]
	if !there || raw.Kind() == 'n' {
		return nil, nil
	}
	order := new(PayerOrder)
	if err := json.Unmarshal(raw, order, decoding); err != nil {
		return nil, within("extensions."+ExtensionOrder, err)
	}
	return order, nil
}

// WithOrder returns a copy of the extensions with an order.
func WithOrder(extensions Extensions, order PayerOrder) (Extensions, error) {
	value, err := marshal(order)
	if err != nil {
		return nil, fmt.Errorf("encode an order: %w", err)
	}
	return extensions.with(ExtensionOrder, value), nil
}
