package agent

import (
	"encoding/json"

	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// memberOf is where a payment is in the _meta of a call, and what is there.
func memberOf(paid *pay.Payment) (key string, value json.RawMessage, err error) {
	if paid.Short != "" {
		return short.MetaPay, json.RawMessage(`"` + paid.Short + `"`), nil // no character of it needs an escape
	}
	value, err = paid.Full.MarshalJSON() // the library encodes the parameters several times
	return x402.MetaPayment, value, err
}

// headerOf is the header that a payment is in, and its value.
func headerOf(paid *pay.Payment) (name, value string, err error) {
	if paid.Short != "" {
		return short.HeaderPay, paid.Short, nil
	}
	value, err = x402.EncodeHeader(paid.Full)
	return x402.HeaderPaymentSignature, value, err
}

// paidIn reads what an answer says in the short form, nil if that is nothing.
func paidIn(text string) *short.Paid {
	told, err := short.ParsePaid(text)
	if err != nil {
		return nil
	}
	return &told
}
