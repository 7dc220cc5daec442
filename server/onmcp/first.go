package onmcp

import (
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/v1"
)

// firstName is that of payments in x402's first version, beside the one that both versions have.
var firstName = []byte(`"` + v1.MetaPayment + `"`)

// inFull is a payment of x402 as it is, of the version that it says.
func (p *Paywall) inFull(_ string, value any) (by paid, refused *terms.Refusal) {
	var err error
	by.Payment, err = p.payments.DecodeValue(value)
	if errors.Is(err, x402.ErrVersion) {
		raw := inJSON(value)
		if v1.IsOf(raw) {
			return p.inFirst(raw, x402.MetaPaymentResponse)
		}
	}
	if err != nil {
		return by, terms.Refuse(x402.CodeOf(err), "%v", err)
	}
	return by, nil
}

// inFirstText is a payment of the first version in the text of its header.
func (p *Paywall) inFirstText(_ string, value any) (by paid, refused *terms.Refusal) {
	text, ok := textOf(value)
	if !ok {
		return by, terms.Refuse(x402.ErrPayload, "%s is a text, and not a %T", v1.MetaPayment, value)
	}
	raw, err := x402.HeaderJSON(text)
	if err != nil {
		return by, terms.Refuse(x402.ErrPayload, "%s: %v", v1.MetaPayment, err)
	}
	return p.inFirst(raw, v1.MetaPaymentResponse)
}

func (p *Paywall) inFirst(raw []byte, answer string) (by paid, refused *terms.Refusal) {
	by.first = answer
	one, err := v1.Decode[v1.PaymentPayload](raw)
	if err == nil {
		by.Payment, err = envelope.First(one, p.Terms.Transfers())
	}
	if err != nil {
		return by, terms.Refuse(v1.CodeOf(err), "%v", err)
	}
	return by, nil
}

// offerFirst adds to a refusal what wallets of the first version read of the terms.
func (p *Paywall) offerFirst(result *mcp.CallToolResult, required *x402.PaymentRequired) error {
	first, there := envelope.FirstTerms(required)
	if !there {
		return nil
	}
	text, err := v1.Encode(first)
	if err == nil {
		result.Content = append(result.Content, mcp.NewTextContent(string(text)))
	}
	return err
}

// inJSON is a member of _meta, from JSON or what that was decoded to.
func inJSON(value any) json.RawMessage {
	raw, isJSON := value.(json.RawMessage)
	if !isJSON {
		raw, _ = json.Marshal(value) // came from JSON
	}
	return raw
}

// textOf is a member of _meta that is a text, from JSON or what that was decoded to.
func textOf(value any) (text string, ok bool) {
	if raw, isJSON := value.(json.RawMessage); isJSON {
		value = nil
		_ = json.Unmarshal(raw, &value) // what is no JSON is no text
	}
	text, ok = value.(string)
	return text, ok
}
