package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// refusal is the policy's refusal of a call of "work", which must not be paid.
func refusal(t testing.TB, client *agent.Client) *agent.PolicyError {
	t.Helper()
	result, receipt, err := client.CallTool(t.Context(), "work", nil)
	var refused *agent.PolicyError
	if !errors.As(err, &refused) || !errors.Is(err, agent.ErrPolicy) || result != nil || receipt.Paid {
		t.Fatalf("the call gave %+v, %+v, %v", result, receipt, err)
	}
	return refused
}

func TestABudgetIsSpentToItsEndAndNotBeyond(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	tomorrow := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		policy agent.Policy
		want   agent.PolicyError
	}{
		"of one day":             {agent.Policy{PerDay: 2*price + 1}, agent.PolicyError{Limit: "one day", RetryAt: tomorrow}},
		"of one server":          {agent.Policy{PerServer: 2*price + 1}, agent.PolicyError{Limit: "this server"}},
		"of all calls":           {agent.Policy{Total: 2*price + 1}, agent.PolicyError{Limit: "all calls"}},
		"of a tool on one day":   {agent.Policy{Tools: []agent.ToolLimit{{Pattern: "w*", PerDay: 2*price + 1}}}, agent.PolicyError{Limit: "one day of w*", RetryAt: tomorrow}},
		"of a tool in all calls": {agent.Policy{Tools: []agent.ToolLimit{{Pattern: "*r*", Total: 2*price + 1}}}, agent.PolicyError{Limit: "all calls of *r*"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Policy, o.Now = test.policy, func() time.Time { return tomorrow.Add(-time.Hour) }
			client := funded(t, shop.URL, o)
			buy(t, client, 2, 0)
			want := test.want
			want.Code, want.Server, want.Tool, want.Required, want.Remaining = agent.CodeBudgetExhausted, shop.URL, "work", price, 1
			if got := refusal(t, client); *got != want {
				t.Errorf("refused with %+v, want %+v", *got, want)
			}
			if _, receipt, err := client.CallTool(t.Context(), "now", nil); err != nil || receipt.Paid {
				t.Errorf("a free call: %+v, %v", receipt, err)
			}
			if spent, err := client.Spent(); err != nil || spent != (agent.Spent{Today: 2 * price, Server: 2 * price, Total: 2 * price}) {
				t.Errorf("spent %+v, %v", spent, err)
			}
		})
	}
}

