package credit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
)

// FuzzParse reads hostile text. What is read comes back as the same text, and no
// server spends what it has not minted.
func FuzzParse(f *testing.F) {
	s := newShop(f)
	_, token := s.grant(full)
	sub, err := token.Attenuate(macaroon.Scope{Budget: 1, Tools: []string{"fetch"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", macaroon.Prefix, token.Text(), sub.Text(), sub.Text()[:80]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := macaroon.Parse(text)
		if err != nil {
			if !errors.Is(err, macaroon.ErrToken) {
				t.Fatalf("%v", err)
			}
		} else if parsed.Text() != text {
			t.Fatal("another text for the same token")
		}
		if text == token.Text() || text == sub.Text() {
			return
		}
		if spend, err := s.Spend(context.Background(), text, credit.Call{Tool: "fetch", Price: 1}); err == nil {
			spend.Release()
			t.Fatal("a token that nobody minted was spent")
		}
	})
}

// FuzzParseCaveat reads hostile caveats. There is one text for each.
func FuzzParseCaveat(f *testing.F) {
	caveats, err := full.Caveats()
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range caveats {
		f.Add(c.String())
	}
	f.Add("channel=0x105528f849f750512b35bc0f1cdf57016e517a71bbea2728461b588217bb2fcb")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := macaroon.ParseCaveat(text)
		if err != nil {
			if !errors.Is(err, macaroon.ErrCaveat) {
				t.Fatal(err)
			}
			return
		}
		if again, err := macaroon.ParseCaveat(c.String()); err != nil || again != c || c.String() != text {
			t.Fatalf("%q became %q, %v", text, again, err)
		}
	})
}

// FuzzRate reads what people type.
func FuzzRate(f *testing.F) {
	for _, seed := range []string{"0.50/1h", "1/1s", "", "1", "/", "1/-1h", "0.1/9999999999h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := macaroon.ParseRate(text)
		if err != nil {
			return
		}
		if caveats, err := (macaroon.Scope{Rate: rate}).Caveats(); err == nil && rate != (macaroon.Rate{}) {
			if _, err := macaroon.ParseCaveat(caveats[0].String()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
