package v1

import (
	"encoding/base64"

	"github.com/chitpay/chit/x402"
)

// Headers of HTTP; each value is base64 of the document's JSON, as in version 2. Terms are the body
// of status 402.
const (
	HeaderPayment  = "X-PAYMENT"          // a PaymentPayload, on the request
	HeaderResponse = "X-PAYMENT-RESPONSE" // a SettlementResponse, on the answer
)

// Keys of _meta over MCP, as npm x402-mcp 0.0.5 has them. Version 1's text has those of version 2
// ([x402.MetaPayment]), with the document itself as the value.
const (
	MetaPayment         = "x402.payment"          // a PaymentPayload as the text of HeaderPayment, on tools/call
	MetaPaymentResponse = "x402.payment-response" // a SettlementResponse, on the result
)

// EncodeHeader returns a document as the value of an HTTP header.
func EncodeHeader[D Document](document *D) (string, error) {
	data, err := Encode(document)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// DecodeHeader reads a document from the value of an HTTP header. Errors are those of [Decode].
func DecodeHeader[D Document](header string, opts ...x402.Option) (*D, error) {
	data, err := x402.HeaderJSON(header, opts...)
	if err != nil {
		return nil, err
	}
	return Decode[D](data, opts...)
}

// IsOf reports whether a payment is of version 1: it says so, and names its scheme itself, which one
// of version 2 does in what it accepts. It is false for what is no document.
func IsOf(data []byte, opts ...x402.Option) bool {
	h, err := x402.Read[head](data, []string{"x402Version", "scheme"}, opts...)
	return err == nil && h.checkVersion() == nil && h.Scheme != nil
}
