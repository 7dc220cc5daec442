package server_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// metered is a shop that sells "work" at 0.001 USDC at most, with its log.
func metered(t testing.TB, work *tool) (*shoptest.Shop, *lockedBuffer) {
	log := new(lockedBuffer)
	o := shoptest.Options(t)
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	o.Rates = server.Rates{"work": {Price: "0.001", Metered: true}}
	return shoptest.Open(t, o, work.add), log
}

// saying makes "work" report a cost in its result.
func saying(cost any) func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		result := mcp.NewToolResultText("done")
		result.Meta = &mcp.Meta{AdditionalFields: map[string]any{"theirs": "kept", offer.MetaCost: cost}}
		return result, nil
	}
}

func TestAMeteredCallIsChargedWhatItReports(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error)
		want vouchers.Amount
		logs string
	}{
		"a part of the price":          {saying("300"), 300, ""},
		"all of it":                    {saying("1000"), price, ""},
		"more than the price":          {saying("1001"), price, "level=WARN"},
		"nothing":                      {saying("0"), 0, ""},
		"no report":                    {nil, price, "level=WARN"},
		"USDC for atomic units":        {saying("0.0003"), 0, "level=ERROR"},
		"a number":                     {saying(300), 300, ""},
		"a number that is not whole":   {saying(0.5), 0, "level=ERROR"},
		"no number":                    {saying([]int{300}), 0, "level=ERROR"},
		"a sum that is below 0":        {saying("-1"), 0, "level=ERROR"},
		"a sum that is out of range":   {saying("99999999999999999999"), 0, "level=ERROR"},
		"a word of the handler":        {reporting(200), 200, ""},
		"two words of the handler":     {reporting(900, 250), 250, ""},
		"too much said by the handler": {reporting(5 * price), price, "level=WARN"},
	} {
		t.Run(name, func(t *testing.T) {
			shop, log := metered(t, &tool{do: test.do})
			c := regular(t, shop, "payer", usdc)
			got := c.call("work", c.pays(price))
			receipt := got.receipt()
			if got.text() != "done" || *receipt.Extra.ChargedAmount != test.want || *receipt.Extra.ChannelState.ChargedCumulativeAmount != test.want {
				t.Errorf("answered %s, want a charge of %d", got.raw, test.want)
			}
			if strings.Contains(string(got.raw), offer.MetaCost) {
				t.Errorf("the payer is shown the meter: %s", got.raw)
			}
			if test.do != nil && strings.Contains(string(got.raw), "theirs") != !strings.Contains(name, "handler") {
				t.Errorf("the rest of _meta is gone: %s", got.raw)
			}
			if charged := c.ledger(shop).Charged; charged != test.want {
				t.Errorf("the channel was charged %s", charged)
			}
			if text := log.String(); strings.Contains(text, "level=WARN") != (test.logs == "level=WARN") || strings.Contains(text, "level=ERROR") != (test.logs == "level=ERROR") {
				t.Errorf("the log has %q, want %q", text, test.logs)
			}
			if next := c.call("work", c.pays(test.want+price)); next.text() != "done" {
				t.Errorf("a voucher over what was charged is answered %s", next.raw)
			}
		})
	}
}

// reporting makes "work" tell its costs by [server.ReportCost].
func reporting(costs ...vouchers.Amount) func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for _, cost := range costs {
			server.ReportCost(ctx, cost)
		}
		return mcp.NewToolResultText("done"), nil
	}
}

func TestAVoucherOfACallThatHasCostNothingPaysForTheNext(t *testing.T) {
	work := &tool{do: saying("0")}
	shop, _ := metered(t, work)
	c := regular(t, shop, "payer", usdc)
	c.call("work", c.pays(price))
	work.do = saying("400")
	if got := c.callWith(t.Context(), count(2), c.pays(price)); *got.receipt().Extra.ChargedAmount != 400 {
		t.Errorf("the same voucher is answered %s", got.raw)
	}
}

func TestAMeteredCallThatFailsCostsNothing(t *testing.T) {
	shop, _ := metered(t, &tool{do: func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		server.ReportCost(ctx, 500)
		result := mcp.NewToolResultError("half done")
		result.Meta = &mcp.Meta{AdditionalFields: map[string]any{offer.MetaCost: "500"}}
		return result, nil
	}})
	c := regular(t, shop, "payer", usdc)
	got := c.call("work", c.pays(price))
	if *got.receipt().Extra.ChargedAmount != 0 || c.ledger(shop).Charged != 0 || strings.Contains(string(got.raw), offer.MetaCost) {
		t.Errorf("answered %s, charged %s", got.raw, c.ledger(shop).Charged)
	}
}

func TestATokenIsChargedWhatAMeteredCallReports(t *testing.T) {
	shop, _ := metered(t, &tool{do: saying("300")})
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: 2 * price}, 0)
	for spent := vouchers.Amount(300); spent <= 900; spent += 300 {
		got := callOn(t, shop.URL, g.Token, "work", nil)
		var left struct{ Charged, Remaining vouchers.Amount }
		decodeMeta(t, got, onmcp.MetaCredit, &left)
		if *got.receipt().Extra.ChargedAmount != 300 || left.Charged != 300 || left.Remaining != 2*price-spent {
			t.Errorf("after %d it says %+v: %s", spent, left, got.raw)
		}
	}
}

func TestWhatAToolThatIsNotMeteredSaysOfCostsIsDropped(t *testing.T) {
	shop := shoptest.Open(t, selling(t), (&tool{do: saying("1")}).add)
	c := regular(t, shop, "payer", usdc)
	got := c.call("work", c.pays(price))
	if *got.receipt().Extra.ChargedAmount != price || got.result.Meta.AdditionalFields[offer.MetaCost] != nil {
		t.Errorf("answered %s", got.raw)
	}
}

func TestAMeteredRequestIsChargedWhatItsAnswerSays(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Metered: true, Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for cost := range strings.SplitSeq(string(body), ",") {
			switch {
			case cost == "handler":
				server.ReportCost(r.Context(), 150)
			case cost != "":
				w.Header().Add(offer.HeaderCost, cost)
			}
		}
		if strings.HasPrefix(string(body), "500") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})))
	t.Cleanup(route.Close)
	spent := vouchers.Amount(0)
	pay := func(body string) (*http.Response, string) { return c.request(route.URL, body, c.pays(spent+price)) }
	for _, test := range []struct {
		says string
		want vouchers.Amount
	}{{"250", 250}, {"", price}, {"handler", 150}, {"handler,0", 0}, {"2000", price}, {"1,2", 0}, {"1.5", 0}, {"500", 0}} {
		resp, _ := pay(test.says)
		if got := c.charge(resp); got != test.want || resp.Header.Get(offer.HeaderCost) != "" {
			t.Errorf("%q is charged %s, want %d; %v", test.says, got, test.want, resp.Header)
		}
		spent += test.want
	}
	if got := c.ledger(shop).Charged; got != spent {
		t.Errorf("charged %s in all, want %s", got, spent)
	}
	g := c.granted(macaroon.Scope{Budget: price}, spent)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, route.URL, strings.NewReader("250"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+g.Token)
	if resp, body := fetch(t, req); c.charge(resp) != 250 || resp.Header.Get("Chit-Credit-Remaining") != "750" {
		t.Errorf("on credit: %s %s %v", resp.Status, body, resp.Header)
	}
}
