package credit_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	format "gopkg.in/macaroon.v2"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

var full = macaroon.Scope{
	Tools: []string{"search*", "fetch"}, Budget: 5_000_000, PerCall: 50_000, Calls: 1000,
	Rate: macaroon.Rate{Amount: 500_000, Period: time.Hour}, NotBefore: start.Add(-time.Hour), Expires: start.Add(24 * time.Hour),
}

func TestATokenComesBackFromItsText(t *testing.T) {
	s := newShop(t)
	id, token := s.grant(full)
	again, err := macaroon.Parse(token.Text())
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("[channel=%s not_before=1799996400 expires=1800086400 tools=search*,fetch budget=5000000 per_call=50000 calls=1000 rate=500000/3600]", s.channel)
	if got := fmt.Sprint(again.Caveats()); got != want || again.Grant() != id || again.Text() != token.Text() {
		t.Errorf("%s of %s, want %s of %s", got, again.Grant(), want, id)
	}
	if n := len(token.Text()); n > 500 {
		t.Errorf("a token of %d bytes", n)
	}
}

func TestATokenIsNotPrinted(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(full)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("a call", "token", token, "in", struct{ T macaroon.Token }{token})
	for _, text := range []string{fmt.Sprint(token), fmt.Sprintf("%+v %#v %q %x %d", token, token, token, token, token), fmt.Sprintf("%v", []macaroon.Token{token}), log.String()} {
		if strings.Contains(text, macaroon.Prefix) || strings.Contains(text, token.Text()[20:60]) || !strings.Contains(text, token.Fingerprint()) {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestATokenIsNarrowedAndNeverWidened(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(full)
	rate := func(amount, seconds int64) macaroon.Scope {
		return macaroon.Scope{Rate: macaroon.Rate{Amount: vouchers.Amount(amount), Period: time.Duration(seconds) * time.Second}}
	}
	for name, c := range map[string]struct {
		scope  macaroon.Scope
		narrow bool
	}{
		"one of the tools":          {macaroon.Scope{Tools: []string{"fetch"}}, true},
		"a part of a glob":          {macaroon.Scope{Tools: []string{"search_*", "search?"}}, true},
		"the same tools":            {macaroon.Scope{Tools: []string{"search*", "fetch"}}, true},
		"another tool":              {macaroon.Scope{Tools: []string{"fetch", "delete"}}, false},
		"every tool":                {macaroon.Scope{Tools: []string{"*"}}, false},
		"a wider glob":              {macaroon.Scope{Tools: []string{"searc*"}}, false},
		"less budget":               {macaroon.Scope{Budget: 1}, true},
		"the same budget":           {macaroon.Scope{Budget: 5_000_000}, true},
		"more budget":               {macaroon.Scope{Budget: 5_000_001}, false},
		"more for a call":           {macaroon.Scope{PerCall: 50_001}, false},
		"more calls":                {macaroon.Scope{Calls: 1001}, false},
		"fewer calls":               {macaroon.Scope{Calls: 999}, true},
		"a later end":               {macaroon.Scope{Expires: start.Add(25 * time.Hour)}, false},
		"an earlier end":            {macaroon.Scope{Expires: start.Add(time.Hour)}, true},
		"an earlier begin":          {macaroon.Scope{NotBefore: start.Add(-2 * time.Hour)}, false},
		"a later begin":             {macaroon.Scope{NotBefore: start.Add(time.Hour)}, true},
		"less in the same period":   {rate(499_999, 3600), true},
		"more in the same period":   {rate(500_001, 3600), false},
		"the same in less time":     {rate(500_000, 3599), false},
		"the same in more time":     {rate(500_000, 7200), true},
		"bursts that are smaller":   {rate(100_000, 60), true},
		"more, but less on average": {rate(900_000, 7200), true},
		"more on average":           {rate(1_000_001, 7200), false},
		"nothing":                   {macaroon.Scope{}, false},
		"a part of it that is more": {macaroon.Scope{Tools: []string{"fetch"}, Budget: 6_000_000}, false},
	} {
		narrower, err := token.Attenuate(c.scope)
		if c.narrow && err != nil || !c.narrow && !errors.Is(err, macaroon.ErrWidening) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(narrower.Caveats()) <= len(token.Caveats()) {
			t.Errorf("%s: no caveat was added", name)
		}
	}
	deep := token
	for i := range 100 {
		next, err := deep.Attenuate(macaroon.Scope{PerCall: 50_000})
		if err != nil {
			if !errors.Is(err, macaroon.ErrToken) || i < 50 {
				t.Errorf("after %d times: %v", i, err)
			}
			return
		}
		deep = next
	}
	t.Error("a token grew without end")
}

// TestAWideningThatWasForcedHasNoEffect adds caveats without asking Attenuate.
func TestAWideningThatWasForcedHasNoEffect(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 100, Tools: []string{"search"}, PerCall: 50, Expires: start.Add(time.Minute)})
	wide := forge(t, token, func(m *format.Macaroon) {
		for _, c := range []string{"budget=1000000", "tools=*", "per_call=1000000", "expires=4000000000"} {
			if err := m.AddFirstPartyCaveat([]byte(c)); err != nil {
				t.Fatal(err)
			}
		}
	})
	s.textRefused(wide, "delete", 10, credit.CodeToolNotAllowed)
	s.textRefused(wide, "search", 51, credit.CodePerCallExceeded)
	for range 2 {
		spend, err := s.Spend(context.Background(), wide, credit.Call{Tool: "search", Price: 50})
		if err != nil {
			t.Fatal(err)
		}
		commit(t, spend, 50)
	}
	s.textRefused(wide, "search", 1, credit.CodeBudgetExhausted)
	s.clock.pass(time.Minute)
	s.textRefused(wide, "search", 1, credit.CodeExpired)
}

// forge changes the macaroon of a token.
func forge(t testing.TB, token macaroon.Token, change func(*format.Macaroon)) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token.Text(), macaroon.Prefix))
	if err != nil {
		t.Fatal(err)
	}
	m := new(format.Macaroon)
	if err := m.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	change(m)
	return text(t, m)
}

