package mpp

import (
	"fmt"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Credential is a payment: the challenge that it answers, and the payer's authorization.
type Credential struct {
	// Challenge is what the seller asked, as it was.
	Challenge Challenge
	// Authorization is the transfer.
	Authorization Authorization
	// Source is who pays, as [SourceOf] writes it; empty is absent.
	Source string
}

// Authorization is a signed TransferWithAuthorization of a token (EIP-3009): a credential's
// payload of the type "authorization".
type Authorization struct {
	// From pays and To receives.
	From common.Address `json:"from"`
	To   common.Address `json:"to"`
	// Value is what moves, in atomic units.
	Value vouchers.Amount `json:"value"`
	// ValidAfter and ValidBefore bound it, in Unix seconds, both exclusive on chain.
	ValidAfter  uint64 `json:"validAfter,string"`
	ValidBefore uint64 `json:"validBefore,string"`
	// Nonce is that of the challenge; see [Challenge.Nonce].
	Nonce common.Hash `json:"nonce"`
	// Signature is the payer's; nil is not signed yet.
	Signature vouchers.Signature `json:"signature"`
}

// defaultValidity is how long an authorization is good for a challenge that does not expire.
const defaultValidity = 5 * time.Minute

// Authorize writes the transfer that pays for the challenge, to be signed over the token's EIP-712
// domain. It can be used until the challenge expires, or for five minutes where it does not. One
// that has expired is an error that wraps [ErrExpired]; other errors are those of
// [Challenge.Charge].
func (c *Challenge) Authorize(payer common.Address, now time.Time) (*Credential, error) {
	charge, err := c.Charge()
	if err != nil {
		return nil, err
	}
	until, err := c.payableUntil(now)
	if err != nil {
		return nil, err
	}
	return &Credential{
		Challenge: *c,
		Authorization: Authorization{
			From: payer, To: charge.Recipient, Value: charge.Amount, ValidBefore: uint64(until), Nonce: c.Nonce(),
		},
		Source: SourceOf(charge.ChainID, payer),
	}, nil
}

// payableUntil is when an authorization that is signed now ends, in Unix seconds.
func (c *Challenge) payableUntil(now time.Time) (int64, error) {
	expires, err := c.Deadline()
	if err != nil {
		return 0, err
	}
	if expires.IsZero() {
		expires = now.Add(defaultValidity)
	}
	if expires.Unix() <= now.Unix() {
		return 0, fmt.Errorf("%w: it expired at %s: ask again", ErrExpired, clip(c.Expires))
	}
	return expires.Unix(), nil
}

// SourceOf names a payer on a chain: "did:pkh:eip155:8453:0x...".
func SourceOf(chainID uint64, payer common.Address) string {
	return "did:pkh:" + x402.Network(chainID) + ":" + payer.Hex()
}

// pays holds the authorization against what is asked.
func (c *Credential) pays(charge *Charge, now time.Time) error {
	a, at := &c.Authorization, now.Unix()
	switch want := SourceOf(charge.ChainID, a.From); {
	case a.To != charge.Recipient:
		return fmt.Errorf("%w: the authorization pays %s, the challenge asks to pay %s", ErrMismatch, a.To, charge.Recipient)
	case a.Value != charge.Amount:
		return fmt.Errorf("%w: the authorization is for %s, the challenge for %s", ErrMismatch, a.Value, charge.Amount)
	case a.Nonce != c.Challenge.Nonce():
		return fmt.Errorf("%w: the authorization's nonce is %s, the challenge's hash %s", ErrMismatch, a.Nonce, c.Challenge.Nonce())
	case at < 0 || a.ValidAfter > uint64(at):
		return fmt.Errorf("%w: the authorization is valid from %d, and it is %d", ErrMismatch, a.ValidAfter, at)
	case a.ValidBefore <= uint64(at):
		return fmt.Errorf("%w: the authorization was valid before %d, and it is %d: ask again and sign anew", ErrExpired, a.ValidBefore, at)
	case c.Source != "" && !strings.EqualFold(c.Source, want):
		return fmt.Errorf("%w: the credential's source is %s, the authorization's %s", ErrMismatch, clip(c.Source), want)
	}
	return nil
}

// credential is [Credential] in JSON.
type credential struct {
	Challenge jsontext.Value `json:"challenge"`
	Payload   jsontext.Value `json:"payload"`
	Source    string         `json:"source,omitzero"`
}

type payload struct {
	Type string         `json:"type"`
	Body *Authorization `json:",embed"`
}

// MarshalJSON encodes the credential as MCP has it, for [MetaCredential].
func (c Credential) MarshalJSON() ([]byte, error) { return c.encode(c.Challenge.Request) }

// Header is the credential as the value of [HeaderCredential], or of the header that the challenge
// names.
func (c *Credential) Header() (string, error) {
	request, err := x402.Write(c.Challenge.encodedRequest())
	if err != nil {
		return "", fmt.Errorf("encode the request: %w", err)
	}
	data, err := c.encode(request)
	if err != nil {
		return "", err
	}
	return Scheme + " " + alphabet.EncodeToString(data), nil
}

func (c *Credential) encode(request jsontext.Value) ([]byte, error) {
	wire, err := c.Challenge.wire(request)
	if err != nil {
		return nil, err
	}
	asked, err := x402.Write(wire)
	if err != nil {
		return nil, fmt.Errorf("encode the challenge: %w", err)
	}
	paid, err := x402.Write(&payload{TypeAuthorization, &c.Authorization})
	if err != nil {
		return nil, fmt.Errorf("encode the authorization: %w", err)
	}
	return x402.Write(&credential{Challenge: asked, Payload: paid, Source: c.Source})
}

// ParseAuthorization reads the credential of the scheme Payment from the values of
// [HeaderCredential], or of the header that challenges name. It is nil where there is none. Errors
// wrap [ErrMalformed], [ErrUnsupported] or [ErrPayload].
func ParseAuthorization(values []string) (*Credential, error) {
	var found *Credential
	for _, value := range values {
		if !strings.Contains(strings.ToLower(value), strings.ToLower(Scheme)+" ") {
			continue
		}
		schemes, err := readSchemes(value)
		if err != nil {
			return nil, err
		}
		for _, s := range schemes {
			if !strings.EqualFold(s.name, Scheme) {
				continue
			}
			if found != nil {
				return nil, malformed("", "two credentials", "one")
			}
			data, err := decodeText("", s.token, MaxBytes)
			if err != nil {
				return nil, err
			}
			if found, err = DecodeCredential(data); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// DecodeCredential reads the JSON of a credential, in the form of MCP or in that of HTTP. Errors
// are those of [ParseAuthorization]. Where the challenge can be read and the payload cannot, the
// credential comes with the error, so that the answer can name the challenge.
func DecodeCredential(data []byte) (*Credential, error) {
	if len(data) > MaxBytes {
		return nil, malformed("", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("at most %d", MaxBytes))
	}
	read, err := x402.Read[credential](data, []string{"challenge", "payload"})
	if err != nil {
		return nil, within("", err, ErrMalformed)
	}
	c := &Credential{Source: read.Source}
	if err := c.Challenge.UnmarshalJSON(read.Challenge); err != nil {
		return nil, within("challenge", err, ErrMalformed)
	}
	if err := c.Authorization.read(read.Payload); err != nil {
		return c, err
	}
	return c, nil
}

// UnmarshalJSON is [DecodeCredential] for encoding/json.
func (c *Credential) UnmarshalJSON(data []byte) error {
	read, err := DecodeCredential(data)
	if err == nil {
		*c = *read
	}
	return err
}

func (a *Authorization) read(data jsontext.Value) error {
	kind, err := x402.Read[struct {
		Type string `json:"type"`
	}](data, []string{"type"})
	if err != nil {
		return within("payload", err, ErrPayload)
	}
	if kind.Type != TypeAuthorization {
		return fmt.Errorf("%w: a payload of type %s, want %q", ErrUnsupported, clip(kind.Type), TypeAuthorization)
	}
	read, err := x402.Read[Authorization](data, []string{"from", "to", "value", "validAfter", "validBefore", "nonce", "signature"})
	if err != nil {
		return within("payload", err, ErrPayload)
	}
	*a = *read
	return nil
}
