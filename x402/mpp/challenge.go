package mpp

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/x402"
)

// Challenge asks for a payment, of any method. Empty optional members are absent. In JSON it is
// what MCP has, with the request as an object.
type Challenge struct {
	// ID names the challenge; an [Issuer] makes it of all below but Description.
	ID string
	// Realm is who asks: the host of the server.
	Realm string
	// Method and Intent are how to pay and for what: [MethodEVM] and [IntentCharge].
	Method, Intent string
	// Request is what the method asks, a JSON object in the spelling of RFC 8785; see
	// [Challenge.Charge].
	Request jsontext.Value
	// Description is for people.
	Description string
	// Digest is that of the request's body that is paid for, as "sha-256=" and base64.
	Digest string
	// Expires is until when the challenge is good, as RFC 3339 has it; see [Challenge.Deadline].
	Expires string
	// Header is where the credential goes over HTTP; empty is [HeaderCredential].
	Header string
	// Opaque is the seller's own, base64url; see [Challenge.Bound].
	Opaque string
}

// NewChallenge asks for a charge, until a time that is cut to the second. An [Issuer] gives it
// its id.
func NewChallenge(realm string, charge Charge, expires time.Time) (*Challenge, error) {
	request, err := charge.request()
	if err != nil {
		return nil, err
	}
	return &Challenge{
		Realm: realm, Method: MethodEVM, Intent: IntentCharge, Request: request, Expires: expires.UTC().Format(time.RFC3339),
	}, nil
}

// Nonce is the hash of the challenge, which is the nonce of the authorization that pays for it:
// keccak256 of id and realm.
func (c *Challenge) Nonce() common.Hash { return crypto.Keccak256Hash([]byte(c.ID + c.Realm)) }

// Deadline is when the challenge expires; the zero time is never. Errors wrap [ErrMalformed].
func (c *Challenge) Deadline() (time.Time, error) {
	if c.Expires == "" {
		return time.Time{}, nil
	}
	expires, err := time.Parse(time.RFC3339, c.Expires)
	if err != nil {
		return time.Time{}, malformed("expires", quoted(c.Expires), "a time as RFC 3339 has it")
	}
	return expires, nil
}

// CredentialHeader is the HTTP header that a credential goes in.
func (c *Challenge) CredentialHeader() string {
	if c.Header == "" {
		return HeaderCredential
	}
	return c.Header
}

// Bound is what the seller wrote into Opaque: names and values that came back as they were given
// to [Issuer.Issue]. Errors wrap [ErrMalformed].
func (c *Challenge) Bound() (map[string]string, error) {
	if c.Opaque == "" {
		return nil, nil
	}
	data, err := decodeText("opaque", c.Opaque, MaxBytes)
	if err != nil {
		return nil, err
	}
	values, err := x402.Read[map[string]string](data, nil)
	if err != nil {
		return nil, within("opaque", err, ErrMalformed)
	}
	return *values, nil
}

var (
	methodForm = regexp.MustCompile(`^[a-z][a-z0-9:_-]*$`)
	headerForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
)

// check refuses a challenge of which a member has not its form.
func (c *Challenge) check() error {
	for _, member := range []struct{ name, value string }{
		{"id", c.ID}, {"realm", c.Realm}, {"method", c.Method}, {"intent", c.Intent}, {"digest", c.Digest}, {"opaque", c.Opaque},
	} {
		if !plain.Is(member.value) {
			return malformed(member.name, quoted(member.value), "text on one line")
		}
	}
	if _, err := c.Deadline(); err != nil {
		return err
	}
	switch {
	case c.ID == "":
		return malformed("id", "", "a value")
	case c.Intent == "":
		return malformed("intent", "", "a value")
	case !methodForm.MatchString(c.Method):
		return malformed("method", quoted(c.Method), `a name of a-z, 0-9, ":", "_" and "-"`)
	case c.Digest != "" && !strings.HasPrefix(c.Digest, "sha-256="):
		return malformed("digest", quoted(c.Digest), `"sha-256=" and base64`)
	case c.Header != "" && !headerForm.MatchString(c.Header):
		return malformed("header", quoted(c.Header), "the name of an HTTP header")
	case len(c.encodedRequest()) > MaxRequest:
		return malformed("request", fmt.Sprintf("%d characters", len(c.encodedRequest())), fmt.Sprintf("at most %d", MaxRequest))
	}
	return nil
}

