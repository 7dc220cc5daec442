package server_test

import (
	"strings"
	"testing"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/token"
)

func TestOneChannelsGrantsMeetALimitThatKeepsNoOthersBack(t *testing.T) {
	o := selling(t)
	o.Limits.LiveGrants = 2
	o.Limits.RevokedTokens = 1
	shop := shoptest.Open(t, o, new(tool).add)
	c, other := regular(t, shop, "payer", usdc), regular(t, shop, "other", usdc)
	var last token.Granted
	for i := range 2 { // the same scope within a second is the same order
		last = c.granted(macaroon.Scope{Budget: price, Calls: uint64(i + 1)}, c.spoken(shop))
	}
	got := send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, c.wants(macaroon.Scope{Budget: price}), c.offered(price, 3*price))
	if !got.result.IsError || !strings.Contains(got.text(), credit.LimitLiveGrants) {
		t.Errorf("one grant more: %s", got.raw)
	}
	if ch := c.ledger(shop); ch.Aside != 2*price || ch.Reserved != 0 {
		t.Errorf("after it %s are aside, %s reserved", ch.Aside, ch.Reserved)
	}
	other.granted(macaroon.Scope{Budget: price}, 0)
	parent, err := macaroon.Parse(last.Token)
	if err != nil {
		t.Fatal(err)
	}
	sub, err := parent.Attenuate(macaroon.Scope{Budget: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i, refused := range []bool{false, true} {
		made, err := sub.Attenuate(macaroon.Scope{Calls: uint64(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		got := callOn(t, shop.URL, made.Text(), onmcp.CreditTool, token.Arguments{Action: "revoke"})
		if got.result.IsError != refused {
			t.Errorf("revocation %d: %s", i, got.raw)
		}
	}
	if hits := shop.LimitHits(); hits[credit.LimitLiveGrants] != 1 || hits[credit.LimitRevocations] != 1 {
		t.Errorf("the limits were met %v", hits)
	}
}
