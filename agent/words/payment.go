package words

import (
	"encoding/json"
	"net/http"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/short"
	v1 "github.com/chitpay/chit/x402/v1"
)

// Payment is what a request is sent with to be paid. One member is set.
type Payment struct {
	// Short is the text of a [short.Payment].
	Short string
	// Full is a payment of x402 version 2, and First one of version 1.
	Full  *x402.PaymentPayload
	First *v1.PaymentPayload
	// Credential pays a challenge of MPP.
	Credential *mpp.Credential
}

// Header is the header of HTTP that the payment is in, and its value.
func (p *Payment) Header() (name, value string, err error) {
	switch {
	case p.Short != "":
		return short.HeaderPay, p.Short, nil
	case p.First != nil:
		value, err = v1.EncodeHeader(p.First)
		return v1.HeaderPayment, value, err
	case p.Credential != nil:
		value, err = p.Credential.Header()
		return p.Credential.Challenge.CredentialHeader(), value, err
	}
	value, err = x402.EncodeHeader(p.Full)
	return x402.HeaderPaymentSignature, value, err
}

// Members are what the payment adds to the _meta of a request over MCP. One of version 1 is there
// twice: as its text has it, and as npm x402-mcp does.
func (p *Payment) Members() (map[string]json.RawMessage, error) {
	switch {
	case p.Short != "":
		return map[string]json.RawMessage{short.MetaPay: quoted(p.Short)}, nil
	case p.First != nil:
		document, err := v1.Encode(p.First)
		if err != nil {
			return nil, err
		}
		text, err := v1.EncodeHeader(p.First)
		return map[string]json.RawMessage{x402.MetaPayment: document, v1.MetaPayment: quoted(text)}, err
	case p.Credential != nil:
		document, err := p.Credential.MarshalJSON()
		return map[string]json.RawMessage{mpp.MetaCredential: document}, err
	}
	document, err := p.Full.MarshalJSON() // the library encodes the parameters several times
	return map[string]json.RawMessage{x402.MetaPayment: document}, err
}

// quoted is text of which no character needs an escape.
func quoted(text string) json.RawMessage { return json.RawMessage(`"` + text + `"`) }

// ReceiptIn reads of the headers of an answer to the payment, which may be nil, what was settled;
// nil where they do not say it.
func (p *Payment) ReceiptIn(head http.Header) *x402.SettlementResponse {
	if receipt, err := x402.DecodeHeader[x402.SettlementResponse](head.Get(x402.HeaderPaymentResponse)); err == nil {
		return receipt
	}
	switch {
	case p == nil:
	case p.First != nil:
		if receipt, err := v1.DecodeHeader[v1.SettlementResponse](head.Get(v1.HeaderResponse)); err == nil {
			return receipt.V2()
		}
	case p.Credential != nil:
		if receipt, err := mpp.ParseReceipt(head.Get(mpp.HeaderReceipt)); err == nil {
			return p.settled(receipt)
		}
	}
	return nil
}

// ReceiptOf is [Payment.ReceiptIn] for the _meta of an answer over MCP.
func (p *Payment) ReceiptOf(meta map[string]json.RawMessage) *x402.SettlementResponse {
	if receipt, err := x402.DecodeSettlementResponse(meta[x402.MetaPaymentResponse]); err == nil {
		return receipt
	}
	switch {
	case p == nil:
	case p.First != nil:
		for _, key := range []string{x402.MetaPaymentResponse, v1.MetaPaymentResponse} {
			if receipt, err := v1.Decode[v1.SettlementResponse](meta[key]); err == nil {
				return receipt.V2()
			}
		}
	case p.Credential != nil:
		if receipt, err := mpp.DecodeReceipt(meta[mpp.MetaReceipt]); err == nil {
			return p.settled(receipt)
		}
	}
	return nil
}

// MetaKeys are where the _meta of an answer says what concerns its payment.
var MetaKeys = []string{x402.MetaPaymentResponse, v1.MetaPaymentResponse, mpp.MetaReceipt, mpp.MetaRequired}

func (p *Payment) settled(receipt *mpp.Receipt) *x402.SettlementResponse {
	charge, err := p.Credential.Challenge.Charge()
	if err != nil {
		return nil
	}
	return receipt.Settlement(x402.Network(charge.ChainID))
}

// PaidIn reads what an answer says in the short form, nil if that is nothing.
func PaidIn(text string) *short.Paid {
	told, err := short.ParsePaid(text)
	if err != nil {
		return nil
	}
	return &told
}
