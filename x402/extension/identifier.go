package extension

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
)

// NamePaymentIdentifier is the name of the extension that makes payments
// idempotent: the same identifier with the same request is answered once.
const NamePaymentIdentifier = "payment-identifier"

// The length of a payment identifier, in bytes.
const (
	MinPaymentIdentifier = 16
	MaxPaymentIdentifier = 128
)

// paymentIdentifier is the extension's value.
type paymentIdentifier struct {
	Info identifierInfo `json:"info,omitzero"`
	// Schema is there in every extension that npm mppx reads, if only an empty one.
	Schema  jsontext.Value `json:"schema,omitzero"`
	Unknown jsontext.Value `json:",embed"`
}

type identifierInfo struct {
	Required bool           `json:"required"`
	ID       *string        `json:"id,omitzero"`
	Unknown  jsontext.Value `json:",embed"`
}

// PaymentIdentifier returns the id of the extension payment-identifier, or "" if
// there is none. An id that is not [MinPaymentIdentifier] to [MaxPaymentIdentifier]
// of a-z, A-Z, 0-9, "_" and "-" is an error that wraps [x402.ErrMalformed].
func PaymentIdentifier(extensions x402.Extensions) (string, error) {
	extension, err := x402.ReadExtension[paymentIdentifier](extensions, NamePaymentIdentifier)
	if err != nil || extension == nil || extension.Info.ID == nil {
		return "", err
	}
	if err := checkIdentifier(*extension.Info.ID); err != nil {
		return "", err
	}
	return *extension.Info.ID, nil
}

// WithPaymentIdentifier returns a copy of extensions with an id in the extension
// payment-identifier, whose other members stay. Errors are those of
// [PaymentIdentifier].
func WithPaymentIdentifier(extensions x402.Extensions, id string) (x402.Extensions, error) {
	if err := checkIdentifier(id); err != nil {
		return nil, err
	}
	extension, err := x402.ReadExtension[paymentIdentifier](extensions, NamePaymentIdentifier)
	if err != nil {
		return nil, err
	}
	if extension == nil {
		extension = new(paymentIdentifier)
	}
	extension.Info.ID = &id
	if extension.Schema == nil {
		extension.Schema = jsontext.Value(`{}`)
	}
	return extensions.Encode(NamePaymentIdentifier, extension)
}

func checkIdentifier(id string) error {
	if !IsIdentifier(id) {
		return x402.Malformed("extensions."+NamePaymentIdentifier+".info.id", strconv.Quote(id), WantIdentifier)
	}
	return nil
}

// WantIdentifier says for people what an identifier is.
const WantIdentifier = "16 to 128 of a-z, A-Z, 0-9, _ and -"

// IsIdentifier says whether an id is one: [MinPaymentIdentifier] to [MaxPaymentIdentifier] of
// a-z, A-Z, 0-9, "_" and "-".
func IsIdentifier(id string) bool {
	good := len(id) >= MinPaymentIdentifier && len(id) <= MaxPaymentIdentifier
	for i := 0; good && i < len(id); i++ {
		c := id[i]
		good = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
	}
	return good
}
