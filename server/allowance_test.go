package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// decodeMeta decodes what a result says under a key of _meta.
func decodeMeta(t testing.TB, a answer, key string, into any) {
	t.Helper()
	if a.result == nil || a.result.Meta == nil || a.result.Meta.AdditionalFields[key] == nil {
		t.Fatalf("no %s in %s", key, a.raw)
	}
	raw, err := json.Marshal(a.result.Meta.AdditionalFields[key])
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// giving are the options of a shop that sells "work" at 0.001 USDC with an allowance.
func giving(t testing.TB, free server.Allowance) server.Options {
	o := shoptest.Options(t)
	o.Rates = server.Rates{"work": {Price: "0.001", Free: free}}
	return o
}

func TestTheFirstCallsOfAPayerAreFree(t *testing.T) {
	shop := shoptest.Open(t, giving(t, server.Allowance{Calls: 3, Per: 24 * time.Hour}), new(tool).add)
	c, other := regular(t, shop, "payer", usdc), regular(t, shop, "other", usdc)
	if got := c.call("work", nil); got.code() != x402.ErrPaymentRequired {
		t.Errorf("without a payment it is answered %s", got.raw)
	}
	stranger := newCustomer(t, shop, "stranger")
	if got := stranger.call("work", stranger.pays(price)); got.code() != x402.ErrChannelNotFound {
		t.Errorf("without a channel it is answered %s", got.raw)
	}
	for n := range 3 {
		got := c.callWith(t.Context(), count(n), c.pays(price))
		var note offer.FreeNote
		decodeMeta(t, got, offer.MetaFree, &note)
		if got.text() != "done" || *got.receipt().Extra.ChargedAmount != 0 || *note.Calls != uint64(2-n) || note.Amount != nil || note.Per != 86400 {
			t.Errorf("call %d is answered %s", n, got.raw)
		}
	}
	got := c.callWith(t.Context(), count(3), c.pays(price))
	if *got.receipt().Extra.ChargedAmount != price || got.result.Meta.AdditionalFields[offer.MetaFree] != nil {
		t.Errorf("the call after them is answered %s", got.raw)
	}
	if got := other.call("work", other.pays(price)); *got.receipt().Extra.ChargedAmount != 0 {
		t.Errorf("another payer's first call is answered %s", got.raw)
	}
	if c.ledger(shop).Charged != price || other.ledger(shop).Charged != 0 {
		t.Errorf("charged %s and %s", c.ledger(shop).Charged, other.ledger(shop).Charged)
	}
}

func TestAnAllowanceIsByPayerAndNotByChannel(t *testing.T) {
	shop := shoptest.Open(t, giving(t, server.Allowance{Calls: 1}), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	if got := c.call("work", c.pays(price)); *got.receipt().Extra.ChargedAmount != 0 {
		t.Errorf("the first call is answered %s", got.raw)
	}
	c.config.Salt[31] = 1
	c.id = c.domain.ChannelID(c.config)
	c.call("chit_deposit", c.deposits(usdc, 0))
	if got := c.call("work", c.pays(price)); *got.receipt().Extra.ChargedAmount != price {
		t.Errorf("from a second channel it is answered %s", got.raw)
	}
}

func TestAnAllowanceIsCountedOverRestartsAndNotByFailedCalls(t *testing.T) {
	o := giving(t, server.Allowance{Calls: 3})
	work := &tool{do: failing}
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	for n := range 5 {
		if got := c.callWith(t.Context(), count(n), c.pays(price)); !got.result.IsError {
			t.Fatalf("answered %s", got.raw)
		}
	}
	work.do = nil
	c.callWith(t.Context(), count(5), c.pays(price))
	c.callWith(t.Context(), count(6), c.pays(price))
	shop.Stop(t)
	shop = shoptest.Open(t, o, work.add)
	c.url = shop.URL
	for n, want := range []vouchers.Amount{0, price, price} {
		got := c.callWith(t.Context(), count(10+n), c.pays(vouchers.Amount(max(1, n))*price))
		if *got.receipt().Extra.ChargedAmount != want {
			t.Errorf("call %d after the restart is answered %s, want a charge of %d", n, got.raw, want)
		}
	}
}

func TestAFreeCallIsCountedBeforeItsAnswerLeaves(t *testing.T) {
	o := giving(t, server.Allowance{Calls: 3})
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	for had := range 4 {
		if had > 0 {
			c.callWith(t.Context(), count(had), c.pays(price))
		}
		after := o
		after.Store = shoptest.Copy(t, shop) // what a crash would leave
		crashed := shoptest.Open(t, after, new(tool).add)
		there := *c
		there.url = crashed.URL
		free := 0
		for n := range 4 {
			got := there.callWith(t.Context(), count(10+n), there.pays(vouchers.Amount(max(1, n-2+had))*price))
			if *got.receipt().Extra.ChargedAmount == 0 {
				free++
			}
		}
		if free != 3-had {
			t.Errorf("after %d free calls and a crash, %d more are free", had, free)
		}
	}
}

func TestAnAllowanceOfAnAmountIsUsedUpByWhatCallsCost(t *testing.T) {
	o := shoptest.Options(t)
	o.Rates = server.Rates{"work": {Price: "0.001", Quote: perCount, Metered: true, Free: server.Allowance{Amount: price}}}
	work := new(tool)
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	for _, test := range []struct {
		count         int
		reports       vouchers.Amount
		charged, left vouchers.Amount
	}{{6, 600, 0, 400}, {5, 500, 500, 0}, {4, 100, 0, 300}, {3, 0, 0, 0}, {3, 300, 0, 0}, {1, 100, 100, 0}} {
		work.do = reporting(test.reports)
		got := c.callWith(t.Context(), count(test.count), c.offered(vouchers.Amount(100*test.count), c.ledger(shop).Charged+vouchers.Amount(100*test.count)))
		if charged := *got.receipt().Extra.ChargedAmount; charged != test.charged {
			t.Errorf("%+v was charged %s: %s", test, charged, got.raw)
		}
		if test.left > 0 {
			var note offer.FreeNote
			if decodeMeta(t, got, offer.MetaFree, &note); *note.Amount != test.left || note.Calls != nil {
				t.Errorf("%+v leaves %s", test, *note.Amount)
			}
		}
	}
}

func TestACallThatHasCostNothingUsesNoAllowanceUp(t *testing.T) {
	o := shoptest.Options(t)
	o.Rates = server.Rates{"work": {Price: "0.001", Metered: true, Free: server.Allowance{Calls: 1}}}
	work := &tool{do: reporting(0)}
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	for n := range 3 {
		if got := c.callWith(t.Context(), count(n), c.pays(price)); *got.receipt().Extra.ChargedAmount != 0 || got.result.Meta.AdditionalFields[offer.MetaFree] != nil {
			t.Errorf("call %d is answered %s", n, got.raw)
		}
	}
	work.do = reporting(400)
	for n, want := range []vouchers.Amount{0, 400} {
		if got := c.callWith(t.Context(), count(3+n), c.pays(price)); *got.receipt().Extra.ChargedAmount != want {
			t.Errorf("call %d is answered %s, want a charge of %d", 3+n, got.raw, want)
		}
	}
}

func TestManyCallsAtOnceGetTheAllowanceAndNoMore(t *testing.T) {
	const free, calls = 5, 20
	o := giving(t, server.Allowance{Calls: free})
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	var all sync.WaitGroup
	var paid atomic.Int64
	for n := range calls {
		payment := c.identified(c.pays(vouchers.Amount(n+1)*price), identifier+string(rune('a'+n)))
		all.Go(func() {
			got := c.callWith(t.Context(), count(n), payment)
			if got.code() != "" || *got.receipt().Extra.ChargedAmount > 0 {
				paid.Add(1)
			}
			if again := c.callWith(t.Context(), count(n), payment); got.code() == "" && sorted(t, again.raw) != sorted(t, got.raw) {
				t.Errorf("the same again is answered %s, not %s", again.raw, got.raw)
			}
		})
	}
	all.Wait()
	if paid.Load() != calls-free || c.ledger(shop).Charged != (calls-free)*price {
		t.Errorf("%d of %d calls were paid, %s in all", paid.Load(), calls, c.ledger(shop).Charged)
	}
	shop.Stop(t)
	shop = shoptest.Open(t, o, new(tool).add)
	c.url = shop.URL
	if got := c.call("work", c.pays(c.ledger(shop).Charged+price)); *got.receipt().Extra.ChargedAmount != price {
		t.Errorf("after a restart it is answered %s", got.raw)
	}
}

func TestAnAllowanceBeginsAnewAfterItsPeriod(t *testing.T) {
	shop := shoptest.Open(t, giving(t, server.Allowance{Calls: 1, Per: time.Second}), new(tool).add)
	c := regular(t, shop, "payer", 40*usdc)
	var free, paid vouchers.Amount
	for n := 0; free < 3; n++ {
		got := c.callWith(t.Context(), count(n), c.pays((paid+1)*price))
		if *got.receipt().Extra.ChargedAmount == 0 {
			free++
		} else {
			paid++
		}
		if paid == 39_000 {
			t.Fatalf("%d calls were free, all others paid", free)
		}
	}
	if paid == 0 {
		t.Error("three calls in a row were free")
	}
}

func TestToolsShareAPoolAndTokensSpendItsPayersAllowance(t *testing.T) {
	o := shoptest.Options(t)
	o.Prices = nil
	o.Rates = server.Rates{
		"work": {Price: "0.001", Free: server.Allowance{Calls: 2, Pool: "all"}},
		"now":  {Price: "0.001", Free: server.Allowance{Calls: 2, Pool: "all"}},
	}
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: price}, 0)
	if got := c.call("work", c.pays(2*price)); *got.receipt().Extra.ChargedAmount != 0 {
		t.Errorf("the first call: %s", got.raw)
	}
	got := callOn(t, shop.URL, g.Token, "now", nil)
	var left struct{ Charged, Remaining vouchers.Amount }
	if decodeMeta(t, got, onmcp.MetaCredit, &left); left.Charged != 0 || left.Remaining != price {
		t.Errorf("the second call, on credit: %s", got.raw)
	}
	if got := callOn(t, shop.URL, g.Token, "now", nil); *got.receipt().Extra.ChargedAmount != price {
		t.Errorf("the third call: %s", got.raw)
	}
}

