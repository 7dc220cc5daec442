package agent_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// address is a place at which a shop will be.
func address(t testing.TB) (origin string, opens func(url string)) {
	t.Helper()
	var shop atomic.Pointer[http.Handler]
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*shop.Load()).ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	return web.URL, func(url string) {
		there := split(t, url, http.NotFoundHandler())
		shop.Store(&there)
	}
}

// heir serves at the place of a server that has ended what is at another one.
func heir(t testing.TB, place, url string) {
	t.Helper()
	at, err := neturl.Parse(place)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	web := &httptest.Server{Listener: listener, Config: &http.Server{Handler: split(t, url, http.NotFoundHandler())}}
	web.Start()
	t.Cleanup(web.Close)
}

func TestAShopThatMovesProvesItAndIsPaidFromTheChannelOfItsOldPlace(t *testing.T) {
	before := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	client, err := agent.Dial(t.Context(), before.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Deposit(t.Context(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	buy(t, client, 1, price)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	before.Stop(t)
	to, opens := address(t)
	later := before.Options
	later.MovedFrom = []server.Move{{From: strings.ToUpper(before.URL), To: to}}
	after := shoptest.Open(t, later, work)
	opens(after.URL)
	moved := dial(t, to+"/mcp", o)
	if _, receipt, err := moved.CallTool(t.Context(), "work", nil); err != nil || receipt.Cumulative != 2*price {
		t.Errorf("at the new place: %+v, %v", receipt, err)
	}
	if all := funds(t, o).Channels; len(all) != 1 || all[0].Server != to+"/mcp" || all[0].Charged != 2*price {
		t.Errorf("the book has %+v", all)
	}
	// Whoever has the old place now is not paid from the channel.
	l := newLiar(t, o, func(*liar, int, *x402.PaymentPayload) *mcp.CallToolResult { return serves(nil) })
	for channel := range after.Ledger.Channels() {
		l.terms.PayTo, l.terms.Extra.ReceiverAuthorizer, l.terms.Extra.WithdrawDelay = channel.Config.Receiver, channel.Config.ReceiverAuthorizer, channel.Config.WithdrawDelay
	}
	heir(t, before.URL, l.url)
	if _, _, err := dial(t, before.URL, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrTerms) || !strings.Contains(err.Error(), to) {
		t.Errorf("at the old place: %v", err)
	}
	if n := len(l.seen()); n > 0 {
		t.Errorf("%d payments were signed there", n)
	}
}

func TestWithoutAGoodStatementAShopAtAnotherPlaceIsAnotherShop(t *testing.T) {
	for name, bend := range map[string]func(l *liar, to string, m *extension.Move){
		"somebody else's key": func(l *liar, _ string, m *extension.Move) {
			m.Signature = signedBy(t, l, m, "stranger")
		},
		"for another place": func(l *liar, _ string, m *extension.Move) { m.To = "https://elsewhere.example" },
		"from another place": func(l *liar, _ string, m *extension.Move) {
			m.From = "https://elsewhere.example"
		},
		"that has ended":     func(l *liar, _ string, m *extension.Move) { m.Until = uint64(time.Now().Add(-time.Second).Unix()) },
		"of another network": func(l *liar, _ string, m *extension.Move) { m.Network = "eip155:1" },
	} {
		for _, resigned := range []bool{false, true} {
			if resigned && name == "somebody else's key" {
				continue
			}
			o := options(t)
			l := newLiar(t, o, bentReceipt(func(*x402.SettlementResponse) {}))
			buy(t, dial(t, l.url, o), 1, price)
			to, opens := address(t)
			opens(l.url)
			m := extension.Move{From: l.url, To: to, Network: l.terms.Network, Escrow: *l.terms.Extra.Escrow, Until: uint64(time.Now().Add(time.Hour).Unix())}
			m.Signature = signedBy(t, l, &m, "liar")
			bend(l, to, &m)
			if resigned {
				m.Signature = signedBy(t, l, &m, "liar")
			}
			l.moves = []extension.Move{m}
			if _, _, err := dial(t, to, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrBalance) || len(l.seen()) != 1 {
				t.Errorf("a statement %s (%v): %v, %d payments", name, resigned, err, len(l.seen()))
			}
		}
	}
}

// signedBy signs a statement by a key.
func signedBy(t testing.TB, l *liar, m *extension.Move, role string) []byte {
	t.Helper()
	signature, err := shoptest.Key(l.t, role).SignHash(t.Context(), m.Digest(l.domain().Deployment(), l.config()))
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func TestAChannelWithoutASaltThatNoBookKnowsIsUsedWhenItsOwnerRecoversIt(t *testing.T) {
	l := newLiar(t, options(t), func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		if n == 0 {
			return l.refuse(x402.ErrChannelNotFound, l.terms) // of the recovery: it knows nothing beyond the chain
		}
		return serves(l.receipt(price, price))
	})
	o := options(t)
	o.Key = shoptest.Payer(t, "of an older version")
	l.payer, l.saltless, l.announce = o.Key, true, true
	l.fund(3 * usdc)
	client := dial(t, l.url, o)
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrBalance) || len(l.seen()) > 0 {
		t.Errorf("whoever names the terms of its channel gets %d vouchers, %v", len(l.seen()), err)
	}
	if entry, err := client.Recover(t.Context()); err != nil || entry.Channel != l.id() || entry.Balance != 3*usdc {
		t.Errorf("recovered %+v, %v", entry, err)
	}
	for range 2 { // the second time by the book
		if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Channel != l.id() {
			t.Errorf("the call after it: %+v, %v", receipt, err)
		}
		client = dial(t, l.url, o)
	}
}
