package short

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/chitpay/chit/x402"
)

// alphabet is base64url without padding, in which bytes have one spelling.
var alphabet = base64.RawURLEncoding.Strict()

// decode appends the bytes of a text to room, of which there are from least to most.
func decode(text string, room []byte, least, most int) ([]byte, error) {
	n := alphabet.DecodedLen(len(text))
	if n < least || n > most {
		return nil, x402.Malformed("", fmt.Sprintf("%d characters", len(text)), wantText(least, most))
	}
	raw, err := alphabet.AppendDecode(room, []byte(text))
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder would leave out
		return nil, x402.Malformed("", fmt.Sprintf("%q", text), wantText(least, most))
	}
	if raw[0] != Version {
		return nil, &x402.DecodeError{Path: "version", Value: fmt.Sprint(raw[0]), Want: fmt.Sprint(Version), Err: x402.ErrVersion}
	}
	return raw, nil
}

func wantText(least, most int) string {
	from, to := alphabet.EncodedLen(least), alphabet.EncodedLen(most)
	if from == to {
		return fmt.Sprintf("%d characters of base64url without padding", from)
	}
	return fmt.Sprintf("%d to %d characters of base64url without padding", from, to)
}