func TestTheFirstRequestsOfAPayerAreFree(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }, Free: server.Allowance{Calls: 1}})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	t.Cleanup(route.Close)
	for body, want := range map[string]vouchers.Amount{"": 0} {
		if resp, _ := c.request(route.URL, body, c.pays(price)); c.charge(resp) != want {
			t.Errorf("the first request is charged %s", c.charge(resp))
		}
	}
	if resp, _ := c.request(route.URL, "b", c.pays(price)); c.charge(resp) != price {
		t.Errorf("the second request is charged %s", c.charge(resp))
	}
}

func TestTheListOfToolsSaysWhyACallMayCostLess(t *testing.T) {
	o := selling(t)
	delete(o.Prices, "work")
	o.Rates = server.Rates{"work": {Price: "0.001", Quote: perCount, Metered: true, Free: server.Allowance{Calls: 2, Amount: 500, Per: time.Minute}}}
	shop := shoptest.Open(t, o, new(tool).add)
	var list struct {
		Tools []struct {
			Name string
			Meta map[string]json.RawMessage `json:"_meta"`
		}
	}
	if err := json.Unmarshal(postRaw(t, shop.URL, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`)), &list); err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		note := string(tool.Meta[offer.MetaRate])
		if tool.Name != "work" {
			if note != "" {
				t.Errorf("%s says %s", tool.Name, note)
			}
			continue
		}
		if note != `{"free":{"amount":"500","calls":2,"per":60},"metered":true,"quoted":true}` && note != `{"quoted":true,"metered":true,"free":{"calls":2,"amount":"500","per":60}}` {
			t.Errorf("work says %s", note)
		}
		if required, err := x402.DecodePaymentRequired(tool.Meta[onmcp.MetaPrice]); err != nil || required.Accepts[0].Amount != price {
			t.Errorf("work announces %+v, %v", required, err)
		}
	}
}

func failing(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return mcp.NewToolResultError("no"), nil
}

func TestAllowancesOfOnePoolAreTheSame(t *testing.T) {
	o := selling(t)
	o.Prices = nil
	o.Rates = server.Rates{
		"work": {Price: "0.001", Free: server.Allowance{Calls: 2, Pool: "all"}},
		"now":  {Price: "0.001", Free: server.Allowance{Calls: 2, Per: time.Minute, Pool: "all"}},
	}
	if shop, err := server.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "those of one pool are the same") {
		t.Errorf("opened %v, %v", shop, err)
	}
}
