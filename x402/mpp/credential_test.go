package mpp_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

func TestACredentialIsReadAsItWasWritten(t *testing.T) {
	_, want := paid(t)
	header, err := want.Header()
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range map[string][]string{
		"alone":                  {header},
		"in other letters":       {strings.Replace(header, "Payment", "PAYMENT", 1)},
		"padded once":            {header + "="},
		"padded twice":           {header + "=="},
		"beside another":         {"Bearer abc, " + header},
		"in a header of its own": {"Bearer abc", header},
	} {
		got, err := mpp.ParseAuthorization(values)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v: read as\n%+v\nwant\n%+v", name, err, got, want)
		}
	}
	got, err := mpp.DecodeCredential(encoded(t, want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("over MCP: %v: read as\n%+v\nwant\n%+v", err, got, want)
	}
}

func TestARequestWithoutACredentialHasNone(t *testing.T) {
	for _, values := range [][]string{nil, {""}, {"Bearer abc"}, {`Digest "odd`}, {"Basic UGF5bWVudA=="}, {"Payment"}} {
		if c, err := mpp.ParseAuthorization(values); c != nil || err != nil {
			t.Errorf("%q: %v, %+v", values, err, c)
		}
	}
}

// tree is the JSON of a good credential, to be changed.
func tree(tb testing.TB) map[string]any {
	tb.Helper()
	_, c := paid(tb)
	var members map[string]any
	if err := json.Unmarshal(encoded(tb, c), &members); err != nil {
		tb.Fatal(err)
	}
	return members
}

func TestWhatIsNoCredentialIsRefused(t *testing.T) {
	set := func(parent, name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[parent].(map[string]any)[name] = value }
	}
	lack := func(parent, name string) func(map[string]any) {
		return func(c map[string]any) { delete(c[parent].(map[string]any), name) }
	}
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   error
		path   string
	}{
		"no challenge":                {func(c map[string]any) { delete(c, "challenge") }, mpp.ErrMalformed, "challenge"},
		"no payload":                  {func(c map[string]any) { c["payload"] = nil }, mpp.ErrMalformed, "payload"},
		"a source that is no text":    {func(c map[string]any) { c["source"] = 1 }, mpp.ErrMalformed, "source"},
		"a challenge that is none":    {func(c map[string]any) { c["challenge"] = "x" }, mpp.ErrMalformed, "challenge"},
		"no id":                       {lack("challenge", "id"), mpp.ErrMalformed, "challenge.id"},
		"a request that is a number":  {set("challenge", "request", 1), mpp.ErrMalformed, "challenge.request"},
		"a request that is no base64": {set("challenge", "request", "!"), mpp.ErrMalformed, "challenge.request"},
		"an opaque that is a number":  {set("challenge", "opaque", 1), mpp.ErrMalformed, "challenge.opaque"},
		"no type":                     {lack("payload", "type"), mpp.ErrPayload, "payload.type"},
		"another type":                {set("payload", "type", "hash"), mpp.ErrUnsupported, ""},
		"no signature":                {lack("payload", "signature"), mpp.ErrPayload, "payload.signature"},
		"an empty signature":          {set("payload", "signature", ""), mpp.ErrPayload, "payload.signature"},
		"a value that is a number":    {set("payload", "value", 1000), mpp.ErrPayload, "payload.value"},
		"a value with a zero before":  {set("payload", "value", "01000"), mpp.ErrPayload, "payload.value"},
		"a value above 64 bits":       {set("payload", "value", "18446744073709551616"), mpp.ErrPayload, "payload.value"},
		"a time that is a number":     {set("payload", "validBefore", 1), mpp.ErrPayload, "payload.validBefore"},
		"an address that is none":     {set("payload", "from", "0x12"), mpp.ErrPayload, "payload.from"},
		"a nonce that is too short":   {set("payload", "nonce", "0x12"), mpp.ErrPayload, "payload.nonce"},
	} {
		t.Run(name, func(t *testing.T) {
			members := tree(t)
			c.change(members)
			got, err := mpp.DecodeCredential(encoded(t, members))
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			var place *x402.DecodeError
			if errors.As(err, &place); place != nil && place.Path != c.path || place == nil && c.path != "" {
				t.Errorf("%v is not about %q", err, c.path)
			}
			if named := got != nil && got.Challenge.ID != ""; named != !errors.Is(err, mpp.ErrMalformed) {
				t.Errorf("%v comes with %+v", err, got)
			}
			bounded(t, err)
		})
	}
}

