package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// pausing is a way to a shop on which something happens after the shop has answered an
// order, and before its answer arrives.
func pausing(t testing.TB, shop *shoptest.Shop) (string, *atomic.Pointer[func()]) {
	t.Helper()
	target, err := url.Parse(strings.TrimSuffix(shop.URL, "/mcp"))
	if err != nil {
		t.Fatal(err)
	}
	meanwhile := new(atomic.Pointer[func()])
	proxy := httputil.NewSingleHostReverseProxy(target)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, r)
		if do := meanwhile.Load(); do != nil && bytes.Contains(body, []byte(onmcp.StateTool)) && meanwhile.CompareAndSwap(do, nil) {
			(*do)()
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(web.Close)
	return web.URL + "/mcp", meanwhile
}

func TestARecoveryBesideCallsOfAnotherProcessAccusesNobody(t *testing.T) {
	shop, refused := counting(t)
	url, meanwhile := pausing(t, shop)
	o := options(t)
	busy := funded(t, url, o)
	buy(t, busy, 2, 0)
	beside := dial(t, url, o)
	calls := func() { buy(t, busy, 3, 0) }
	meanwhile.Store(&calls)
	if entry, err := beside.Recover(t.Context()); err != nil || entry.Charged != 5*price {
		t.Errorf("recovered %+v, %v", entry, err)
	}
	before := refused.Load()
	buy(t, busy, 1, 6*price)
	buy(t, beside, 1, 7*price)
	if n := refused.Load() - before; n != 0 {
		t.Errorf("%d payments were refused after it", n)
	}
	if spent, err := busy.Spent(); err != nil || spent.Total != 7*price || spent.AtRisk != 0 {
		t.Errorf("spent %+v, %v", spent, err)
	}
	holds(t, shop, 10*usdc, 7*price)
}

func TestARecoveryThatFailsLeavesTheBookAsItWas(t *testing.T) {
	var lies atomic.Bool
	for name, test := range map[string]struct {
		says answers
		node bool
		want error
	}{
		"the server shows no proof": {says: func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult { return l.corrects(5*price, nil) }, want: agent.ErrDishonest},
		"the server refuses for another reason": {says: func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return l.refuse(x402.ErrChannelBusy, l.terms)
		}},
		"nobody agrees": {says: func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return l.corrects(9*price, l.proof(9*price, l.payer))
		}, want: agent.ErrOldBook},
		"the nodes disagree": {node: true, want: agent.ErrTerms},
	} {
		t.Run(name, func(t *testing.T) {
			lies.Store(false)
			o := options(t)
			o.RPC += "," + lyingNode(t, &lies, usdc, 500_000)
			o.Agree = func(_ context.Context, _ agent.Finding) (bool, error) { return false, nil }
			l := newLiar(t, o, func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
				if n < 5 {
					return serves(l.receipt(price, vouchers.Amount(n+1)*price))
				}
				return test.says(l, n, p)
			})
			l.announce = true
			client := dial(t, l.url, o)
			buy(t, client, 5, 0)
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
			lies.Store(test.node)
			again := dial(t, l.url, o)
			if _, err := again.Recover(t.Context()); err == nil || !errors.Is(err, test.want) && test.want != nil {
				t.Errorf("the recovery: %v", err)
			}
			lies.Store(false)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			if ch := funds(t, o).Channels[0]; ch.Signed != 5*price || ch.Charged != 5*price {
				t.Errorf("the book has %+v", ch)
			}
		})
	}
}

// behindNode is a node that knows nothing of what came after a moment, until it is let go.
func behindNode(t testing.TB) (string, *atomic.Bool) {
	t.Helper()
	target, err := url.Parse(shoptest.Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	head, err := shoptest.Net.Client.Header(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	stays := new(atomic.Bool)
	stays.Store(true)
	proxy := httputil.NewSingleHostReverseProxy(target)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var call struct {
			ID     json.RawMessage
			Method string
		}
		_ = json.Unmarshal(body, &call)
		answer := ""
		switch {
		case !stays.Load():
		case call.Method == "eth_blockNumber":
			answer = `"0x` + head.Number.Text(16) + `"`
		case call.Method == "eth_getTransactionReceipt":
			answer = "null"
		}
		if answer != "" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":`+string(call.ID)+`,"result":`+answer+`}`)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	return web.URL, stays
}

func TestANodeThatIsBehindMakesNoHonestMoveALie(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	var stays *atomic.Bool
	o.RPC, stays = behindNode(t)
	client := dial(t, shop.URL, o)
	late := func(move func() (agent.Moved, error)) agent.Moved {
		t.Helper()
		stays.Store(true)
		letGo := time.AfterFunc(700*time.Millisecond, func() { stays.Store(false) })
		defer letGo.Stop()
		moved, err := move()
		if err != nil {
			t.Fatal(err)
		}
		return moved
	}
	if moved := late(func() (agent.Moved, error) { return client.Deposit(t.Context(), 3*usdc) }); moved.Balance != 3*usdc {
		t.Errorf("deposited %+v", moved)
	}
	stays.Store(true) // another one behind the same URL
	buy(t, client, 1, price)
	stays.Store(false)
	if moved := late(func() (agent.Moved, error) { return client.Refund(t.Context(), usdc) }); moved.Amount != usdc || moved.Balance != 2*usdc {
		t.Errorf("refunded %+v", moved)
	}
}

func TestANodeThatShowsAnOlderBlockCausesNoTopUp(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	var stays *atomic.Bool
	o.RPC, stays = behindNode(t)
	stays.Store(false)
	o.TopUp = agent.TopUp{Amount: usdc, Below: usdc / 2}
	client := dial(t, shop.URL, o)
	buy(t, client, 1, price)
	stays.Store(true)
	other := dial(t, shop.URL, o)
	buy(t, other, 1, 2*price)
	buy(t, client, 1, 3*price)
	holds(t, shop, usdc, 3*price)
}

func TestAClockThatIsWrongForAMomentForgetsNothingOfToday(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	today := time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)
	for name, wrong := range map[string]time.Time{
		"years ahead": today.AddDate(3, 0, 0), "at its beginning": time.Unix(0, 0), "a day ahead": today.AddDate(0, 0, 1), "a day behind": today.AddDate(0, 0, -1),
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			var now atomic.Pointer[time.Time]
			now.Store(&today)
			o.Now = func() time.Time { return *now.Load() }
			o.Policy.PerDay = 3 * price
			client := funded(t, shop.URL, o)
			buy(t, client, 2, 0)
			now.Store(&wrong)
			buy(t, client, 1, 3*price)
			now.Store(&today)
			if wrong.Before(today) { // what was spent then is of another day
				buy(t, client, 1, 4*price)
			}
			refusal(t, client)
		})
	}
}

func TestWhatAnIdleProcessDidNotUseIsGivenBackToOthers(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	o.Policy.Total = 10_500
	idle := funded(t, shop.URL, o)
	if result, _, err := idle.CallTool(t.Context(), "unreliable", nil); err != nil || !result.IsError { // asks for 10,000, and fails
		t.Fatalf("the call gave %+v, %v", result, err)
	}
	busy := dial(t, shop.URL, o)
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, receipt, err := busy.CallTool(t.Context(), "work", nil)
		if receipt.Charged == price {
			return
		}
		if !errors.Is(err, agent.ErrPolicy) || time.Now().After(deadline) {
			t.Fatalf("the other process's call: %+v, %v", receipt, err)
		}
	}
}