// otherHeader is empty for the header that is meant where none is named.
func otherHeader(name string) string {
	if strings.EqualFold(name, HeaderCredential) {
		return ""
	}
	return name
}

// challenge is [Challenge] in JSON. Its request is an object, or base64url of one in a
// credential over HTTP. Meta is what older servers and clients have for the opaque.
type challenge struct {
	ID          string         `json:"id"`
	Realm       string         `json:"realm"`
	Method      string         `json:"method"`
	Intent      string         `json:"intent"`
	Request     jsontext.Value `json:"request"`
	Description string         `json:"description,omitzero"`
	Digest      string         `json:"digest,omitzero"`
	Expires     string         `json:"expires,omitzero"`
	Header      string         `json:"header,omitzero"`
	Opaque      jsontext.Value `json:"opaque,omitzero"`
	Meta        jsontext.Value `json:"meta,omitzero"`
}

// wire is the challenge in JSON, with this as the request.
func (c *Challenge) wire(request jsontext.Value) (*challenge, error) {
	wire := &challenge{
		ID: c.ID, Realm: c.Realm, Method: c.Method, Intent: c.Intent, Request: request,
		Description: c.Description, Digest: c.Digest, Expires: c.Expires, Header: c.Header,
	}
	if c.Opaque == "" {
		return wire, nil
	}
	opaque, err := jsontext.AppendQuote(nil, c.Opaque)
	if err != nil {
		return nil, fmt.Errorf("encode the opaque: %w", err)
	}
	wire.Opaque = opaque
	return wire, nil
}

// encodedRequest is the request as headers have it.
func (c *Challenge) encodedRequest() string { return alphabet.EncodeToString(c.Request) }

// MarshalJSON encodes the challenge as MCP has it.
func (c Challenge) MarshalJSON() ([]byte, error) {
	wire, err := c.wire(c.Request)
	if err != nil {
		return nil, err
	}
	return x402.Write(wire)
}

// UnmarshalJSON reads a challenge as MCP and credentials have it. Errors wrap [ErrMalformed].
func (c *Challenge) UnmarshalJSON(data []byte) error {
	wire, err := x402.Read[challenge](data, []string{"id", "realm", "method", "intent", "request"})
	if err != nil {
		return within("", err, ErrMalformed)
	}
	*c = Challenge{
		ID: wire.ID, Realm: wire.Realm, Method: wire.Method, Intent: wire.Intent,
		Description: wire.Description, Digest: wire.Digest, Expires: wire.Expires, Header: otherHeader(wire.Header),
	}
	if c.Request, err = readRequest(wire.Request); err != nil {
		return err
	}
	if c.Opaque, err = readOpaque(wire); err != nil {
		return err
	}
	return c.check()
}

func readRequest(raw jsontext.Value) (jsontext.Value, error) {
	if raw.Kind() != '"' {
		return canonical("request", raw)
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return nil, malformed("request", string(raw), "base64url of a JSON object")
	}
	return decodeRequest(string(text))
}

// decodeRequest reads a request as headers have it.
func decodeRequest(text string) (jsontext.Value, error) {
	data, err := decodeText("request", text, MaxRequest)
	if err != nil {
		return nil, err
	}
	object, err := x402.Read[jsontext.Value](data, nil)
	if err != nil {
		return nil, within("request", err, ErrMalformed)
	}
	return canonical("request", *object)
}

func readOpaque(wire *challenge) (string, error) {
	switch opaque := wire.Opaque; {
	case opaque.Kind() == '"':
		text, err := jsontext.AppendUnquote(nil, opaque)
		if err != nil {
			return "", malformed("opaque", string(opaque), "text")
		}
		return string(text), nil
	case len(opaque) > 0 && opaque.Kind() != 'n':
		return encodeObject("opaque", opaque)
	case len(wire.Meta) > 0 && wire.Meta.Kind() != 'n':
		return encodeObject("meta", wire.Meta)
	}
	return "", nil
}
