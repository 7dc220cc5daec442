package receipts

import (
	"encoding/base64"
	"fmt"

	"github.com/go-json-experiment/json"
)

// maxWire is the longest JSON of a receipt that is read, in bytes.
const maxWire = 8 << 10

// Parse reads the JSON of a receipt, at most 8 KiB. The error wraps [ErrFormat].
func Parse(data []byte) (*Signed, error) {
	if len(data) > maxWire {
		return nil, fmt.Errorf("%w: %d bytes of JSON, at most %d are read", ErrFormat, len(data), maxWire)
	}
	s := new(Signed)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return s, nil
}

// Header is the receipt as the value of an HTTP header: base64 of its JSON.
func (s *Signed) Header() (string, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encode receipt %d of channel %s: %w", s.Sequence, s.Channel, err)
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// ParseHeader reads what [Signed.Header] made. The error wraps [ErrFormat].
func ParseHeader(value string) (*Signed, error) {
	if len(value) > base64.StdEncoding.EncodedLen(maxWire) {
		return nil, fmt.Errorf("%w: %d bytes of base64, at most %d bytes of JSON are read", ErrFormat, len(value), maxWire)
	}
	data, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return Parse(data)
}
