package x402

import (
	"bytes"
	encjson "encoding/json"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DefaultMaxBytes is the largest document that is read unless [WithMaxBytes] says
// otherwise, in bytes of JSON. A payment is one to six kilobytes.
const DefaultMaxBytes = 128 << 10

// MaxDepth is how deeply objects and arrays may nest. The standard's own documents
// need six levels; extensions carry JSON schemas, which need more.
const MaxDepth = 64

// Option adjusts a decoder.
type Option func(*limits)

type limits struct{ maxBytes int }

// WithMaxBytes sets the largest document that is read, in bytes of JSON (of the
// decoded JSON for a header).
func WithMaxBytes(n int) Option { return func(l *limits) { l.maxBytes = n } }

func limitsOf(opts []Option) limits {
	l := limits{maxBytes: DefaultMaxBytes}
	for _, opt := range opts {
		opt(&l)
	}
	return l
}

// Document is one of the three documents of x402, or chit's own beside them.
type Document interface {
	PaymentRequired | PaymentPayload | SettlementResponse | StateOrder
}

// DecodePaymentRequired reads a seller's terms. Errors are a [*DecodeError] that
// wraps [ErrMalformed], [ErrVersion] or [ErrTooDeep], or wrap [ErrTooLarge].
func DecodePaymentRequired(data []byte, opts ...Option) (*PaymentRequired, error) {
	return decode[PaymentRequired](data, opts)
}

// DecodePaymentPayload reads a payer's payment. Errors are those of
// [DecodePaymentRequired]; one of another scheme, chain family or payload type wraps
// [ErrUnsupported]. [CodeOf] gives the code to refuse it with.
func DecodePaymentPayload(data []byte, opts ...Option) (*PaymentPayload, error) {
	return decode[PaymentPayload](data, opts)
}

// DecodeSettlementResponse reads a receipt. Errors are those of [DecodePaymentRequired].
func DecodeSettlementResponse(data []byte, opts ...Option) (*SettlementResponse, error) {
	return decode[SettlementResponse](data, opts)
}

// DecodeValue reads a document from what a JSON library made of it, such as the
// map[string]any of a _meta member of MCP, or from a document itself. Errors are
// those of the document's decoder.
func DecodeValue[D Document](value any, opts ...Option) (*D, error) {
	data, err := json.Marshal(value, encoding, json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, n encjson.Number) error { return enc.WriteValue(jsontext.Value(n)) }),
		json.MarshalFunc(func(raw encjson.RawMessage) ([]byte, error) { return raw, nil }),
	)))
	if err != nil {
		return nil, Malformed("", fmt.Sprintf("a %T (%v)", value, err), "a JSON object")
	}
	return decode[D](data, opts)
}

func decode[D Document](data []byte, opts []Option) (*D, error) {
	d := new(D)
	if err := decodeInto(d, data, opts); err != nil {
		return nil, err
	}
	return d, nil
}

// decodeInto holds data against the limits and decodes it.
func decodeInto(to any, data []byte, opts []Option) error {
	if most := limitsOf(opts).maxBytes; len(data) > most {
		return fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(data), most)
	}
	if depth(data) > MaxDepth {
		return &DecodeError{Value: "deeper nesting", Want: fmt.Sprintf("at most %d levels", MaxDepth), Err: ErrTooDeep}
	}
	if err := json.Unmarshal(data, to, decoding); err != nil {
		return locate(err)
	}
	return nil
}

// depth is how deeply brackets nest in data, JSON or not.
func depth(data []byte) (deepest int) {
	level, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

func marshal(v any) ([]byte, error) {
	if receipt, ok := v.(*SettlementResponse); ok {
		return receipt.MarshalJSON()
	}
	return json.Marshal(v, encoding)
}

// versioned adds x402Version to a document.
type versioned[T any] struct {
	Version int `json:"x402Version"`
	Body    *T  `json:",embed"`
}

// documentMembers is members for a document, of which all named members are
// required and the version must be ours.
func documentMembers(raw jsontext.Value, names ...string) ([]jsontext.Value, error) {
	names = append([]string{"x402Version"}, names...)
	found, err := members(raw, names...)
	if err != nil {
		return nil, err
	}
	if version := found[0]; version != nil && string(version) != "2" {
		return nil, &DecodeError{Path: names[0], Value: shown(version), Want: "2", Err: ErrVersion}
	}
	return found[1:], require(found, names)
}

// readObject decodes the next value into target, a pointer to a struct. The named
// members must be there, and not null.
func readObject(dec *jsontext.Decoder, target any, required ...string) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	found, err := members(raw, required...)
	if err != nil {
		return err
	}
	if err := require(found, required); err != nil {
		return err
	}
	return decodeObject(raw, target)
}

// decodeObject decodes a value that was read, and so has no name twice, into target.
func decodeObject(raw jsontext.Value, target any) error {
	if err := json.Unmarshal(raw, target, decoding, jsontext.AllowDuplicateNames(true)); err != nil {
		return locate(err)
	}
	return nil
}

// members returns the values of an object's named members, nil for those that are
// not there or null. They alias raw.
func members(raw jsontext.Value, names ...string) ([]jsontext.Value, error) {
	if raw.Kind() != '{' {
		return nil, Malformed("", shown(raw), "an object")
	}
	if len(names) == 0 {
		return nil, nil
	}
	found := make([]jsontext.Value, len(names))
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() == '"' {
		var name jsontext.Token
		if name, err = dec.ReadToken(); err != nil {
			break
		}
		at := slices.Index(names, name.String())
		var value jsontext.Value
		if value, err = dec.ReadValue(); err == nil && at >= 0 && value.Kind() != 'n' {
			found[at] = value
		}
	}
	if err != nil {
		return nil, locate(err)
	}
	return found, nil
}

// require refuses a member of which no value was found.
func require(found []jsontext.Value, names []string) error {
	for i, value := range found {
		if value == nil {
			return Malformed(names[i], "", "a value")
		}
	}
	return nil
}
