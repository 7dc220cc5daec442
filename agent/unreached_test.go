package agent_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// door is a way to a server that can be shut: nobody answers at its URL then.
type door struct {
	url    string
	target http.Handler
	web    *httptest.Server
}

func newDoor(t testing.TB, server string) *door {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	d := &door{target: httputil.NewSingleHostReverseProxy(target)}
	d.open(t)
	d.url = d.web.URL + "/mcp"
	t.Cleanup(func() { d.web.Close() })
	return d
}

func (d *door) open(t testing.TB) {
	t.Helper()
	web := httptest.NewUnstartedServer(d.target)
	if d.web != nil {
		address := d.web.Listener.Addr().String()
		_ = web.Listener.Close()
		var err error
		if web.Listener, err = net.Listen("tcp", address); err != nil {
			t.Fatal(err)
		}
	}
	web.Config.SetKeepAlivesEnabled(false) // so that every request needs a connection of its own
	web.Start()
	d.web = web
}

func (d *door) shut() { d.web.Close() }

func TestACallThatDidNotLeaveThisMachineIsNotSpent(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	way := newDoor(t, shop.URL)
	o := options(t)
	o.Policy.Total = 3 * price
	client := funded(t, way.url, o)
	way.shut()
	for range 46 {
		if _, receipt, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrUnreached) || errors.Is(err, agent.ErrUnknownOutcome) || receipt.Paid {
			t.Fatalf("a refused dial: %+v, %v", receipt, err)
		}
	}
	way.open(t)
	buy(t, client, 1, price)
	way.shut()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { _, _, _ = client.CallTool(t.Context(), "work", nil) })
	}
	all.Wait()
	if spent, err := client.Spent(); err != nil || spent != (agent.Spent{Today: price, Server: price, Total: price}) {
		t.Errorf("after the refused dials: spent %+v, %v", spent, err)
	}
	way.open(t)
	buy(t, client, 2, 0)
	refusal(t, client)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if ch := funds(t, o).Channels[0]; ch.Charged != 3*price || ch.Signed != 3*price {
		t.Errorf("the book has %+v", ch)
	}
	for channel := range shop.Ledger.Channels() {
		if channel.Charged != 3*price || channel.Ceiling != 3*price {
			t.Errorf("the shop has charged %s under a voucher of %s", channel.Charged, channel.Ceiling)
		}
	}
}

func TestADepositThatDidNotLeaveThisMachineIsNotKept(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	way := newDoor(t, shop.URL)
	o := options(t)
	o.Policy.MaxDeposit = 2 * usdc
	client := dial(t, way.url, o)
	if _, err := client.Deposit(t.Context(), usdc); err != nil {
		t.Fatal(err)
	}
	way.shut()
	for range 3 {
		if _, err := client.Deposit(t.Context(), usdc); !errors.Is(err, agent.ErrUnreached) {
			t.Errorf("a deposit: %v", err)
		}
	}
	way.open(t)
	if moved, err := client.Deposit(t.Context(), 2*usdc); err != nil || moved.Balance != 3*usdc {
		t.Errorf("another deposit: %+v, %v", moved, err)
	}
}

func TestThroughTheProxyARefusedDialIsToldAsOne(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	way := newDoor(t, shop.URL)
	o := options(t)
	if err := funded(t, way.url, o).Close(); err != nil {
		t.Fatal(err)
	}
	b := through(t, way.url, o)
	b.call(t, "work", nil)
	way.shut()
	if got := problem(t, b.call(t, "work", nil)); got.Code != string(agent.CodeUnreached) {
		t.Errorf("it is told as %+v", got)
	}
}

func TestARequestOverHTTPThatDidNotLeaveThisMachineIsNotSpent(t *testing.T) {
	_, page := stall(t)
	way := newDoor(t, page)
	origin := strings.TrimSuffix(way.url, "/mcp")
	o := options(t)
	o.TopUp.Amount = usdc
	client := visit(t, origin, o)
	request := agent.HTTPRequest{URL: origin + "/paid"}
	if _, receipt, err := client.Do(t.Context(), request); err != nil || receipt.Charged != price {
		t.Fatalf("answered with %+v, %v", receipt, err)
	}
	way.shut()
	for range 3 {
		if _, _, err := client.Do(t.Context(), request); !errors.Is(err, agent.ErrUnreached) {
			t.Errorf("a refused dial: %v", err)
		}
	}
	if spent, err := client.Spent(); err != nil || spent.Total != price || spent.AtRisk != 0 {
		t.Errorf("spent %+v, %v", spent, err)
	}
}

// A connection that breaks may have carried the payment.
func TestALaterAnswerSaysWhatBecameOfALostCall(t *testing.T) {
	for name, test := range map[string]struct {
		charged vouchers.Amount // of the lost call
		want    agent.Spent
	}{
		"it was charged":     {price, agent.Spent{Today: 2 * price, Server: 2 * price, Total: 2 * price}},
		"it was not charged": {0, agent.Spent{Today: price, Server: price, Total: price, AtRisk: price}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Policy.Total = 10 * price
			l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				return serves(l.receipt(price, test.charged+price))
			})
			l.cut = 2
			client := dial(t, l.url, o)
			if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrUnknownOutcome) {
				t.Fatalf("the lost call: %v", err)
			}
			if spent, err := client.Spent(); err != nil || spent != (agent.Spent{Today: price, Server: price, Total: price, OnItsWay: price}) {
				t.Errorf("before: %+v, %v", spent, err)
			}
			buy(t, client, 1, test.charged+price)
			if spent, err := client.Spent(); err != nil || spent != test.want {
				t.Errorf("after: %+v, %v", spent, err)
			}
			bounded(t, client, l, o.Policy.Total)
		})
	}
}
