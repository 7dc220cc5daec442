package agent_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// bounded checks that the liar can take no more than the client's budget counts, and no
// more than the budget allows.
func bounded(t testing.TB, client *agent.Client, l *liar, budget vouchers.Amount) {
	t.Helper()
	spent, err := client.Spent()
	if err != nil {
		t.Fatal(err)
	}
	if most := l.most(); most > spent.Total+spent.AtRisk || most > budget {
		t.Errorf("the server can take %s; the budget of %s counts %+v", most, budget, spent)
	}
}

func TestWhatAServerCanTakeCountsWhateverItSaysOfItsCalls(t *testing.T) {
	for name, says := range map[string]answers{
		"every call fails without a receipt": func(*liar, int, *x402.PaymentPayload) *mcp.CallToolResult {
			return mcp.NewToolResultError("sorry, try again")
		},
		"every call costs nothing": func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return serves(l.receipt(0, 0))
		},
		"every call is refused for good": func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return l.refuse(x402.ErrChannelBusy, l.terms)
		},
		"the voucher that it refuses is charged in full": func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
			kept := ceilingOf(p)
			if n%4 == 3 {
				return serves(l.receipt(0, kept-price))
			}
			return l.corrects(kept, l.proof(kept, l.payer))
		},
		"the voucher of the call before is charged after all": func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
			kept := ceilingOf(p)
			if n%3 == 0 && kept > price {
				return l.corrects(kept-price, l.proof(kept-price, l.payer))
			}
			return serves(l.receipt(0, kept-price))
		},
		"each answer counts all that is signed": func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
			return serves(l.receipt(0, ceilingOf(p)))
		},
		"each price is higher than the one before": func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			terms := l.terms
			terms.Amount = price + vouchers.Amount(n)
			return l.refuse(x402.ErrCumulativeAmountMismatch, terms)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Policy = agent.Policy{MaxPrice: 2 * price, Total: 3 * price}
			l := newLiar(t, o, says)
			client := dial(t, l.url, o)
			for range 20 {
				_, _, _ = client.CallTool(t.Context(), "work", nil)
				bounded(t, client, l, o.Policy.Total)
			}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { _, _, _ = client.CallTool(t.Context(), "work", nil) })
			}
			all.Wait()
			bounded(t, client, l, o.Policy.Total)
		})
	}
}

func TestWhatAServerCanTakeCountsOverNewProcesses(t *testing.T) {
	for name, says := range map[string]answers{
		"that count all that is signed": func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
			return serves(l.receipt(0, ceilingOf(p)))
		},
		"that count what was signed before": func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
			return serves(l.receipt(0, ceilingOf(p)-price))
		},
		"that correct to what was signed before": func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
			if kept := ceilingOf(p); n%2 == 0 {
				return l.corrects(kept, l.proof(kept, l.payer))
			}
			return mcp.NewToolResultError("sorry, try again")
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Policy = agent.Policy{MaxPrice: price, Total: 3 * price}
			l := newLiar(t, o, says)
			for range 10 {
				client, err := agent.Dial(t.Context(), l.url, o)
				if err != nil {
					t.Fatal(err)
				}
				_, _, _ = client.CallTool(t.Context(), "work", nil)
				bounded(t, client, l, o.Policy.Total)
				if err := client.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestMoneyThatAFailedCallLeavesAtRiskPaysForTheNextOne(t *testing.T) {
	o := options(t)
	o.Policy.Total = 2 * price
	l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		if n < 3 {
			return mcp.NewToolResultError("sorry, try again")
		}
		return serves(l.receipt(price, vouchers.Amount(n-2)*price))
	})
	client := dial(t, l.url, o)
	for range 3 {
		if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Paid {
			t.Fatalf("the failing call: %+v, %v", receipt, err)
		}
		if spent, err := client.Spent(); err != nil || spent.Total != 0 || spent.AtRisk != price {
			t.Errorf("after a failed call: %+v, %v", spent, err)
		}
	}
	buy(t, client, 1, price)
	buy(t, client, 1, 2*price)
	if got := refusal(t, client); got.Remaining != 0 {
		t.Errorf("refused with %+v", got)
	}
	if spent, err := client.Spent(); err != nil || spent.Total != 2*price || spent.AtRisk != 0 {
		t.Errorf("in the end: %+v, %v", spent, err)
	}
}

