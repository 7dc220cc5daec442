package x402

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// What the wire's strings look like.
const (
	wantAmount    = "a decimal string of atomic units below 2^64, without leading zeros"
	wantAddress   = "an address: 0x and 40 hex digits, in one case or with a good EIP-55 checksum"
	wantHash      = "0x and 64 hex digits"
	wantSignature = "a signature: 0x and an even number of hex digits, up to 4096 bytes"
	wantUint256   = "a decimal string below 2^256, without leading zeros"
)

// encoding writes documents. Its output depends on the value alone.
var encoding = json.JoinOptions(
	json.DefaultOptionsV2(),
	json.Deterministic(true),
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, a common.Address) error { return enc.WriteToken(jsontext.String(a.Hex())) }),
		json.MarshalToFunc(func(enc *jsontext.Encoder, v *big.Int) error {
			if !isUint256(v) {
				return Malformed("", bigText(v), "a uint256")
			}
			return enc.WriteToken(jsontext.String(v.String()))
		}),
		json.MarshalToFunc(writeConfig),
	)),
)

// decoding reads documents: no duplicate names, no invalid UTF-8, nothing after the
// value, names in their exact case, and values in their exact form.
var decoding = json.JoinOptions(
	json.DefaultOptionsV2(),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		text(wantAmount, vouchers.ParseAtomic),
		text(wantAmount+`, or ""`, parseSettledAmount),
		text(wantAddress, parseAddress),
		text(wantHash, parseHash),
		text(wantHash, vouchers.ParseChannelID),
		text(wantSignature, vouchers.ParseSignature),
		json.UnmarshalFromFunc(readUint64),
		json.UnmarshalFromFunc(readUint256),
		json.UnmarshalFromFunc(readConfig),
	)),
)

var errForm = errors.New("not of the form that the wire has")

// text reads a type whose JSON is a string; null leaves it at its zero value.
func text[T any](want string, parse func(string) (T, error)) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *T) error {
		var zero T
		*v = zero
		raw, err := dec.ReadValue()
		if err != nil || raw.Kind() == 'n' {
			return err
		}
		s, err := unquote(raw)
		if err == nil {
			*v, err = parse(s)
		}
		if err != nil {
			return Malformed("", shown(raw), want)
		}
		return nil
	})
}

func unquote(raw jsontext.Value) (string, error) {
	if raw.Kind() != '"' {
		return "", errForm
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	return string(s), err
}

func stringOf(name string, raw jsontext.Value) (string, error) {
	s, err := unquote(raw)
	if err != nil {
		return "", Malformed(name, shown(raw), "a string")
	}
	return s, nil
}

func parseAddress(s string) (common.Address, error) {
	var a common.Address
	if err := decodeHex(a[:], s); err != nil {
		return a, err
	}
	digits := s[2:]
	if digits != strings.ToLower(digits) && digits != strings.ToUpper(digits) && s != a.Hex() {
		return a, errForm
	}
	return a, nil
}

func parseHash(s string) (h common.Hash, err error) { return h, decodeHex(h[:], s) }

// decodeHex fills to from "0x" and twice as many hex digits.
func decodeHex(to []byte, s string) error {
	digits, prefixed := strings.CutPrefix(s, "0x")
	if !prefixed || len(digits) != hex.EncodedLen(len(to)) {
		return errForm
	}
	_, err := hex.Decode(to, []byte(digits))
	return err
}

// readUint64 reads a whole number; the standard has it in quotes where the field is
// tagged so.
func readUint64(dec *jsontext.Decoder, v *uint64) error {
	quoted, _ := json.GetOption(dec.Options(), json.StringifyNumbers)
	*v = 0
	raw, err := dec.ReadValue()
	if err != nil || raw.Kind() == 'n' {
		return err
	}
	if !quoted {
		const mostExact = 1<<53 - 1 // the largest that every JSON implementation keeps
		if *v, err = strconv.ParseUint(shown(raw), 10, 64); err != nil || *v > mostExact {
			return Malformed("", shown(raw), "a whole number up to 2^53-1")
		}
		return nil
	}
	s, err := unquote(raw)
	if err == nil {
		*v, err = parseUint64(s)
	}
	if err != nil {
		return Malformed("", shown(raw), "a decimal string below 2^64, without leading zeros")
	}
	return nil
}

func parseUint64(s string) (uint64, error) {
	canonical, err := vouchers.ParseAtomic(s)
	return uint64(canonical), err
}

func readUint256(dec *jsontext.Decoder, v *big.Int) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	const longest = 78 // digits of 2^256
	s, err := unquote(raw)
	if err != nil || len(s) > longest || bytes.ContainsFunc([]byte(s), func(r rune) bool { return r < '0' || r > '9' }) {
		return Malformed("", shown(raw), wantUint256)
	}
	if _, ok := v.SetString(s, 10); !ok || !isUint256(v) || v.String() != s {
		return Malformed("", shown(raw), wantUint256)
	}
	return nil
}

func isUint256(v *big.Int) bool { return v != nil && v.Sign() >= 0 && v.BitLen() <= 256 }

func bigText(v *big.Int) string {
	if v == nil {
		return "nil"
	}
	return v.String()
}