func TestADailyBudgetStartsAnewAtMidnightAndATotalDoesNot(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	var now atomic.Pointer[time.Time]
	set := func(at time.Time) { now.Store(&at) }
	o.Now = func() time.Time { return *now.Load() }
	o.Policy = agent.Policy{PerDay: price, Total: 3 * price}
	set(time.Date(2026, 1, 31, 23, 59, 59, 0, time.UTC))
	client := funded(t, shop.URL, o)
	buy(t, client, 1, price)
	refusal(t, client)
	for i := range 2 {
		set(time.Date(2026, 2, 1+40*i, 0, 0, 0, 0, time.UTC)) // days that are long over still count
		buy(t, client, 1, vouchers.Amount(i+2)*price)
		refusal(t, client)
	}
	set(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	if got := refusal(t, client); got.Limit != "all calls" || got.Remaining != 0 || !got.RetryAt.IsZero() {
		t.Errorf("when all is spent the refusal is %+v", got)
	}
}

func TestSeveralProcessesSpendOneBudgetTogether(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	o.Policy.Total = 10 * price
	var all sync.WaitGroup
	var paid, refused atomic.Int64
	for i := range 4 {
		mine := o
		mine.Key = shoptest.Payer(t, fmt.Sprint("payer ", i)) // a channel of its own, the book is shared
		client := funded(t, shop.URL, mine)
		for range 5 {
			all.Go(func() {
				_, receipt, err := client.CallTool(t.Context(), "work", nil)
				switch {
				case err == nil && receipt.Charged == price:
					paid.Add(1)
				case errors.Is(err, agent.ErrPolicy):
					refused.Add(1)
				default:
					t.Errorf("the call: %+v, %v", receipt, err)
				}
			})
		}
	}
	all.Wait()
	if paid.Load() != 10 || refused.Load() != 10 {
		t.Errorf("%d calls were paid and %d refused, want 10 and 10", paid.Load(), refused.Load())
	}
}

func TestABudgetOutlivesTheClientAndFailedCallsComeBackToIt(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	o.Policy.Total = 10_500 // "unreliable" asks for 10,000, and fails
	first := funded(t, shop.URL, o)
	for range 3 {
		if result, receipt, err := first.CallTool(t.Context(), "unreliable", nil); err != nil || !result.IsError || receipt.Paid {
			t.Fatalf("the call gave %+v, %+v, %v", result, receipt, err)
		}
	}
	buy(t, first, 9, 0)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := dial(t, shop.URL, o)
	buy(t, second, 1, 10*price)
	if got := refusal(t, second); got.Remaining != 500 {
		t.Errorf("refused with %+v", got)
	}
}

func TestWhatAPolicyWithoutABudgetSpentCountsWhenABudgetIsSet(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	first := funded(t, shop.URL, o)
	buy(t, first, 3, 0)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	o.Policy.Total = 3 * price
	if got := refusal(t, dial(t, shop.URL, o)); got.Remaining != 0 {
		t.Errorf("refused with %+v", got)
	}
}

func TestACallWithoutAnAnswerIsSpent(t *testing.T) {
	o := options(t)
	o.Policy.Total = 2*price - 1
	l := newLiar(t, o, bentReceipt(func(*x402.SettlementResponse) {}))
	l.cut = 2
	client := dial(t, l.url, o)
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrUnknownOutcome) {
		t.Errorf("a call that is never answered: %v", err)
	}
	if got := refusal(t, client); got.Remaining != price-1 {
		t.Errorf("refused with %+v", got)
	}
}

func TestAPriceThatIsRaisedUnderWayIsHeldAgainstTheBudgetAgain(t *testing.T) {
	o := options(t)
	o.Policy.Total = 3*price - 1
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		terms := l.terms
		terms.Amount = 3 * price
		return l.refuse(x402.ErrCumulativeAmountMismatch, terms)
	})
	client := dial(t, l.url, o)
	if got := refusal(t, client); got.Code != agent.CodeBudgetExhausted || got.Required != 3*price || got.Remaining != 3*price-1 {
		t.Errorf("refused with %+v", got)
	}
	if n := len(l.seen()); n != 1 || l.most() != price {
		t.Errorf("%d payments up to %s were signed", n, l.most())
	}
	if spent, err := client.Spent(); err != nil || spent.Total != 0 {
		t.Errorf("spent %+v, %v", spent, err)
	}
}

