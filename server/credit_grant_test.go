package server_test

import (
	"strings"
	"testing"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/x402"
)

func TestAGrantIsMadeOnceAndOnlyByThePayer(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c, thief := regular(t, shop, "payer", usdc), newCustomer(t, shop, "thief")
	grant := func(arguments token.GrantArguments, payment any) answer {
		return send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, arguments, payment)
	}
	arguments, paid := c.wants(macaroon.Scope{Budget: price}), c.offered(price, price)
	if a := grant(arguments, nil); a.refusal().Accepts[0].Amount != price {
		t.Errorf("without a payment: %s", a.raw)
	}
	stolen := arguments
	stolen.Deadline, stolen.Signature = thief.signed(order.Order{Action: "grant"})
	if a := grant(stolen, paid); a.result == nil || !a.result.IsError || !strings.Contains(a.text(), order.ErrUnsigned.Error()) {
		t.Errorf("with the thief's order: %s", a.raw)
	}
	widened := arguments
	widened.Label = "mine"
	if a := grant(widened, paid); !a.result.IsError {
		t.Errorf("with another label: %s", a.raw)
	}
	if a := grant(arguments, c.offered(price, price-1)); !a.result.IsError {
		t.Errorf("with too low a ceiling: %s", a.raw)
	}
	var first, second token.Granted
	grant(arguments, paid).structured(&first)
	again := grant(arguments, paid)
	again.structured(&second)
	if first.Token != second.Token || *again.receipt().Extra.ChargedAmount != 0 {
		t.Errorf("the same order: the same token %v, %s", first.Token == second.Token, again.raw)
	}
	if got := c.ledger(shop).Aside; got != price {
		t.Errorf("%s aside", got)
	}
	for name, bad := range map[string]token.GrantArguments{
		"no caveats":          {},
		"an unknown caveat":   {Caveats: []string{"budget=1", "colour=red"}},
		"a top-up of nothing": {Grant: &first.Grant.ID},
	} {
		if a := grant(bad, paid); a.result == nil || !a.result.IsError {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}

func TestAnErrorOfTheShopsOwnToolsIsAnsweredWithAReceiptOfNothing(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c, thief := regular(t, shop, "payer", usdc), newCustomer(t, shop, "thief")
	unsigned := c.wants(macaroon.Scope{Budget: price})
	unsigned.Deadline, unsigned.Signature = thief.signed(order.Order{Action: "grant"})
	for name, bad := range map[string]any{
		"no order of the payer's": unsigned,
		"a grant without caveats": token.GrantArguments{},
		"an unknown argument":     map[string]any{"colour": "red"},
	} {
		a := send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, bad, c.offered(price, price))
		if a.result == nil || !a.result.IsError {
			t.Fatalf("%s: %s", name, a.raw)
		}
		r := a.receipt()
		if !r.Success || *r.Extra.ChargedAmount != 0 || r.Extra.ChannelState.ChannelID != c.id || *r.Extra.ChannelState.ChargedCumulativeAmount != 0 {
			t.Errorf("%s: the receipt is %+v", name, r)
		}
		forged := c.offered(price, price)
		forged.Payload.(*x402.VoucherPayload).Voucher.Signature = thief.offered(price, price).Payload.(*x402.VoucherPayload).Voucher.Signature
		if a := send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, bad, forged); a.result.Meta != nil {
			t.Errorf("%s: a stranger is told %s", name, a.raw)
		}
	}
}

func TestThePayerListsTopsUpAndRevokes(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: price}, 0)
	callOn(t, shop.URL, g.Token, "work", nil).receipt()
	ask := func(o order.Order, a token.Arguments) answer {
		a.Action, a.Channel = o.Action, c.id
		a.Deadline, a.Signature = c.signed(o)
		return send(t.Context(), t, shop.URL, onmcp.CreditTool, a, nil)
	}
	topUp := token.GrantArguments{Grant: &g.Grant.ID, Amount: 3 * price}
	topUp.Deadline, topUp.Signature = c.signed(order.Order{Action: "top-up", Subject: order.TopUpSubject(g.Grant.ID, 3*price)})
	for range 2 {
		var topped token.Granted
		send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, topUp, c.offered(3*price, 4*price)).structured(&topped)
		if topped.Grant.Remaining() != 3*price || topped.Token != "" {
			t.Errorf("%+v", topped.Grant)
		}
	}
	callOn(t, shop.URL, g.Token, "work", nil).receipt()
	var list token.GrantList
	ask(order.Order{Action: "list"}, token.Arguments{}).structured(&list)
	if len(list.Grants) != 1 || list.Grants[0].Spent != 2*price || list.Grants[0].Label != "swarm" {
		t.Errorf("%+v", list)
	}
	var report credit.Report
	callOn(t, shop.URL, g.Token, onmcp.CreditTool, token.Arguments{Action: "inspect"}).structured(&report)
	if report.Remaining != 2*price || report.Refused != nil {
		t.Errorf("%+v", report)
	}
	var ended credit.Grant
	ask(order.Order{Action: "revoke", Subject: g.Grant.ID.String()}, token.Arguments{Grant: &g.Grant.ID}).structured(&ended)
	if ended.Ended != credit.EndRevoked || *ended.Returned != 2*price {
		t.Errorf("%+v", ended)
	}
	if code := callOn(t, shop.URL, g.Token, "work", nil).creditRefusal().Code; code != "revoked" {
		t.Errorf("refused with %q", code)
	}
	if got := c.ledger(shop); got.Aside != 0 || got.Charged != 2*price {
		t.Errorf("%s aside, %s charged", got.Aside, got.Charged)
	}
	if a := send(t.Context(), t, shop.URL, onmcp.CreditTool, map[string]any{"action": "list", "channel": c.id, "deadline": 1, "signature": "0x00"}, nil); !a.result.IsError {
		t.Errorf("a list without the payer's order: %s", a.raw)
	}
}

func TestTheOperatorSeesAndEndsGrants(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: price}, 0)
	admin := shop.Operator(t)
	if number, err := admin.RotateCreditKey(t.Context()); err != nil || number != 2 {
		t.Errorf("key %d, %v", number, err)
	}
	grants, err := admin.Grants(t.Context())
	if err != nil || len(grants) != 1 || grants[0].ID != g.Grant.ID {
		t.Errorf("%+v, %v", grants, err)
	}
	if ended, err := admin.RevokeGrant(t.Context(), g.Grant.ID); err != nil || *ended.Returned != price {
		t.Errorf("%+v, %v", ended, err)
	}
	if _, err := admin.RevokeGrant(t.Context(), macaroon.GrantID{1}); err == nil {
		t.Error("a grant that is none was revoked")
	}
}

func TestBudgetsNeverAddUpToMoreThanTheChannelCanPay(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", 10*price)
	c.granted(macaroon.Scope{Budget: 6 * price}, 0)
	a := send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, c.wants(macaroon.Scope{Budget: 5 * price}), c.offered(5*price, 11*price))
	if code := a.code(); code != x402.ErrCumulativeExceedsBalance {
		t.Errorf("refused with %q", code)
	}
	c.granted(macaroon.Scope{Budget: 4 * price}, 6*price)
	if code := c.call("work", c.pays(11*price)).code(); code != x402.ErrCumulativeExceedsBalance {
		t.Errorf("a voucher over the grants: %q", code)
	}
}
