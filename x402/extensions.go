package x402

import (
	"fmt"
	"maps"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Extensions are the JSON values of extensions by their names (x402 v2, extensions).
type Extensions map[string]jsontext.Value

// ExtensionPaymentIdentifier is the name of the extension that makes payments
// idempotent: the same identifier with the same request is answered once.
const ExtensionPaymentIdentifier = "payment-identifier"

// The length of a payment identifier, in bytes.
const (
	MinPaymentIdentifier = 16
	MaxPaymentIdentifier = 128
)

// paymentIdentifier is the extension's value.
type paymentIdentifier struct {
	Info    identifierInfo `json:"info,omitzero"`
	Unknown jsontext.Value `json:",embed"`
}

type identifierInfo struct {
	Required bool           `json:"required"`
	ID       *string        `json:"id,omitzero"`
	Unknown  jsontext.Value `json:",embed"`
}

// PaymentIdentifier returns the id of the extension payment-identifier, or "" if
// there is none. An id that is not [MinPaymentIdentifier] to [MaxPaymentIdentifier]
// of a-z, A-Z, 0-9, "_" and "-" is an error that wraps [ErrMalformed].
func PaymentIdentifier(extensions Extensions) (string, error) {
	extension, err := readIdentifier(extensions)
	if err != nil || extension.Info.ID == nil {
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
func WithPaymentIdentifier(extensions Extensions, id string) (Extensions, error) {
	if err := checkIdentifier(id); err != nil {
		return nil, err
	}
	extension, err := readIdentifier(extensions)
	if err != nil {
		return nil, err
	}
	extension.Info.ID = &id
	value, err := marshal(extension)
	if err != nil {
		return nil, fmt.Errorf("encode the payment identifier: %w", err)
	}
	with := make(Extensions, len(extensions)+1)
	maps.Copy(with, extensions)
	with[ExtensionPaymentIdentifier] = value
	return with, nil
}

const identifierPath = "extensions." + ExtensionPaymentIdentifier

func readIdentifier(extensions Extensions) (paymentIdentifier, error) {
	var extension paymentIdentifier
	raw, ok := extensions[ExtensionPaymentIdentifier]
	if !ok || raw.Kind() == 'n' {
		return extension, nil
	}
	if err := json.Unmarshal(raw, &extension, decoding); err != nil {
		return extension, within(identifierPath, err)
	}
	return extension, nil
}

func checkIdentifier(id string) error {
	good := len(id) >= MinPaymentIdentifier && len(id) <= MaxPaymentIdentifier
	for i := 0; good && i < len(id); i++ {
		c := id[i]
		good = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
	}
	if !good {
		return malformed(identifierPath+".info.id", quote(id), "16 to 128 of a-z, A-Z, 0-9, _ and -")
	}
	return nil
}
