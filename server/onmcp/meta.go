package onmcp

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/short"
)

// SetMeta puts a member into the _meta of a result.
func SetMeta(result *mcp.CallToolResult, key string, value any) {
	fields := metaWith(result, 1)
	fields[key] = value
}

// metaWith gives a result a _meta of its own, with what it had and room for more members.
func metaWith(result *mcp.CallToolResult, more int) map[string]any {
	was := result.Meta
	if was == nil {
		was = new(mcp.Meta)
	}
	fields := make(map[string]any, len(was.AdditionalFields)+more)
	maps.Copy(fields, was.AdditionalFields)
	result.Meta = &mcp.Meta{ProgressToken: was.ProgressToken, AdditionalFields: fields}
	return fields
}

// Fingerprint tells one request from another under the same voucher.
func Fingerprint(req mcp.CallToolRequest) [32]byte {
	arguments := []byte(req.Params.RawArguments)
	if len(arguments) == 0 {
		arguments, _ = json.Marshal(req.Params.Arguments) // came from JSON, or is hashed as empty
	}
	h := sha256.New()
	h.Write([]byte(req.Params.Name))
	h.Write([]byte{0})
	h.Write(arguments)
	return [32]byte(h.Sum(nil))
}

// MetaReceipt is the member of a result's _meta that has the receipt of its charge, as
// [receipts.Signed.Wire] writes it.
const MetaReceipt = "chit/receipt"

// additions are the members of _meta that a charge adds to a result. They are encoded
// once, and the result before, so that charges of one channel wait for no more than that.
type additions map[string]json.RawMessage

func (a additions) add(key string, value any) error {
	raw, err := encoded(value)
	a[key] = raw
	return err
}

// encoded is the JSON of a value. What encodes itself is not checked and copied once more.
func encoded(value any) (json.RawMessage, error) {
	if own, ok := value.(json.Marshaler); ok {
		return own.MarshalJSON()
	}
	return json.Marshal(value)
}

// MarshalJSON writes them in the order of their keys.
func (a additions) MarshalJSON() ([]byte, error) {
	size := len("{}")
	for key, raw := range a {
		size += len(`"":,`) + len(key) + len(raw)
	}
	b := append(make([]byte, 0, size), '{')
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), key...), `":`...)
		b = append(b, a[key]...)
	}
	return append(b, '}'), nil
}

func (a additions) Into(answer *toolAnswer) {
	if answer.result == nil {
		return
	}
	fields := metaWith(answer.result, len(a))
	for key, raw := range a {
		fields[key] = raw
	}
}

// answered is the member of _meta that tells the payer what its payment has come to.
func answered(t sale.Told, credential *mpp.Credential) (key string, value any) {
	if t.Short != nil {
		return short.MetaPaid, t.Short.Encode()
	}
	if credential != nil {
		return mpp.MetaReceipt, envelope.Receipt(&t.Response, credential, time.Now())
	}
	return x402.MetaPaymentResponse, t.Response
}

// broughtBy is the payment that a call brings, in whichever form. The refusal is of one that
// cannot be read, of two, or [terms.Unpaid].
func (p *Paywall) broughtBy(req mcp.CallToolRequest) (brought sale.Presented, refused *terms.Refusal) {
	var value, credential any
	brief, full, byMPP := false, false, false
	if req.Params.Meta != nil {
		value, brief = req.Params.Meta.AdditionalFields[short.MetaPay]
		_, full = req.Params.Meta.AdditionalFields[x402.MetaPayment]
		credential, byMPP = req.Params.Meta.AdditionalFields[mpp.MetaCredential]
	}
	switch {
	case brief && full, byMPP && (brief || full):
		refused = paidTwice()
	case brief:
		brought.Short, refused = readShort(value)
	case byMPP:
		return p.credited(req.Params.Name, credential)
	default:
		brought.Payment, refused = p.PayloadOf(req)
	}
	return brought, refused
}

func paidTwice() *terms.Refusal {
	return terms.Refuse(x402.ErrPayload, "the call has two of %s, %s and %s: it is paid by one of them", x402.MetaPayment, short.MetaPay, mpp.MetaCredential)
}

// readShort reads a payment in the short form, from JSON or what that was decoded to.
func readShort(value any) (*short.Payment, *terms.Refusal) {
	if raw, isJSON := value.(json.RawMessage); isJSON {
		value = nil
		_ = json.Unmarshal(raw, &value) // what is no JSON is no text
	}
	text, ok := value.(string)
	if !ok {
		return nil, terms.Refuse(x402.ErrPayload, "%s is a text, and not a %T", short.MetaPay, value)
	}
	payment, err := short.Parse(text)
	if err != nil {
		return nil, terms.Refuse(x402.CodeOf(err), "%s: %v", short.MetaPay, err)
	}
	return payment, nil
}

// PayloadOf is the payment of x402 that a call brings. The refusal is of one that cannot be read,
// or [terms.Unpaid].
func (p *Paywall) PayloadOf(req mcp.CallToolRequest) (*x402.PaymentPayload, *terms.Refusal) {
	if req.Params.Meta == nil {
		return nil, terms.Unpaid
	}
	value, ok := req.Params.Meta.AdditionalFields[x402.MetaPayment]
	if !ok {
		return nil, terms.Unpaid
	}
	payload, err := p.payments.DecodeValue(value)
	if err != nil {
		return nil, terms.Refuse(x402.CodeOf(err), "%v", err)
	}
	return payload, nil
}
