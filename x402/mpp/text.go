package mpp

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
)

// alphabet is base64url without padding, in which bytes have one spelling.
var alphabet = base64.RawURLEncoding.Strict()

// decodeText decodes base64url, with or without padding, of at most so many bytes.
func decodeText(path, text string, most int) ([]byte, error) {
	const padding = 2
	if len(text) > alphabet.EncodedLen(most)+padding {
		return nil, malformed(path, fmt.Sprintf("%d characters", len(text)), fmt.Sprintf("base64url of at most %d bytes", most))
	}
	data, err := alphabet.DecodeString(strings.TrimRight(text, "="))
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder would leave out
		return nil, malformed(path, quoted(text), "base64url")
	}
	return data, nil
}

// canonical returns an object in the one spelling of RFC 8785, in which challenges are hashed.
func canonical(path string, object []byte) (jsontext.Value, error) {
	value := jsontext.Value(object).Clone()
	if value.Kind() != '{' {
		return nil, malformed(path, quoted(string(object)), "a JSON object")
	}
	if err := value.Canonicalize(); err != nil {
		return nil, malformed(path, err.Error(), "a JSON object")
	}
	return value, nil
}

// encodeObject is base64url of what a value is in JSON, in its canonical spelling.
func encodeObject(path string, value any) (string, error) {
	data, err := x402.Write(value)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", path, err)
	}
	object, err := canonical(path, data)
	if err != nil {
		return "", err
	}
	return alphabet.EncodeToString(object), nil
}
