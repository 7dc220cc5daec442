package server_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// pausing does something when the shop logs a text: between a handler's return and the
// charge, where the text is what is said of a cost above the price.
type pausing struct {
	slog.Handler
	at string
	do func()
}

func (pausing) Enabled(context.Context, slog.Level) bool { return true }

func (p pausing) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, p.at) {
		p.do()
	}
	return nil
}

// leaving is a shop whose client goes away after the handler of "work" has returned a
// good result, and before that is charged.
func leaving(t *testing.T) (shop *shoptest.Shop, work *tool, gone func() (context.Context, func(context.Context))) {
	t.Helper()
	var hangUp context.CancelFunc
	var during context.Context
	o := selling(t)
	delete(o.Prices, "work")
	o.Rates = server.Rates{"work": {Price: "0.001", Metered: true}}
	o.Logger = slog.New(pausing{slog.DiscardHandler, "has cost more than", func() {
		if hangUp != nil {
			hangUp()
			<-during.Done()
		}
	}})
	work = &tool{do: func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		during = ctx
		server.ReportCost(ctx, 2*price)
		return mcp.NewToolResultText("done"), nil
	}}
	shop = shoptest.Open(t, o, work.add)
	return shop, work, func() (context.Context, func(context.Context)) {
		ctx, cancel := context.WithCancel(t.Context())
		hangUp = cancel
		return ctx, func(c context.Context) { during = c }
	}
}

func TestAGoodResultIsChargedAndKeptThoughItsClientHasGone(t *testing.T) {
	shop, work, gone := leaving(t)
	c := regular(t, shop, "payer", usdc)
	ctx, _ := gone()
	if got := c.callWith(ctx, nil, c.pays(price)); !errors.Is(got.err, context.Canceled) {
		t.Fatalf("the client that went away got %s, %v", got.raw, got.err)
	}
	eventually(t, "the charge", func() bool { return c.ledger(shop).Charged == price })
	if got := c.callWith(t.Context(), nil, c.pays(price)); got.text() != "done" || work.runs.Load() != 1 {
		t.Errorf("the same payment again: %s, after %d runs", got.raw, work.runs.Load())
	}
}

func TestAGoodResultOnATokenIsChargedThoughItsClientHasGone(t *testing.T) {
	shop, work, gone := leaving(t)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: 5 * price, Tools: []string{"work"}}, 0)
	ctx, _ := gone()
	body := callBody(t, map[string]any{"name": "work", "_meta": map[string]any{onmcp.MetaCredit: g.Token, onmcp.MetaCallID: "again-and-again-1"}})
	if got := post(ctx, t, shop.URL, body); !errors.Is(got.err, context.Canceled) {
		t.Fatalf("the client that went away got %s, %v", got.raw, got.err)
	}
	eventually(t, "the charge", func() bool { return c.ledger(shop).Charged == price })
	if got := post(t.Context(), t, shop.URL, body); got.text() != "done" || work.runs.Load() != 1 {
		t.Errorf("the same call again: %s, after %d runs", got.raw, work.runs.Load())
	}
}

func TestAGoodAnswerOfARouteIsChargedThoughItsClientHasGone(t *testing.T) {
	shop, _, gone := leaving(t)
	c := regular(t, shop, "payer", usdc)
	ctx, during := gone()
	runs := 0
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "GET /", Metered: true, Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runs++
		during(r.Context())
		w.Header().Set(offer.HeaderCost, "2000")
		_, _ = io.WriteString(w, "sunny")
	})))
	t.Cleanup(route.Close)
	if status, body, err := getPaid(ctx, t, route.URL, c.pays(price)); !errors.Is(err, context.Canceled) {
		t.Fatalf("the client that went away got %d %q, %v", status, body, err)
	}
	eventually(t, "the charge", func() bool { return c.ledger(shop).Charged == price })
	if status, body, err := getPaid(t.Context(), t, route.URL, c.pays(price)); body != "sunny" || runs != 1 {
		t.Errorf("the same payment again: %d %q, %v, after %d runs", status, body, err, runs)
	}
}

