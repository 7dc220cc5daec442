package x402

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// EncodeHeader returns a document as the value of an HTTP header: base64 of its JSON,
// in the standard alphabet with padding (x402 v2, HTTP transport). Which document goes
// in which header: [HeaderPaymentRequired] and its siblings.
func EncodeHeader[D Document](document *D) (string, error) {
	data, err := marshal(document)
	if err != nil {
		return "", fmt.Errorf("encode the header: %w", err)
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// DecodeHeader reads a document from the value of an HTTP header. What is not base64
// wraps [ErrMalformed]; other errors are those of the document's decoder.
func DecodeHeader[D Document](header string, opts ...Option) (*D, error) {
	data, err := HeaderJSON(header, opts...)
	if err != nil {
		return nil, err
	}
	return decode[D](data, opts)
}

// HeaderJSON is the JSON that the value of an HTTP header carries, whatever its version. Errors wrap
// [ErrMalformed] or [ErrTooLarge].
func HeaderJSON(header string, opts ...Option) ([]byte, error) {
	if most := limitsOf(opts).maxBytes; len(header) > base64.StdEncoding.EncodedLen(most) {
		return nil, fmt.Errorf("%w: %d bytes of base64, at most %d bytes of JSON are read", ErrTooLarge, len(header), most)
	}
	data, err := base64.StdEncoding.Strict().DecodeString(header)
	if err != nil || strings.ContainsAny(header, "\r\n") {
		return nil, Malformed("", quote(header), "base64 in the standard alphabet with padding")
	}
	return data, nil
}
