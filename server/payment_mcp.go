package server

import (
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/x402"
)

// paymentOf reads the payment of a call, and notes in its line who it says it is from.
func (s *Shop) paymentOf(l *sale.Line, req mcp.CallToolRequest) (*x402.PaymentPayload, *terms.Refusal) {
	payload, refused := s.payloadOf(req)
	if refused != nil {
		return nil, refused
	}
	voucher.NamesPayer(l, payload)
	return payload, nil
}

func (s *Shop) payloadOf(req mcp.CallToolRequest) (*x402.PaymentPayload, *terms.Refusal) {
	if req.Params.Meta == nil {
		return nil, terms.Unpaid
	}
	value, ok := req.Params.Meta.AdditionalFields[x402.MetaPayment]
	if !ok {
		return nil, terms.Unpaid
	}
	payload, err := s.payments.DecodeValue(value)
	if err != nil {
		return nil, terms.Refuse(x402.CodeOf(err), "%v", err)
	}
	return payload, nil
}
