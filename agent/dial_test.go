package agent_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestAClientThatCannotBeRightIsNotMade(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	for _, test := range []struct {
		name string
		url  string
		bend func(*agent.Options)
		want string
	}{
		{"without a key", shop.URL, func(o *agent.Options) { o.Key = nil }, "Key"},
		{"without a token", shop.URL, func(o *agent.Options) { o.Token = common.Address{} }, "Token"},
		{"for another chain", shop.URL, func(o *agent.Options) { o.ChainID = 8453 }, "8453"},
		{"for a token that is none", shop.URL, func(o *agent.Options) { o.Token = escrow.Own.Escrow }, escrow.Own.Escrow.Hex()},
		{"to a web server", web.URL, func(*agent.Options) {}, "does not answer as an MCP server"},
	} {
		o := options(t)
		test.bend(&o)
		client, err := agent.Dial(t.Context(), test.url, o)
		if err == nil {
			t.Errorf("a client %s is made: %v", test.name, client.Close())
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("a client %s: the error does not name %q: %v", test.name, test.want, err)
		}
	}
}

func TestToolsAreListedWithTheirPrices(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.25"), work)
	client := dial(t, shop.URL, options(t))
	tools, err := client.Tools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	prices := map[string]vouchers.Amount{}
	for _, tool := range tools {
		prices[tool.Name] = tool.Price
	}
	want := map[string]vouchers.Amount{"work": 250_000, "hash": 500, "unreliable": 10_000, "now": 0, "text_stats": 0, "primes": 0, "identicon": 0} // without the tools that move money
	if len(prices) != len(want) {
		t.Errorf("the tools are %v", prices)
	}
	for name, price := range want {
		if got, ok := prices[name]; !ok || got != price {
			t.Errorf("%s costs %s, %v", name, got, ok)
		}
	}
}

func TestFreeAndFailedCallsCostNothing(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	client := funded(t, shop.URL, options(t))
	for _, tool := range []string{"now", "unreliable"} {
		result, receipt, err := client.CallTool(t.Context(), tool, nil)
		if err != nil || receipt.Paid || receipt.Charged != 0 || result.IsError != (tool == "unreliable") {
			t.Errorf("%s: %+v, %+v, %v", tool, result, receipt, err)
		}
	}
	buy(t, client, 1, price)
}

func TestATextThatIsTooLongForTheWireIsAnErrorAndNotACharge(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	client := funded(t, shop.URL, options(t))
	if _, _, err := client.CallTool(t.Context(), "hash", map[string]any{"text": strings.Repeat("x", 5<<20)}); err == nil {
		t.Error("a body of five megabytes has no error")
	}
	buy(t, client, 1, price)
}

func TestACallUnderAnEndedContextIsNotMade(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	client := funded(t, shop.URL, options(t))
	buy(t, client, 1, price)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := client.CallTool(ctx, "work", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
	buy(t, client, 1, 2*price)
}