// A seller never takes a ceiling again that stood in a transaction: it counts on from
// there, and charges what it charged.
func TestAServerMayCountFromTheHighestCeilingThatWasSigned(t *testing.T) {
	o := options(t)
	o.Policy.Total = 3 * price
	l := newLiar(t, o, func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
		switch n {
		case 0:
			return serves(l.receipt(0, 0))
		case 1:
			return l.corrects(price, l.proof(price, l.payer))
		}
		return serves(l.receipt(price, ceilingOf(p)))
	})
	client := dial(t, l.url, o)
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Paid {
		t.Fatalf("the call that costs nothing: %+v, %v", receipt, err)
	}
	for n := range vouchers.Amount(2) {
		if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
			t.Fatalf("a call after the offset: %+v, %v", receipt, err)
		}
		if spent, err := client.Spent(); err != nil || spent.Total != (n+1)*price || spent.AtRisk != price || l.most() != (n+2)*price {
			t.Errorf("spent %+v, %v, signed %s", spent, err, l.most())
		}
	}
	if got := refusal(t, client); got.Remaining != 0 {
		t.Errorf("refused with %+v", got)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if ch := funds(t, o).Channels[0]; ch.Charged != 2*price || ch.Offset != price || ch.Available != usdc-2*price {
		t.Errorf("the book has %+v", ch)
	}
}

func TestACountThatIsMovedUpMovesNoCeilingUpByLostCallsBelowIt(t *testing.T) {
	o := options(t)
	const lost = 4
	l := newLiar(t, o, func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
		if n == 1+2*lost {
			return serves(l.receipt(0, ceilingOf(p)))
		}
		return serves(l.receipt(price, price))
	})
	client := dial(t, l.url, o)
	buy(t, client, 1, price)
	l.cut = 2 * lost // each is tried twice
	for range lost {
		if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrUnknownOutcome) {
			t.Fatalf("a lost call: %v", err)
		}
	}
	for range 2 { // the second is answered with what is not true any more
		_, _, _ = client.CallTool(t.Context(), "work", nil)
	}
	if got := l.most(); got != (1+lost+2)*price {
		t.Errorf("%d calls signed %s", 1+lost+2, got)
	}
}

func TestAProcessThatIsKilledForgetsNoCeiling(t *testing.T) {
	shop, refused := counting(t)
	e := newErrand(t, shop.URL)
	buy(t, dial(t, shop.URL, e.killed(t, shop)), 5, 0)
	if n := refused.Load(); n != 0 {
		t.Errorf("%d payments were refused", n)
	}
}

func TestAProcessThatIsKilledForgetsNothingThatItHasSpent(t *testing.T) {
	for name, limit := range map[string]vouchers.Amount{"within a budget": 0, "without one": agent.Unlimited} {
		t.Run(name, func(t *testing.T) {
			shop, _ := counting(t)
			e := newErrand(t, shop.URL)
			e.Total = limit
			for kills := range vouchers.Amount(3) { // each time the last one's is written down, once
				o := e.killed(t, shop)
				client := dial(t, shop.URL, o)
				buy(t, client, 5, 0) // the first tells what became of the call that was cut off
				charged := standing(shop)
				spent, err := client.Spent()
				if most := charged + (kills+1)*price; err != nil || spent.Total < charged || spent.Total > most { // what was held, and not sent, counts
					t.Errorf("the shop has charged %s, the payer has spent %+v, %v", charged, spent, err)
				}
				if err := client.Close(); err != nil {
					t.Fatal(err)
				}
			}
			files, err := filepath.Glob(e.Book + ".live/spending.*")
			if err != nil || len(files) != 0 {
				t.Errorf("left over are %v, %v", files, err)
			}
		})
	}
}

// killed pays for some calls in a process that is killed in the middle of them, and returns
// the options of the next one.
func (e errand) killed(t testing.TB, shop *shoptest.Shop) agent.Options {
	t.Helper()
	e.Callers, e.Calls = 1, 1_000_000
	doomed, before := e.start(t), standing(shop)
	doomed.begin(t)
	for range time.Tick(time.Millisecond) {
		if standing(shop) >= before+20*price {
			break
		}
	}
	if err := doomed.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = doomed.command.Wait()
	o, err := e.options()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// standing is what a shop has charged in its only channel.
func standing(shop *shoptest.Shop) (charged vouchers.Amount) {
	for channel := range shop.Ledger.Channels() {
		charged = channel.Charged
	}
	return charged
}