func text(t testing.TB, m *format.Macaroon) string {
	t.Helper()
	raw, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return macaroon.Prefix + base64.RawURLEncoding.EncodeToString(raw)
}

// rebuild makes a token with other caveats and the signature of the given one.
func rebuild(t testing.TB, token macaroon.Token, caveats ...string) string {
	t.Helper()
	return forge(t, token, func(m *format.Macaroon) {
		fresh, err := format.New([]byte("a key of the forger"), m.Id(), "", format.V2)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range caveats {
			if err := fresh.AddFirstPartyCaveat([]byte(c)); err != nil {
				t.Fatal(err)
			}
		}
		raw, err := fresh.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		copy(raw[len(raw)-32:], m.Signature())
		*m = format.Macaroon{}
		if err := m.UnmarshalBinary(raw); err != nil {
			t.Fatal(err)
		}
	})
}

func TestATokenThatWasTamperedWithIsRefused(t *testing.T) {
	s, other := newShop(t), newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Tools: []string{"search"}})
	_, foreign := other.grant(macaroon.Scope{Budget: 1000})
	sub := s.narrow(token, macaroon.Scope{Budget: 10})
	var caveats []string
	for _, c := range token.Caveats() {
		caveats = append(caveats, c.String())
	}
	last := len(caveats) - 1
	add := func(caveat string) func(*format.Macaroon) {
		return func(m *format.Macaroon) { _ = m.AddFirstPartyCaveat([]byte(caveat)) }
	}
	if rebuild(t, token, caveats...) != token.Text() {
		t.Fatal("the forger's tool does not work")
	}
	for name, text := range map[string]string{
		"empty":                       "",
		"a prefix alone":              macaroon.Prefix,
		"another prefix":              "xhit_" + token.Text()[5:],
		"cut off":                     token.Text()[:len(token.Text())-1],
		"longer":                      token.Text() + "A",
		"padded":                      token.Text() + "=",
		"with a line break":           token.Text()[:40] + "\n" + token.Text()[40:],
		"oversized":                   macaroon.Prefix + strings.Repeat("A", macaroon.MaxText),
		"of another server":           foreign.Text(),
		"the last caveat taken off":   rebuild(t, sub, caveats...),
		"a wider budget":              rebuild(t, token, append(caveats[:last:last], "budget=1000000")...),
		"caveats in another order":    rebuild(t, token, append([]string{caveats[last]}, caveats[:last]...)...),
		"no caveats":                  rebuild(t, token),
		"an unknown caveat":           forge(t, token, add("colour=red")),
		"a caveat without a value":    forge(t, token, add("budget")),
		"a caveat with a sign":        forge(t, token, add("budget=-1")),
		"a caveat of nothing":         forge(t, token, add("budget=0")),
		"a caveat in another form":    forge(t, token, add("budget=010")),
		"a budget without bounds":     forge(t, token, add("budget=9223372036854775808")),
		"a period without bounds":     forge(t, token, add("rate=1/99999999999")),
		"a class in a glob":           forge(t, token, add("tools=[a-z]*")),
		"another channel":             forge(t, token, add("channel=0x"+strings.Repeat("00", 32))),
		"a location":                  forge(t, token, func(m *format.Macaroon) { m.SetLocation("https://elsewhere") }),
		"a third party's caveat":      forge(t, token, func(m *format.Macaroon) { _ = m.AddThirdPartyCaveat([]byte("k"), []byte("id"), "") }),
		"more caveats than are taken": forge(t, token, func(m *format.Macaroon) { many(m, macaroon.MaxCaveats+1) }),
		"signed by the holder":        forge(t, token, func(m *format.Macaroon) { resign(m) }),
	} {
		r := s.textRefused(text, "search", 1, credit.CodeInvalidToken)
		if len(text) > 60 && strings.Contains(r.Error(), text[len(text)-43:]) {
			t.Errorf("%s: the refusal quotes the token: %v", name, r)
		}
	}
	s.buy(token, 1)
}

