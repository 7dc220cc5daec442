package mpp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// MinSecret is the least length of a seller's secret, in bytes.
const MinSecret = 32

// saltName is the name under which [Issuer.Issue] binds what makes two challenges differ.
const saltName = "salt"

// Issuer gives challenges their ids: an HMAC-SHA256 of their content under the seller's secret.
// Every server with the secret knows the challenges of the others, and none remembers them. It is
// safe for concurrent use.
type Issuer struct{ secret []byte }

// NewIssuer takes a secret of [MinSecret] bytes at least, of which the bytes as they are are the
// key.
func NewIssuer(secret string) (*Issuer, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("the secret for MPP challenges has %d bytes: give it at least %d, such as the output of `openssl rand -base64 32`", len(secret), MinSecret)
	}
	return &Issuer{[]byte(secret)}, nil
}

// Issue gives a challenge an id, and binds names and values to it, such as what is sold; see
// [Challenge.Bound]. No two challenges have the same id, so that a payer can pay for the same
// thing many times at once. Errors wrap [ErrMalformed].
func (i *Issuer) Issue(c *Challenge, bound map[string]string) error {
	values := map[string]string{saltName: rand.Text()}
	maps.Copy(values, bound)
	opaque, err := encodeObject("opaque", values)
	if err != nil {
		return err
	}
	c.Opaque = opaque
	return i.Seal(c)
}

// Seal gives a challenge the id that its content has, always the same. Errors wrap [ErrMalformed].
func (i *Issuer) Seal(c *Challenge) error {
	c.ID = i.id(c)
	if err := c.check(); err != nil {
		return err
	}
	if at := slices.IndexFunc(c.slots(), func(slot string) bool { return strings.Contains(slot, separator) }); at >= 0 {
		return malformed("", quoted(c.slots()[at]), "members without "+separator+", which separates them in the id")
	}
	return nil
}

const separator = "|"

// slots are what the id is made of.
func (c *Challenge) slots() []string {
	slots := []string{c.Realm, c.Method, c.Intent, c.encodedRequest(), c.Expires, c.Digest}
	if c.Header != "" {
		slots = append(slots, c.Header)
	}
	return append(slots, c.Opaque)
}

func (i *Issuer) id(c *Challenge) string {
	mac := hmac.New(sha256.New, i.secret)
	mac.Write([]byte(strings.Join(c.slots(), separator)))
	return alphabet.EncodeToString(mac.Sum(nil))
}

// Check holds a credential against its challenge, and returns what that asks: the challenge was
// issued with this secret ([ErrForeign]) and has not expired ([ErrExpired]), and the authorization
// pays it, now and with its nonce ([ErrMismatch]). That it is signed, and that the challenge is of
// what is sold now, is not checked here; see [Credential.Payment] and [Challenge.Bound].
func (i *Issuer) Check(c *Credential, now time.Time) (*Charge, error) {
	if issued := i.id(&c.Challenge); !hmac.Equal([]byte(issued), []byte(c.Challenge.ID)) {
		return nil, fmt.Errorf("%w: it was not issued by this server, or was changed: ask again and pay what is asked then", ErrForeign)
	}
	charge, err := c.Challenge.Charge()
	if err != nil {
		return nil, err
	}
	expires, err := c.Challenge.Deadline()
	if err != nil {
		return nil, err
	}
	if !now.Before(expires) {
		return nil, fmt.Errorf("%w: it expired at %s: ask again and pay what is asked then", ErrExpired, clip(c.Challenge.Expires))
	}
	return charge, c.pays(charge, now)
}
