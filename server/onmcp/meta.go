package onmcp

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/v1"
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

// MetaWithheld is true in the place of a result whose charge is not known to be durable: the same
// payment of x402, sent again, is charged once at most.
const MetaWithheld = "chit/withheld"

// noted are the members of _meta that a sale writes.
var noted = []string{x402.MetaPaymentResponse, v1.MetaPaymentResponse, mpp.MetaReceipt, MetaReceipt, MetaCredit}

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