func TestAnAnswerOfARouteThatIsLongerThanTheLimitIsNotCharged(t *testing.T) {
	o := selling(t)
	o.Limits.Answer = 1 << 10
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	size := 1 << 10
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "GET /", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) })))
	t.Cleanup(route.Close)
	if status, body, err := getPaid(t.Context(), t, route.URL, c.pays(price)); status != http.StatusOK || len(body) != size || err != nil {
		t.Errorf("an answer of the limit: %d with %d bytes, %v", status, len(body), err)
	}
	size++
	if status, body, err := getPaid(t.Context(), t, route.URL, c.pays(2*price)); status != http.StatusBadGateway || !strings.Contains(body, "not charged") || err != nil {
		t.Errorf("a longer one: %d %q, %v", status, body, err)
	}
	if ch := c.ledger(shop); ch.Charged != price || shop.LimitHits()["answer"] != 1 {
		t.Errorf("charged %s; the limits met are %v", ch.Charged, shop.LimitHits())
	}
}

// getPaid gets a page by a payment.
func getPaid(ctx context.Context, t testing.TB, url string, payment *x402.PaymentPayload) (status int, body string, err error) {
	t.Helper()
	header, err := x402.EncodeHeader(payment)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(x402.HeaderPaymentSignature, header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestACancelledCallCostsWhatTheSellerSays(t *testing.T) {
	for _, test := range []struct {
		name    string
		rate    server.Rate
		counts  vouchers.Amount // what the meter has counted by then
		charged vouchers.Amount
	}{
		{"nothing", server.Rate{Price: "0.001"}, 0, 0},
		{"nothing, where failures are charged", server.Rate{Price: "0.001", ChargeFailed: true}, 0, 0},
		{"its price", server.Rate{Price: "0.001", ChargeCancelled: true}, 0, price},
		{"what its meter has counted", server.Rate{Price: "0.001", Metered: true, ChargeCancelled: true}, 300, 300},
		{"nothing, where its meter has counted nothing", server.Rate{Price: "0.001", Metered: true, ChargeCancelled: true}, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := selling(t)
			delete(o.Prices, "work")
			o.Rates = server.Rates{"work": test.rate}
			started, ended := make(chan struct{}), make(chan struct{})
			work := &tool{do: func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				if test.counts > 0 {
					server.ReportCost(ctx, test.counts)
				}
				close(started)
				<-ctx.Done()
				defer close(ended)
				return nil, ctx.Err()
			}}
			shop := shoptest.Open(t, o, work.add)
			c := regular(t, shop, "payer", usdc)
			ctx, hangUp := context.WithCancel(t.Context())
			gone := make(chan answer)
			go func() { gone <- c.callWith(ctx, nil, c.pays(price)) }()
			<-started
			hangUp()
			<-gone
			<-ended
			eventually(t, "the end", func() bool { return c.ledger(shop).InFlight == 0 })
			if got := c.ledger(shop).Charged; got != test.charged {
				t.Errorf("charged %s, want %s", got, test.charged)
			}
		})
	}
}

func TestAFailureCostsWhatTheSellerSays(t *testing.T) {
	failing := func(result *mcp.CallToolResult, err error) func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return result, err }
	}
	for _, test := range []struct {
		name    string
		rate    server.Rate
		do      func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error)
		charged vouchers.Amount
		says    string
	}{
		{"a result that is an error", server.Rate{Price: "0.001", ChargeFailed: true}, failing(mcp.NewToolResultError("no such page"), nil), price, "no such page"},
		{"a Go error", server.Rate{Price: "0.001", ChargeFailed: true}, failing(nil, errors.New("the disk is gone")), price, "the disk is gone"},
		{"no result", server.Rate{Price: "0.001", ChargeFailed: true}, failing(nil, nil), price, "gave no result"},
		{"a panic", server.Rate{Price: "0.001", ChargeFailed: true}, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("at the wheel") }, 0, "at the wheel"},
		{"one that is metered", server.Rate{Price: "0.001", Metered: true, ChargeFailed: true}, func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			server.ReportCost(ctx, 300)
			return mcp.NewToolResultError("no such page"), nil
		}, 300, "no such page"},
		{"one of a tool that charges for cancelled calls", server.Rate{Price: "0.001", ChargeCancelled: true}, failing(mcp.NewToolResultError("no such page"), nil), 0, "no such page"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := selling(t)
			delete(o.Prices, "work")
			o.Rates = server.Rates{"work": test.rate}
			shop := shoptest.Open(t, o, (&tool{do: test.do}).add)
			c := regular(t, shop, "payer", usdc)
			got := c.call("work", c.pays(price))
			if said := string(got.raw) + got.failure; !strings.Contains(said, test.says) {
				t.Errorf("answered %q, want word of %q", said, test.says)
			}
			if c.ledger(shop).Charged != test.charged {
				t.Errorf("charged %s, want %s", c.ledger(shop).Charged, test.charged)
			}
			if test.charged == 0 {
				return
			}
			if said := got.receipt(); !got.result.IsError || *said.Extra.ChargedAmount != test.charged {
				t.Errorf("the receipt says %s", *said.Extra.ChargedAmount)
			}
		})
	}
}

