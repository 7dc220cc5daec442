package macaroon

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strings"

	macaroon "gopkg.in/macaroon.v2"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// Prefix is what every token's text begins with.
const Prefix = "chit_"

// The limits of a token.
const (
	// MaxText is the length of the longest token, in bytes. It fits every HTTP server's
	// limit on headers.
	MaxText = 6 << 10
	// MaxCaveats is how many caveats a token may have: ten levels of eight and some.
	MaxCaveats = 96
)

// ErrToken is what every error of a token that cannot be read wraps.
var ErrToken = errors.New("malformed credit token")

// ErrForged is what a token is refused with that was not minted here, or was
// changed since.
var ErrForged = errors.New("the credit token is not signed by this server")

// GrantID names a grant: what a payer has handed out, and every token made of it.
type GrantID [16]byte

// ParseGrantID reads 32 hex digits.
func ParseGrantID(s string) (GrantID, error) {
	var id GrantID
	if len(s) != 2*len(id) {
		return GrantID{}, fmt.Errorf("grant %q: want %d hex digits", plain.Clip(s), 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return GrantID{}, fmt.Errorf("grant %q: %w", s, err)
	}
	return id, nil
}

// String returns 32 hex digits.
func (id GrantID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText is [GrantID.String].
func (id GrantID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is [ParseGrantID].
func (id *GrantID) UnmarshalText(text []byte) error {
	v, err := ParseGrantID(string(text))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// Token is a credit token that can be read; whether it is genuine only the server
// that minted it can tell. The zero value is no token. It is immutable.
type Token struct {
	macaroon *macaroon.Macaroon
	caveats  []Caveat
	name     name
}

// name is a macaroon's identifier: a format version, the root key, the grant.
type name struct {
	key   uint32
	grant GrantID
}

const (
	nameVersion = 1
	nameLength  = 1 + 4 + len(GrantID{})
)

func (n name) bytes() []byte {
	b := append(make([]byte, 0, nameLength), nameVersion)
	b = binary.BigEndian.AppendUint32(b, n.key)
	return append(b, n.grant[:]...)
}

func parseName(b []byte) (name, error) {
	if len(b) != nameLength || b[0] != nameVersion {
		return name{}, fmt.Errorf("%w: an identifier of %d bytes in a format that this version does not know", ErrToken, len(b))
	}
	return name{binary.BigEndian.Uint32(b[1:]), GrantID(b[5:])}, nil
}

var encoding = base64.RawURLEncoding.Strict()

// Parse reads the text of a token. There is one text for each token. Errors wrap
// [ErrToken], and [ErrCaveat] where that is why; they never quote the token.
func Parse(text string) (Token, error) {
	body, found := strings.CutPrefix(text, Prefix)
	if !found || len(text) > MaxText {
		return Token{}, fmt.Errorf("%w: %d bytes; a token begins with %s and has at most %d", ErrToken, len(text), Prefix, MaxText)
	}
	raw, err := encoding.DecodeString(body)
	if err != nil {
		return Token{}, fmt.Errorf("%w: it is cut off or not base64", ErrToken)
	}
	m := new(macaroon.Macaroon)
	if err := m.UnmarshalBinary(raw); err != nil {
		return Token{}, fmt.Errorf("%w: it is cut off or not a macaroon", ErrToken)
	}
	t, err := read(m)
	if err != nil {
		return Token{}, err
	}
	if t.Text() != text {
		return Token{}, fmt.Errorf("%w: it is not in the form in which tokens are written", ErrToken)
	}
	return t, nil
}

// read takes a macaroon apart.
func read(m *macaroon.Macaroon) (Token, error) {
	if m.Version() != macaroon.V2 || m.Location() != "" {
		return Token{}, fmt.Errorf("%w: want a macaroon of version 2 without a location", ErrToken)
	}
	t := Token{macaroon: m}
	var err error
	if t.name, err = parseName(m.Id()); err != nil {
		return Token{}, err
	}
	caveats := m.Caveats()
	if len(caveats) > MaxCaveats {
		return Token{}, fmt.Errorf("%w: %d caveats, at most %d", ErrToken, len(caveats), MaxCaveats)
	}
	t.caveats = make([]Caveat, len(caveats))
	for i, c := range caveats {
		if len(c.VerificationId) > 0 || c.Location != "" {
			return Token{}, fmt.Errorf("%w: caveat %d is a third party's", ErrToken, i+1)
		}
		if t.caveats[i], err = ParseCaveat(string(c.Id)); err != nil {
			return Token{}, fmt.Errorf("%w: %w", ErrToken, err)
		}
	}
	return t, nil
}

// Mint makes a token of a grant under a root key and its number.
func Mint(number uint32, root []byte, grant GrantID, caveats []Caveat) (Token, error) {
	n := name{number, grant}
	m, err := macaroon.New(root, n.bytes(), "", macaroon.V2)
	if err != nil {
		return Token{}, fmt.Errorf("mint a credit token: %w", err)
	}
	return (Token{macaroon: m, name: n}).with(caveats)
}

// with returns the token with more caveats.
func (t Token) with(caveats []Caveat) (Token, error) {
	m := t.macaroon.Clone()
	for _, c := range caveats {
		if err := m.AddFirstPartyCaveat([]byte(c.String())); err != nil {
			return Token{}, fmt.Errorf("add the caveat %q: %w", c, err)
		}
	}
	longer := Token{m, append(t.caveats[:len(t.caveats):len(t.caveats)], caveats...), t.name}
	if n := len(longer.Text()); n > MaxText || len(longer.caveats) > MaxCaveats {
		return Token{}, fmt.Errorf("%w: %d bytes and %d caveats, at most %d and %d", ErrToken, n, len(longer.caveats), MaxText, MaxCaveats)
	}
	return longer, nil
}

// Attenuate returns a token that may be spent on less, which also spends from
// every budget of this one. It asks nobody. A scope that would allow more in any
// respect, or that limits nothing, is refused with an error that wraps
// [ErrWidening]; other errors wrap [ErrCaveat] or [ErrToken].
func (t Token) Attenuate(s Scope) (Token, error) {
	caveats, err := s.Caveats()
	if err != nil {
		return Token{}, err
	}
	if len(caveats) == 0 {
		return Token{}, fmt.Errorf("%w: nothing is asked for that would limit it", ErrWidening)
	}
	for _, c := range caveats {
		if err := narrows(c, t.caveats); err != nil {
			return Token{}, err
		}
	}
	return t.with(caveats)
}

// Grant names what the token was made of.
func (t Token) Grant() GrantID { return t.name.grant }

// Root is the number of the root key that the token says it is minted under.
func (t Token) Root() uint32 { return t.name.key }

// Caveats returns the token's limits, the widest first.
func (t Token) Caveats() []Caveat { return append([]Caveat(nil), t.caveats...) }

// All is [Token.Caveats] one by one, with their places.
func (t Token) All() iter.Seq2[int, Caveat] { return slices.All(t.caveats) }

// Text returns the token itself, which is a secret.
func (t Token) Text() string {
	if t.macaroon == nil {
		return ""
	}
	raw, err := t.macaroon.MarshalBinary()
	if err != nil {
		panic(fmt.Sprintf("a macaroon of version 2 does not encode: %v", err))
	}
	return Prefix + encoding.EncodeToString(raw)
}

// Fingerprint names the token without showing it.
func (t Token) Fingerprint() string {
	if t.macaroon == nil {
		return "none"
	}
	n := nodeOf(t.macaroon.Signature())
	return hex.EncodeToString(n[:])
}

// String returns the fingerprint.
func (t Token) String() string { return "credit token " + t.Fingerprint() }

// Format prints the fingerprint, whatever the verb is.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue is the fingerprint.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Node names a point in a token's chain of signatures: a hash, since the signature
// is what makes a token good.
type Node [16]byte

// MarshalText returns 32 hex digits.
func (n Node) MarshalText() ([]byte, error) { return GrantID(n).MarshalText() }

// UnmarshalText reads them.
func (n *Node) UnmarshalText(text []byte) error { return (*GrantID)(n).UnmarshalText(text) }

func nodeOf(signature []byte) Node {
	h := sha256.New()
	h.Write([]byte("chit credit node"))
	h.Write(signature)
	return Node(h.Sum(nil)[:len(Node{})])
}

// Verify checks the token's signature, and returns the node before the first
// caveat and after each.
func (t Token) Verify(root []byte) ([]Node, error) {
	mac := func(key, text []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(text)
		return h.Sum(nil)
	}
	signature := mac(mac([]byte("macaroons-key-generator"), root), t.name.bytes())
	nodes := make([]Node, 0, len(t.caveats)+1)
	nodes = append(nodes, nodeOf(signature))
	for _, c := range t.macaroon.Caveats() {
		signature = mac(signature, c.Id)
		nodes = append(nodes, nodeOf(signature))
	}
	if !hmac.Equal(signature, t.macaroon.Signature()) {
		return nil, ErrForged
	}
	return nodes, nil
}

// Channel returns the channel that the token names first; every other must be the same.
func (t Token) Channel() (id vouchers.ChannelID, ok bool) {
	for _, c := range t.caveats {
		if c.Kind != KindChannel {
			continue
		}
		if ok && c.Channel != id {
			return id, false
		}
		id, ok = c.Channel, true
	}
	return id, ok
}