func many(m *format.Macaroon, n int) {
	for range n {
		_ = m.AddFirstPartyCaveat([]byte("calls=9"))
	}
}

func resign(m *format.Macaroon) {
	fresh, _ := format.New([]byte("a key of the forger"), m.Id(), "", format.V2)
	for _, c := range m.Caveats() {
		_ = fresh.AddFirstPartyCaveat(c.Id)
	}
	*m = *fresh
}

func TestTokensUnderOlderRootKeysStayGood(t *testing.T) {
	s := newShop(t)
	_, old := s.grant(macaroon.Scope{Budget: 1000})
	for range 3 {
		if _, err := s.Keys().Rotate(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, fresh := s.grant(macaroon.Scope{Budget: 1000})
		s.buy(old, 1)
		s.buy(fresh, 1)
		s.restart()
		s.buy(old, 1)
		s.buy(fresh, 1)
	}
}

// TestAGlobThatIsCoveredMatchesNothingNew holds Attenuate's view of tools against
// what the server then allows.
func TestAGlobThatIsCoveredMatchesNothingNew(t *testing.T) {
	s := newShop(t)
	glob := rapid.StringMatching(`[ab?*]{1,6}`)
	rapid.Check(t, func(rt *rapid.T) {
		wide, narrow := glob.Draw(rt, "wide"), glob.Draw(rt, "narrow")
		name := rapid.StringMatching(`[abc]{0,6}`).Draw(rt, "name")
		_, token := s.grant(macaroon.Scope{Budget: 10, Tools: []string{wide}})
		if _, err := token.Attenuate(macaroon.Scope{Tools: []string{narrow}}); err != nil {
			if wide == narrow && !strings.Contains(wide, "?") {
				rt.Fatalf("%q is not within itself", wide)
			}
			return
		}
		_, alone := s.grant(macaroon.Scope{Budget: 10, Tools: []string{narrow}})
		allowed := func(token macaroon.Token) bool {
			spend, err := s.Spend(context.Background(), token.Text(), credit.Call{Tool: name, Price: 1})
			if err == nil {
				spend.Release()
			}
			return err == nil
		}
		if allowed(alone) && !allowed(token) {
			rt.Fatalf("%q passed as a part of %q, which does not match %q", narrow, wide, name)
		}
	})
}
