package receipts

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// MaxWire is the longest text of a receipt that [ParseWire] reads, in bytes.
const MaxWire = 4 << 10

// maxJSON is the longest JSON of a receipt that is read, in bytes.
const maxJSON = 8 << 10

// wirePrefix begins each text of [Signed.Wire], and no base64 of an object.
const wirePrefix = "A"

// wireEncoding writes a receipt in one way only.
var wireEncoding = base64.RawURLEncoding.Strict()

// Wire is the receipt as one word: base64url, without padding, of the version of its record, its
// channel, its number (8 bytes, big-endian) and the rest of the record. The error wraps
// [ErrFormat].
func (s *Signed) Wire() (string, error) {
	key, value, err := s.Record()
	if err == nil {
		err = s.checkWire()
	}
	if err != nil {
		return "", fmt.Errorf("encode receipt %d of channel %s: %w", s.Sequence, s.Channel, err)
	}
	b := append(make([]byte, 0, len(key)+len(value)), value[0])
	b = append(append(b, key...), value[1:]...)
	return wireEncoding.EncodeToString(b), nil
}

func (s *Signed) checkWire() error {
	if _, err := s.Deployment(); err != nil {
		return err
	}
	if len(s.Resource) > MaxResource || !utf8.ValidString(s.Resource) {
		return fmt.Errorf("%w: a resource of %d bytes, want at most %d of UTF-8", ErrFormat, len(s.Resource), MaxResource)
	}
	return nil
}

// ParseWire reads what [Signed.Wire] made. The error wraps [ErrFormat].
func ParseWire(text string) (*Signed, error) {
	if len(text) > MaxWire {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrFormat, len(text), MaxWire)
	}
	b, err := wireEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return nil, fmt.Errorf("%w: it has line breaks", ErrFormat)
	}
	if len(b) <= keyLength {
		return nil, fmt.Errorf("%w: %d bytes, a receipt has more than %d", ErrFormat, len(b), keyLength)
	}
	key, value := b[1:1+keyLength], append(b[:1:1], b[1+keyLength:]...)
	s, err := FromRecord(key, value)
	if err == nil {
		err = s.checkWire()
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Parse reads the JSON of a receipt, at most 8 KiB: the text of [Signed.Wire], or an object, as
// sellers sent it before. The error wraps [ErrFormat].
func Parse(data []byte) (*Signed, error) {
	if len(data) > maxJSON {
		return nil, fmt.Errorf("%w: %d bytes of JSON, at most %d are read", ErrFormat, len(data), maxJSON)
	}
	if len(data) > 0 && data[0] == '"' {
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		return ParseWire(text)
	}
	s := new(Signed)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return s, nil
}

// ParseHeader reads a receipt from the value of an HTTP header: the text of [Signed.Wire], or
// base64 of its JSON, as sellers sent it before. The error wraps [ErrFormat].
func ParseHeader(value string) (*Signed, error) {
	if strings.HasPrefix(value, wirePrefix) {
		return ParseWire(value)
	}
	if len(value) > base64.StdEncoding.EncodedLen(maxJSON) {
		return nil, fmt.Errorf("%w: %d bytes of base64, at most %d bytes of JSON are read", ErrFormat, len(value), maxJSON)
	}
	data, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return Parse(data)
}
