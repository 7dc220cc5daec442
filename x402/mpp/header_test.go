package mpp_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

var request = base64.RawURLEncoding.EncodeToString([]byte(`{"amount":"1"}`))

func TestChallengesStandBesideThoseOfOtherSchemes(t *testing.T) {
	payment := func(id string) string {
		return fmt.Sprintf(`Payment id="%s", realm="r", method="evm", intent="charge", request="%s"`, id, request)
	}
	for name, c := range map[string]struct {
		values []string
		ids    string
	}{
		"none":                                  {nil, ""},
		"an empty header":                       {[]string{""}, ""},
		"another scheme alone":                  {[]string{`Basic realm="x"`}, ""},
		"a scheme without anything":             {[]string{"Negotiate"}, ""},
		"one":                                   {[]string{payment("a")}, "a"},
		"several in one header":                 {[]string{payment("a") + ", " + payment("b")}, "a b"},
		"several headers":                       {[]string{payment("a"), `Bearer realm="x"`, payment("b")}, "a b"},
		"behind another scheme":                 {[]string{`Basic realm="x", charset="UTF-8", ` + payment("a")}, "a"},
		"before another scheme":                 {[]string{payment("a") + `, Digest realm="x", nonce=abc`}, "a"},
		"between tokens":                        {[]string{"Negotiate YWJj==, " + payment("a") + ", NTLM TlRM="}, "a"},
		"empty elements":                        {[]string{" , ," + payment("a") + ", ,"}, "a"},
		"its name in the values of another":     {[]string{`Basic realm="Payment id=\"no\", Payment x"`}, ""},
		"its name as the beginning of another":  {[]string{`Payments id="no"`}, ""},
		"a name in other letters":               {[]string{strings.Replace(payment("a"), "Payment", "pAYMENT", 1)}, "a"},
		"parameters in other letters":           {[]string{strings.Replace(payment("a"), "method", "METHOD", 1)}, "a"},
		"space around the equals sign":          {[]string{strings.Replace(payment("a"), "method=", "method \t= ", 1)}, "a"},
		"no quotation marks":                    {[]string{strings.ReplaceAll(payment("a"), `"`, "")}, "a"},
		"padding without quotation marks":       {[]string{strings.ReplaceAll(payment("a"), `"`, "") + "=="}, "a"},
		"parameters that nobody knows":          {[]string{payment("a") + `, colour="blue", meta="x"`}, "a"},
		"a needless escape":                     {[]string{strings.Replace(payment("a"), "evm", `\e\v\m`, 1)}, "a"},
		"a quoted pair that looks like unicode": {[]string{payment(`\\u0061`)}, `\u0061`},
		"unicode":                               {[]string{payment(`\u0061\ud83d\udcb8\u00g`)}, "a\U0001F4B8u00g"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := mpp.ParseWWWAuthenticate(c.values)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, challenge := range found {
				ids = append(ids, challenge.ID)
			}
			if got := strings.Join(ids, " "); got != c.ids {
				t.Errorf("found %q, want %q", got, c.ids)
			}
		})
	}
}

func TestWhatIsNoChallengeIsRefused(t *testing.T) {
	good := fmt.Sprintf(`Payment id="a", realm="r", method="evm", intent="charge", request="%s"`, request)
	changed := func(from, to string) []string { return []string{strings.Replace(good, from, to, 1)} }
	encode := base64.RawURLEncoding.EncodeToString
	for name, values := range map[string][]string{
		"a parameter before any scheme":   {`id="a"`},
		"a parameter behind a token":      {`Negotiate YWJj, realm="x"`},
		"no end of a quoted string":       changed(`id="a"`, `id="a`),
		"a backslash at the end":          {good + `, opaque="\`},
		"a scheme that is no token":       {`P@yment id="a"`},
		"a parameter twice":               {good + `, id="b"`},
		"a long parameter twice":          {good + strings.Repeat(", "+strings.Repeat("x", 1000)+"=1", 2)},
		"a token in the place of members": {"Payment YWJj"},
		"no id":                           changed(`id="a", `, ""),
		"an empty id":                     changed(`id="a"`, `id=""`),
		"no realm":                        changed(`realm="r", `, ""),
		"no method":                       changed(`method="evm", `, ""),
		"a method in capitals":            changed("evm", "EVM"),
		"an empty intent":                 changed("charge", ""),
		"no request":                      {`Payment id="a", realm="r", method="evm", intent="charge"`},
		"a request that is no base64url":  changed(request, "e30+"),
		"a request with a line break":     changed(request, `e3\u000a0`),
		"a request that is no JSON":       changed(request, encode([]byte("{"))),
		"a request that is no object":     changed(request, encode([]byte("[]"))),
		"a request with a name twice":     changed(request, encode([]byte(`{"a":1,"a":2}`))),
		"a request that is too deep":      changed(request, encode([]byte(strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100)))),
		"a request that is too large":     changed(request, encode([]byte(`{"a":"`+strings.Repeat("b", mpp.MaxRequest*7/8)+`"}`))),
		"a request that is far too large": changed(request, encode([]byte(`{"a":"`+strings.Repeat("b", mpp.MaxRequest)+`"}`))),
		"a line break in the realm":       changed(`"r"`, `"r\u000a"`),
		"a time that is none":             {good + `, expires="tomorrow"`},
		"a digest of another kind":        {good + `, digest="md5=abc"`},
		"a header that is none":           {good + `, header="X: y"`},
		"headers that are too large":      {good, `Basic realm="` + strings.Repeat("x", mpp.MaxHeader) + `"`},
		"too many challenges":             {strings.Repeat(good+", ", mpp.MaxChallenges+1)},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := mpp.ParseWWWAuthenticate(values)
			if !errors.Is(err, mpp.ErrMalformed) || found != nil {
				t.Fatalf("%v, found %+v", err, found)
			}
			bounded(t, err)
			var place *x402.DecodeError
			if !errors.As(err, &place) || place.Want == "" {
				t.Errorf("%v does not say what was wanted", err)
			}
		})
	}
}

// bounded holds an error against what an error may be like.
func bounded(tb testing.TB, err error) {
	tb.Helper()
	if text := err.Error(); len(text) > 600 || strings.ContainsAny(text, "\n\r\x1b") {
		tb.Errorf("the message is %q", text)
	}
}

func TestTheCredentialGoesIntoAuthorizationUnlessAnotherHeaderIsNamed(t *testing.T) {
	for header, want := range map[string]string{
		"": mpp.HeaderCredential, `, header="AUTHORIZATION"`: mpp.HeaderCredential, `, header="Payment-Authorization"`: mpp.HeaderCredentialBeside,
	} {
		found, err := mpp.ParseWWWAuthenticate([]string{fmt.Sprintf(`Payment id="a", realm="r", method="evm", intent="charge", request="%s"%s`, request, header)})
		if err != nil {
			t.Fatal(err)
		}
		if got := found[0].CredentialHeader(); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
