package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// charging answers every payment with a receipt for what it agreed to.
func charging() answers {
	var total vouchers.Amount
	return func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
		total += p.Accepted.Amount
		return serves(l.receipt(p.Accepted.Amount, total))
	}
}

// pays makes a call that costs so much.
func pays(t testing.TB, client *agent.Client, want vouchers.Amount) {
	t.Helper()
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != want {
		t.Fatalf("the call: %+v, %v", receipt, err)
	}
}

func TestAPriceAboveTheAnnouncedOneIsPaidOnlyIfThePolicyAllowsIt(t *testing.T) {
	for name, test := range map[string]struct {
		policy agent.Policy
		asks   vouchers.Amount
		code   agent.Code // empty is paid
	}{
		"what is announced":                 {agent.Policy{}, price, ""},
		"more than is announced":            {agent.Policy{}, 2 * price, agent.CodePriceRaised},
		"much more than is announced":       {agent.Policy{}, usdc, agent.CodePerCallExceeded},
		"more, within a budget of all":      {agent.Policy{Total: usdc}, 2 * price, agent.CodePriceRaised},
		"more, within another tool's":       {agent.Policy{Tools: []agent.ToolLimit{{Pattern: "x*", MaxPrice: usdc}}}, 2 * price, agent.CodePriceRaised},
		"more, within the policy's":         {agent.Policy{MaxPrice: 2 * price}, 2 * price, ""},
		"more, within the tool's":           {agent.Policy{Tools: []agent.ToolLimit{{Pattern: "w*", MaxPrice: 2 * price}}}, 2 * price, ""},
		"more, within what nobody is asked": {agent.Policy{AskAbove: 2 * price}, 2 * price, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Policy = test.policy
			l := newLiar(t, o, charging())
			l.announce = true
			l.raise(test.asks)
			client := dial(t, l.url, o)
			if test.code == "" {
				pays(t, client, test.asks)
			} else if got := refusal(t, client); got.Code != test.code {
				t.Errorf("refused with %+v", got)
			}
			if n := len(l.seen()); (n == 0) != (test.code != "") {
				t.Errorf("%d payments were signed", n)
			}
		})
	}
}

func TestThroughTheProxyAPriceAboveTheListsIsRefused(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, charging())
	l.announce = true
	l.raise(2 * price)
	b := through(t, l.url, o)
	for range 2 {
		got := problem(t, b.call(t, "work", nil))
		if got.Code != string(agent.CodePriceRaised) || got.Required != 2*price || got.Remaining != price || !strings.Contains(got.Message, "--max-price") {
			t.Errorf("told as %+v", got)
		}
		if _, err := b.ListTools(t.Context(), mcp.ListToolsRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.seen()); n != 0 {
		t.Errorf("%d payments were signed", n)
	}
}

func TestAPriceAboveTheLastOneIsRefusedByEveryLaterProcessToo(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, charging())
	first := dial(t, l.url, o)
	pays(t, first, price)
	l.raise(2 * price)
	second := dial(t, l.url, o)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got := refusal(t, second); got.Code != agent.CodePriceRaised || got.Limit != "last paid" || got.Remaining != price {
		t.Errorf("refused with %+v", got)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	o.Policy.MaxPrice = 2 * price
	allowed := dial(t, l.url, o)
	pays(t, allowed, 2*price)
	if err := allowed.Close(); err != nil {
		t.Fatal(err)
	}
	o.Policy.MaxPrice = 0
	pays(t, dial(t, l.url, o), 2*price)
}

func TestWithoutAPolicyACallAndADayHaveALimit(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.1"), work)
	o := options(t)
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return now }
	client := funded(t, shop.URL, o)
	for range agent.DefaultPerDay / agent.DefaultMaxPrice {
		pays(t, client, agent.DefaultMaxPrice)
	}
	got := refusal(t, client)
	if got.Code != agent.CodeBudgetExhausted || got.Limit != "one day by default" || got.Remaining != 0 || got.RetryAt.Day() != 5 {
		t.Errorf("refused with %+v", got)
	}
	dear := shoptest.Open(t, selling(t, "0.100001"), work)
	if got := refusal(t, dial(t, dear.URL, o)); got.Code != agent.CodePerCallExceeded || !strings.Contains(got.Error(), "without a policy one call may take 0.1 USDC") {
		t.Errorf("refused with %+v", got)
	}
	var refused *agent.PolicyError
	_, url := stall(t)
	o.TopUp.Amount = usdc
	if _, _, err := visit(t, url, o).Do(t.Context(), agent.HTTPRequest{URL: url + "/paid"}); !errors.As(err, &refused) || refused.Limit != "one day by default" {
		t.Errorf("a page on the same day: %v", err)
	}
}
