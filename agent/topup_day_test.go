package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// topUpRefused checks that a call is refused for what top-ups may move in a day.
func topUpRefused(t testing.TB, url string, o agent.Options, remaining vouchers.Amount) {
	t.Helper()
	var refused *agent.PolicyError
	_, _, err := dial(t, url, o).CallTool(t.Context(), "work", nil)
	if !errors.As(err, &refused) || refused.Code != agent.CodeDepositExceeded || refused.Remaining != remaining {
		t.Fatalf("the call: %v, want a refusal with %s left", err, remaining)
	}
	until := refused.RetryAt.Format(time.RFC3339)
	if until != "2027-03-05T00:00:00Z" || !strings.Contains(err.Error(), until) || !strings.Contains(err.Error(), "budget.topUpPerDay") {
		t.Errorf("the refusal says %q", err)
	}
}

func TestTheTopUpsOfADayAreBoundedOverAllShops(t *testing.T) {
	shops := make([]*shoptest.Shop, 4)
	for i := range shops {
		more := []func(*mcpserver.MCPServer){work}
		if i == 1 {
			more = append(more, bare) // takes deposits with calls
		}
		shops[i] = shoptest.Open(t, reopened(t, selling(t, "0.001")), more...)
	}
	now := time.Date(2027, 3, 5, 1, 0, 0, 0, time.FixedZone("here", 13*60*60)) // noon of the day before by UTC
	o := options(t)
	o.TopUp.Amount, o.Policy.TopUpPerDay, o.Now = 2*usdc, 5*usdc, func() time.Time { return now }
	buy(t, dial(t, shops[0].URL, o), 1, price)
	buy(t, dial(t, shops[1].URL, o), 1, price)
	topUpRefused(t, shops[2].URL, o, usdc)
	reported(t, o, usdc)

	if _, err := dial(t, shops[2].URL, o).Deposit(t.Context(), 9*usdc); err != nil {
		t.Errorf("a deposit that was typed: %v", err)
	}
	reported(t, o, usdc)
	typed := o
	typed.TopUp = agent.TopUp{Amount: 9 * usdc, Typed: true}
	buy(t, dial(t, shops[3].URL, typed), 1, price)

	fifth := shoptest.Open(t, reopened(t, selling(t, "0.001")), work)
	topUpRefused(t, fifth.URL, o, usdc)
	if _, _, err := dial(t, fifth.URL, o).TopUp(t.Context()); !errors.Is(err, agent.ErrPolicy) {
		t.Errorf("a top-up by its own: %v", err)
	}
	now = now.Add(12 * time.Hour)
	buy(t, dial(t, fifth.URL, o), 1, price)
}

// reported checks what the payer's report says that top-ups of the day may still move.
func reported(t testing.TB, o agent.Options, remaining vouchers.Amount) {
	t.Helper()
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	_, limits, err := treasury.ReadBudget(book, o.Policy, "", o.Now())
	if err != nil {
		t.Fatal(err)
	}
	if last := limits[len(limits)-1]; !strings.Contains(last.Limit, "budget.topUpPerDay") || last.Most != o.Policy.TopUpPerDay || last.Remaining != remaining {
		t.Errorf("the budget has %+v, want %s left", last, remaining)
	}
}

func TestClientsThatTopUpAtOnceKeepTheLimitOfTheDayTogether(t *testing.T) {
	o := options(t)
	now := time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC)
	o.TopUp.Amount, o.Policy.TopUpPerDay, o.Now = 2*usdc, 5*usdc, func() time.Time { return now }
	results := make(chan error)
	for range 4 {
		client := dial(t, shoptest.Open(t, reopened(t, selling(t, "0.001")), work).URL, o)
		go func() {
			_, _, err := client.CallTool(t.Context(), "work", nil)
			results <- err
		}()
	}
	bought := 0
	for range 4 {
		if err := <-results; err == nil {
			bought++
		} else if !errors.Is(err, agent.ErrPolicy) {
			t.Errorf("a call: %v", err)
		}
	}
	if bought != 2 {
		t.Errorf("%d of 4 clients with top-ups of 2 USDC bought, with 5 USDC for the day", bought)
	}
	reported(t, o, usdc)
}

func TestTopUpsThatWereSignedAndNotMadeCountForTheirDay(t *testing.T) {
	now := time.Date(2027, 3, 3, 23, 59, 0, 0, time.UTC)
	o := options(t)
	o.TopUp, o.Policy.TopUpPerDay = agent.TopUp{Amount: 2 * usdc, Below: 3 * usdc}, 3*usdc
	o.Now = func() time.Time { return now }
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.refuse("settlement_failed", l.terms)
	})
	if _, _, err := dial(t, l.url, o).CallTool(t.Context(), "work", nil); err == nil || len(authorizations(l)) != 1 {
		t.Fatalf("%d deposits were signed, %v", len(authorizations(l)), err)
	}
	now = now.Add(2 * time.Minute) // it may yet come in
	topUpRefused(t, shoptest.Open(t, selling(t, "0.001"), work).URL, o, usdc)
}

func TestATopUpThatDidNotLeaveThisMachineDoesNotCount(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	way := newDoor(t, shop.URL)
	o := options(t)
	o.TopUp, o.Policy.TopUpPerDay = agent.TopUp{Amount: 2 * usdc, Below: usdc}, 3*usdc
	client := dial(t, way.url, o)
	if _, err := client.Deposit(t.Context(), usdc/1000); err != nil { // it knows the terms from here on
		t.Fatal(err)
	}
	way.shut()
	if _, _, err := client.TopUp(t.Context()); !errors.Is(err, agent.ErrUnreached) {
		t.Fatalf("a top-up at a shut door: %v", err)
	}
	way.open(t)
	buy(t, dial(t, way.url, o), 1, price)
	o.TopUp.Below = 3 * usdc
	if _, _, err := dial(t, way.url, o).TopUp(t.Context()); !errors.Is(err, agent.ErrPolicy) {
		t.Errorf("a second top-up of the day: %v", err)
	}
}

func TestWithoutAPolicyTheTopUpsOfADayHaveALimit(t *testing.T) {
	o := options(t)
	if err := shoptest.Net.Mint(t.Context(), o.Key.Address(), 200*usdc); err != nil {
		t.Fatal(err)
	}
	o.Policy.PerDay = usdc // says nothing of top-ups
	o.TopUp.Amount = 20 * usdc
	for range 5 {
		buy(t, dial(t, shoptest.Open(t, reopened(t, selling(t, "0.001")), work).URL, o), 1, price)
	}
	sixth := shoptest.Open(t, reopened(t, selling(t, "0.001")), work)
	var refused *agent.PolicyError
	if _, _, err := dial(t, sixth.URL, o).CallTool(t.Context(), "work", nil); !errors.As(err, &refused) || refused.Remaining != 0 || !strings.Contains(refused.Limit, "budget.topUpPerDay") {
		t.Errorf("a sixth shop: %v", err)
	}
	o.TopUp.Amount, o.Policy.MaxDeposit = agent.DefaultTopUpPerDay+50*usdc, agent.DefaultTopUpPerDay+150*usdc // its owner has said so
	buy(t, dial(t, sixth.URL, o), 1, price)
}