func TestAHeaderThatIsNoCredentialIsRefused(t *testing.T) {
	_, c := paid(t)
	header, err := c.Header()
	if err != nil {
		t.Fatal(err)
	}
	large := base64.RawURLEncoding.EncodeToString([]byte(`{"a":"` + strings.Repeat("b", mpp.MaxBytes) + `"}`))
	for name, values := range map[string][]string{
		"two":                    {header, header},
		"what mppx tries":        {"Payment dGhpcyBpcyBnYXJiYWdl"},
		"no base64url":           {"Payment e30+"},
		"parameters":             {`Payment id="a"`},
		"nothing behind it":      {"Payment ,"},
		"what is too large":      {"Payment " + large},
		"an unreadable header":   {header + `, Digest a="`},
		"a name with a bad sign": {"P\x00, " + header},
	} {
		if c, err := mpp.ParseAuthorization(values); !errors.Is(err, mpp.ErrMalformed) || c != nil {
			t.Errorf("%s: %v, %+v", name, err, c)
		}
	}
}

func TestAnOpaqueOfOlderClientsIsTakenForWhatWasIssued(t *testing.T) {
	i, want := paid(t)
	bound, err := want.Challenge.Bound()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"opaque", "meta"} {
		members := tree(t)
		challenge := members["challenge"].(map[string]any)
		for member, value := range map[string]any{"id": want.Challenge.ID, "opaque": nil, "meta": nil, name: bound} {
			challenge[member] = value
		}
		members["payload"].(map[string]any)["nonce"] = want.Challenge.Nonce()
		credential, err := mpp.DecodeCredential(encoded(t, members))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := i.Check(credential, then); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatCannotBePaidByAnAuthorizationIsNotSigned(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*mpp.Challenge)
		want   error
	}{
		"another method":        {func(c *mpp.Challenge) { c.Method = "tempo" }, mpp.ErrUnsupported},
		"another intent":        {func(c *mpp.Challenge) { c.Intent = "session" }, mpp.ErrUnsupported},
		"no types":              {replaced(`"credentialTypes":["authorization"]`, `"a":1`), mpp.ErrUnsupported},
		"other types":           {replaced(`["authorization"]`, `["hash","permit2"]`), mpp.ErrUnsupported},
		"money for several":     {replaced(`"chainId"`, `"splits":[{"amount":"1"}],"chainId"`), mpp.ErrUnsupported},
		"no chain":              {replaced(`"chainId":84532`, `"a":1`), mpp.ErrMalformed},
		"chain 0":               {replaced("84532", "0"), mpp.ErrMalformed},
		"a price that is none":  {replaced(`"1000"`, `"1.5"`), mpp.ErrMalformed},
		"a recipient of no use": {replaced(payee.Hex(), "0x"), mpp.ErrMalformed},
		"details that are text": {replaced(`"methodDetails":{`, `"methodDetails":"x","a":{`), mpp.ErrMalformed},
		"a time that is none":   {func(c *mpp.Challenge) { c.Expires = "soon" }, mpp.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, challenge := issued(t, nil)
			c.change(challenge)
			_, err := challenge.Authorize(payer, then)
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			bounded(t, err)
		})
	}
}

// replaced changes a request.
func replaced(from, to string) func(*mpp.Challenge) {
	return func(c *mpp.Challenge) { c.Request = []byte(strings.Replace(string(c.Request), from, to, 1)) }
}

func TestAnAuthorizationForAChallengeWithoutAnEndIsGoodForMinutes(t *testing.T) {
	_, c := issued(t, nil)
	c.Expires = ""
	credential, err := c.Authorize(payer, then)
	if want := uint64(then.Add(5 * time.Minute).Unix()); err != nil || credential.Authorization.ValidBefore != want {
		t.Errorf("%v, %+v, want it until %d", err, credential, want)
	}
}