func TestServersAndToolsAreAllowedAndDeniedByPattern(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	for name, test := range map[string]struct {
		policy agent.Policy
		code   agent.Code // empty is paid
	}{
		"another server alone":            {agent.Policy{AllowServers: []string{"https://*"}}, agent.CodeServerNotAllowed},
		"this server":                     {agent.Policy{AllowServers: []string{"https://*", "http://127.0.0.1:*/mcp"}}, ""},
		"not this server":                 {agent.Policy{DenyServers: []string{"*127.0.0.1*"}}, agent.CodeServerNotAllowed},
		"other tools alone":               {agent.Policy{AllowTools: []string{"search*", "worker", "wor", "*x*k"}}, agent.CodeToolNotAllowed},
		"this tool":                       {agent.Policy{AllowTools: []string{"search*", "work"}}, ""},
		"all tools but this one":          {agent.Policy{AllowTools: []string{"*"}, DenyTools: []string{"*o*r*"}}, agent.CodeToolNotAllowed},
		"a price that this tool may have": {agent.Policy{Tools: []agent.ToolLimit{{Pattern: "*", MaxPrice: price}}}, ""},
		"a price that it may not have":    {agent.Policy{Tools: []agent.ToolLimit{{Pattern: "wo*k", MaxPrice: price - 1}}}, agent.CodePerCallExceeded},
		"a price that others may not":     {agent.Policy{Tools: []agent.ToolLimit{{Pattern: "hash", MaxPrice: 1}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			funded(t, shop.URL, o)
			o.Policy = test.policy
			limited := dial(t, shop.URL, o)
			if test.code == "" {
				buy(t, limited, 1, price)
			} else if got := refusal(t, limited); got.Code != test.code {
				t.Errorf("refused with %+v", got)
			}
			if _, err := limited.Deposit(t.Context(), usdc); (test.code == agent.CodeServerNotAllowed) != errors.Is(err, agent.ErrPolicy) {
				t.Errorf("a deposit: %v", err)
			}
		})
	}
}

func TestADearCallIsPaidOnlyIfSomebodyAgrees(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	client := funded(t, shop.URL, o)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("nobody is there")
	for name, test := range map[string]struct {
		above vouchers.Amount
		says  func(agent.Proposal) (bool, error)
		want  error
	}{
		"nobody can be asked":  {price - 1, nil, agent.ErrPolicy},
		"it needs no approval": {price, nil, nil},
		"the answer is yes":    {price - 1, func(agent.Proposal) (bool, error) { return true, nil }, nil},
		"the answer is no":     {price - 1, func(agent.Proposal) (bool, error) { return false, nil }, agent.ErrPolicy},
		"there is no answer":   {price - 1, func(agent.Proposal) (bool, error) { return true, gone }, gone},
		"the question is exact": {1, func(p agent.Proposal) (bool, error) {
			return p == agent.Proposal{Server: shop.URL, Tool: "work", Price: price}, nil
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o.Policy = agent.Policy{AskAbove: test.above}
			if test.says != nil {
				o.Policy.Approve = func(_ context.Context, p agent.Proposal) (bool, error) { return test.says(p) }
			}
			client := dial(t, shop.URL, o)
			if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, test.want) {
				t.Errorf("the call: %v", err)
			}
		})
	}
}

func TestARefusalIsReadableForAnAgent(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	o.Policy.Total = price
	client := dial(t, shop.URL, o)
	read := func(err error) string {
		problem, known := agent.Explain(err)
		raw, encodeErr := json.Marshal(problem)
		if !known || encodeErr != nil || problem.Help == "" || problem.Message != err.Error() {
			t.Errorf("%v is explained as %+v, %v", err, problem, known)
		}
		return string(raw)
	}
	_, _, err := client.CallTool(t.Context(), "work", nil)
	if text := read(err); !strings.Contains(text, `"code":"balance_exhausted"`) || !strings.Contains(text, `"required":"1000","remaining":"0"`) {
		t.Errorf("an empty channel is %s", text)
	}
	if _, err := client.Deposit(t.Context(), usdc); err != nil {
		t.Fatal(err)
	}
	buy(t, client, 1, price)
	_, _, err = client.CallTool(t.Context(), "work", nil)
	if text := read(err); !strings.Contains(text, `"code":"budget_exhausted"`) || !strings.Contains(text, `"required":"1000","remaining":"0"`) || !strings.Contains(text, `"limit":"all calls"`) {
		t.Errorf("an empty budget is %s", text)
	}
	_, err = client.Deposit(t.Context(), 500*usdc)
	if text := read(err); !strings.Contains(text, `"code":"wallet_empty"`) {
		t.Errorf("an empty wallet is %s", text)
	}
	if problem, known := agent.Explain(errors.New("connection refused")); known {
		t.Errorf("a lost connection is explained as %+v", problem)
	}
}
