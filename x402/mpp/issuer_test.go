package mpp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/x402/mpp"
)

const secret = "0123456789abcdef0123456789abcdef"

var (
	payer  = common.HexToAddress("0x8F9aA869feD06527c9e7Eb787D7FE0ECB4aE0282")
	payee  = common.HexToAddress("0xE77fFfB9E3097b84ff8a60E662aE1A54f9217290")
	token  = common.HexToAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	charge = mpp.Charge{Amount: 1000, Currency: token, Recipient: payee, ChainID: 84532, ExternalID: "order 1"}
)

// issued is a challenge that is good for five minutes.
func issued(tb testing.TB, bound map[string]string) (*mpp.Issuer, *mpp.Challenge) {
	tb.Helper()
	i, err := mpp.NewIssuer(secret)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := mpp.NewChallenge("tools.example", charge, then.Add(5*time.Minute))
	if err != nil {
		tb.Fatal(err)
	}
	c.Description = "Search"
	if err := i.Issue(c, bound); err != nil {
		tb.Fatal(err)
	}
	return i, c
}

// paid is a challenge, and a credential that pays it.
func paid(tb testing.TB) (*mpp.Issuer, *mpp.Credential) {
	tb.Helper()
	i, c := issued(tb, map[string]string{"tool": "search"})
	credential, err := c.Authorize(payer, then)
	if err != nil {
		tb.Fatal(err)
	}
	credential.Authorization.Signature = make([]byte, 65)
	return i, credential
}

func TestASecretIsLongEnough(t *testing.T) {
	if _, err := mpp.NewIssuer(secret[1:]); err == nil {
		t.Error("a secret of 31 bytes is taken")
	}
}

func TestWhatIsBoundToAChallengeComesBack(t *testing.T) {
	_, c := issued(t, map[string]string{"tool": "search"})
	if bound, err := c.Bound(); err != nil || bound["tool"] != "search" {
		t.Errorf("%v, %v", err, bound)
	}
}

func TestNoTwoChallengesHaveTheSameNonce(t *testing.T) {
	_, one := issued(t, nil)
	_, two := issued(t, nil)
	if one.ID == two.ID || one.Nonce() == two.Nonce() {
		t.Errorf("both are %s", one.ID)
	}
}

func TestAChallengeIsKnownByItsContent(t *testing.T) {
	for name, change := range map[string]func(*mpp.Challenge){
		"the id":                  func(c *mpp.Challenge) { c.ID = strings.Repeat("A", len(c.ID)) },
		"no id":                   func(c *mpp.Challenge) { c.ID = "" },
		"the realm":               func(c *mpp.Challenge) { c.Realm = "other.example" },
		"the method":              func(c *mpp.Challenge) { c.Method = "tempo" },
		"the intent":              func(c *mpp.Challenge) { c.Intent = "session" },
		"the request":             func(c *mpp.Challenge) { c.Request = []byte(strings.Replace(string(c.Request), "1000", "1", 1)) },
		"when it expires":         func(c *mpp.Challenge) { c.Expires = then.Add(time.Hour).Format(time.RFC3339) },
		"that it expires":         func(c *mpp.Challenge) { c.Expires = "" },
		"the digest":              func(c *mpp.Challenge) { c.Digest = "sha-256=eA==" },
		"the header":              func(c *mpp.Challenge) { c.Header = "Payment-Authorization" },
		"what is bound to it":     func(c *mpp.Challenge) { c.Opaque = "e30" },
		"that something is bound": func(c *mpp.Challenge) { c.Opaque = "" },
	} {
		t.Run(name, func(t *testing.T) {
			i, credential := paid(t)
			change(&credential.Challenge)
			if _, err := i.Check(credential, then); !errors.Is(err, mpp.ErrForeign) {
				t.Errorf("%v, want %v", err, mpp.ErrForeign)
			}
		})
	}
}

func TestAChallengeOfAnotherSecretIsForeign(t *testing.T) {
	_, credential := paid(t)
	other, err := mpp.NewIssuer(strings.ToUpper(secret))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Check(credential, then); !errors.Is(err, mpp.ErrForeign) {
		t.Errorf("%v, want %v", err, mpp.ErrForeign)
	}
}

func TestTheDescriptionIsNotBound(t *testing.T) {
	i, credential := paid(t)
	credential.Challenge.Description = ""
	if _, err := i.Check(credential, then); err != nil {
		t.Error(err)
	}
}

func TestAnAuthorizationPaysWhatItsChallengeAsks(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*mpp.Credential)
		want   error
	}{
		"as it is":                 {func(*mpp.Credential) {}, nil},
		"without a source":         {func(c *mpp.Credential) { c.Source = "" }, nil},
		"a source in small":        {func(c *mpp.Credential) { c.Source = strings.ToLower(c.Source) }, nil},
		"another source":           {func(c *mpp.Credential) { c.Source = mpp.SourceOf(84532, payee) }, mpp.ErrMismatch},
		"a source elsewhere":       {func(c *mpp.Credential) { c.Source = mpp.SourceOf(1, payer) }, mpp.ErrMismatch},
		"another recipient":        {func(c *mpp.Credential) { c.Authorization.To = payer }, mpp.ErrMismatch},
		"less":                     {func(c *mpp.Credential) { c.Authorization.Value-- }, mpp.ErrMismatch},
		"more":                     {func(c *mpp.Credential) { c.Authorization.Value++ }, mpp.ErrMismatch},
		"another nonce":            {func(c *mpp.Credential) { c.Authorization.Nonce[31]++ }, mpp.ErrMismatch},
		"from now on":              {func(c *mpp.Credential) { c.Authorization.ValidAfter = uint64(then.Unix()) }, nil},
		"from the next second on":  {func(c *mpp.Credential) { c.Authorization.ValidAfter = uint64(then.Unix()) + 1 }, mpp.ErrMismatch},
		"until the next second":    {func(c *mpp.Credential) { c.Authorization.ValidBefore = uint64(then.Unix()) + 1 }, nil},
		"until now":                {func(c *mpp.Credential) { c.Authorization.ValidBefore = uint64(then.Unix()) }, mpp.ErrExpired},
		"never":                    {func(c *mpp.Credential) { c.Authorization.ValidBefore = 0 }, mpp.ErrExpired},
		"far beyond the challenge": {func(c *mpp.Credential) { c.Authorization.ValidBefore = 1<<64 - 1 }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			i, credential := paid(t)
			c.change(credential)
			got, err := i.Check(credential, then)
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if err == nil && (got.Amount != charge.Amount || got.ExternalID != charge.ExternalID) {
				t.Errorf("the charge is %+v", got)
			}
		})
	}
}

func TestAChallengeExpires(t *testing.T) {
	i, credential := paid(t)
	expires := then.Add(5 * time.Minute)
	if _, err := i.Check(credential, expires.Add(-time.Second)); err != nil {
		t.Errorf("a second before: %v", err)
	}
	if _, err := i.Check(credential, expires); !errors.Is(err, mpp.ErrExpired) {
		t.Errorf("then: %v", err)
	}
	if _, err := credential.Challenge.Authorize(payer, expires); !errors.Is(err, mpp.ErrExpired) {
		t.Errorf("to be signed then: %v", err)
	}
}

func TestWhatCannotBeToldApartInAnIdIsNotIssued(t *testing.T) {
	i, c := issued(t, nil)
	c.Realm = "tools|example"
	if err := i.Seal(c); !errors.Is(err, mpp.ErrMalformed) {
		t.Errorf("%v, want %v", err, mpp.ErrMalformed)
	}
}