func TestUnchargedCallsHaveALimitForWhoHasProvedToPay(t *testing.T) {
	now := time.Now()
	o := selling(t)
	o.Now, o.Limits.UnchargedCalls, o.Limits.UnchargedPer = func() time.Time { return now }, 3, time.Hour
	fails := true
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if fails {
			return mcp.NewToolResultError("no such page"), nil
		}
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	other := *c // another channel that names the same payer
	other.config.Salt = common.Hash{1}
	other.id = other.domain.ChannelID(other.config)
	other.deposit(usdc).given("a deposit")
	for range 3 {
		if got := c.call("work", c.pays(price)); got.text() != "no such page" {
			t.Fatalf("a call that fails: %s", got.raw)
		}
	}
	c.call("work", c.pays(price)).waits(x402.ErrChannelBusy, "unchargedCalls")
	if work.runs.Load() != 3 || c.ledger(shop).InFlight != 0 || shop.LimitHits()["unchargedCalls"] != 1 {
		t.Errorf("%d runs, the channel is %+v, the limits met are %v", work.runs.Load(), c.ledger(shop), shop.LimitHits())
	}
	if got := other.call("work", other.pays(price)); got.text() != "no such page" {
		t.Errorf("another channel: %s", got.raw)
	}
	if got := send(t.Context(), t, shop.URL, "hash", map[string]any{"text": "a"}, c.pays(price)); got.result == nil || got.result.IsError {
		t.Errorf("another tool: %s", got.raw)
	}
	now = now.Add(time.Hour)
	fails = false
	spent := c.ledger(shop).Charged
	for n := range 5 { // a call that is charged makes up for one that is not
		fails = true
		c.callWith(t.Context(), map[string]any{"fails": n}, c.pays(spent+vouchers.Amount(n+1)*price))
		fails = false
		if got := c.callWith(t.Context(), map[string]any{"n": n}, c.pays(spent+vouchers.Amount(n+1)*price)); got.text() != "done" {
			t.Fatalf("call %d: %s", n, got.raw)
		}
	}
}

func TestCallsThatRunCountUntilTheyAreCharged(t *testing.T) {
	o := selling(t)
	o.Limits.UnchargedCalls = 2
	goOn := make(chan struct{})
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		<-goOn
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	running := make(chan answer, 2)
	for n := range 2 {
		payment := c.pays(vouchers.Amount(n+1) * price)
		go func() { running <- c.callWith(t.Context(), map[string]any{"n": n}, payment) }()
		until(t, "a call runs", func() bool { return work.runs.Load() == int64(n+1) })
	}
	third := c.pays(3 * price)
	c.call("work", third).waits(x402.ErrChannelBusy, "2 calls of work are running")
	close(goOn)
	for range 2 {
		if got := <-running; got.text() != "done" {
			t.Errorf("a call that ran: %s", got.raw)
		}
	}
	if got := c.call("work", third); got.text() != "done" {
		t.Errorf("the third, later: %s", got.raw)
	}
}

func TestUnchargedCallsOnATokenHaveALimitThatLeavesItsPayerAlone(t *testing.T) {
	o := selling(t)
	o.Limits.UnchargedCalls = 2
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("no such page"), nil
	}}
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: 5 * price, Tools: []string{"work"}}, 0)
	for range 2 {
		if got := callOn(t, shop.URL, g.Token, "work", nil); got.text() != "no such page" {
			t.Fatalf("a call that fails: %s", got.raw)
		}
	}
	if refused := callOn(t, shop.URL, g.Token, "work", nil).creditRefusal(); refused.Code != string(credit.CodeRateLimited) || refused.RetryAfter == 0 || !strings.Contains(refused.Message, "unchargedCalls") {
		t.Errorf("the third is refused with %+v", refused)
	}
	if got := c.call("work", c.pays(6*price)); got.text() != "no such page" {
		t.Errorf("the payer itself: %s", got.raw)
	}
}
