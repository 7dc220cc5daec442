package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// meteredRPC passes requests on to the chain and counts them.
func meteredRPC(t testing.TB) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var batch []json.RawMessage
		if json.Unmarshal(body, &batch) != nil {
			batch = make([]json.RawMessage, 1)
		}
		requests.Add(int64(len(batch)))
		answer, err := http.Post(shoptest.Net.Anvil.URL(), "application/json", bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(endpoint.Close)
	return endpoint.URL, requests
}

// madeUp is a channel with a key that nobody knows.
func (c *customer) madeUp(n int) *customer {
	other := *c
	other.key = shoptest.Key(c.t, "made up "+strconv.Itoa(n))
	other.config.Payer, other.config.PayerAuthorizer = other.key.Address(), other.key.Address()
	other.id = other.domain.ChannelID(other.config)
	return &other
}

// from makes the customer one whose requests come by a proxy that has seen this address.
func (c *customer) from(address string) *customer {
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI, out.Host = "", ""
		target, err := out.URL.Parse(c.url)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		out.URL = target
		out.Header.Set("X-Forwarded-For", "198.51.100.9, "+address)
		answer, err := http.DefaultClient.Do(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	c.t.Cleanup(front.Close)
	other := *c
	other.url = front.URL
	return &other
}

func TestNoKindOfUnpaidRequestReachesTheChainMoreOftenThanTheLimit(t *testing.T) {
	for name, ask := range map[string]func(c *customer) answer{
		"a voucher": func(c *customer) answer { return c.call("work", c.pays(price)) },
		"a refund":  func(c *customer) answer { return c.call(onmcp.RefundTool, c.refunds(0, nil)) },
		"a deposit": func(c *customer) answer { return c.call(onmcp.DepositTool, c.deposits(usdc, 0)) },
		"a call with a deposit": func(c *customer) answer {
			return c.call("work", c.deposits(usdc, price))
		},
		"a voucher that nobody has signed": func(c *customer) answer {
			payment := c.pays(price)
			payment.Payload.(*x402.VoucherPayload).Voucher.Signature[3] ^= 1
			return c.call("work", payment)
		},
		"a grant of credit": func(c *customer) answer {
			return send(t.Context(), t, c.url, onmcp.CreditGrantTool, c.wants(macaroon.Scope{Budget: 5 * price}), c.offered(5*price, 5*price))
		},
		"a large call": func(c *customer) answer {
			return c.callWith(t.Context(), map[string]any{"text": strings.Repeat("x", 100<<10)}, c.pays(price))
		},
		"a large call with a deposit": func(c *customer) answer {
			return c.callWith(t.Context(), map[string]any{"text": strings.Repeat("x", 100<<10)}, c.deposits(usdc, price))
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := meteredRPC(t)
			options := selling(t)
			options.RPC, options.Limits.Lookups = url, 1
			shop := shoptest.Open(t, options, new(tool).add)
			c := newCustomer(t, shop, "payer")
			const made, atOnce, perLookup = 60, 10, 6
			before := requests.Load()
			codes := make(map[x402.ErrorCode]int)
			for n := range made {
				codes[ask(c.madeUp(n)).code()]++
			}
			if n := requests.Load() - before; n > (atOnce+5)*perLookup {
				t.Errorf("%d made-up channels cost %d requests to the chain; they are answered with %v", made, n, codes)
			}
			met := shop.LimitHits()
			if codes[""] > 0 || met["lookups"] == 0 && met["largeDeposits"] == 0 && codes[x402.ErrVoucherSignature] == 0 {
				t.Errorf("they are answered with %v; the limits met are %v", codes, met)
			}
		})
	}
}

func TestNoUnpaidRequestOfARouteReachesTheChainMoreOftenThanTheLimit(t *testing.T) {
	for name, pay := range map[string]func(c *customer) *x402.PaymentPayload{
		"a voucher": func(c *customer) *x402.PaymentPayload { return c.pays(price) },
		"a deposit": func(c *customer) *x402.PaymentPayload { return c.deposits(usdc, price) },
		"a refund":  func(c *customer) *x402.PaymentPayload { return c.refunds(0, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := meteredRPC(t)
			options := selling(t)
			options.RPC, options.Limits.Lookups = url, 1
			shop := shoptest.Open(t, options, new(tool).add)
			route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it is sold") })))
			t.Cleanup(route.Close)
			c := newCustomer(t, shop, "payer")
			const made, atOnce, perLookup = 60, 10, 6
			before := requests.Load()
			for n := range made {
				other := c.madeUp(n)
				if resp, body := other.request(route.URL, "", pay(other)); resp.StatusCode == http.StatusOK {
					t.Errorf("it is answered %s %s", resp.Status, body)
				}
			}
			if n := requests.Load() - before; n > (atOnce+5)*perLookup || shop.LimitHits()["lookups"] == 0 {
				t.Errorf("%d made-up channels cost %d requests to the chain; the limits met are %v", made, n, shop.LimitHits())
			}
		})
	}
}

func TestMadeUpChannelsKeepNoNewPayerOut(t *testing.T) {
	options := selling(t)
	options.Limits.Lookups = 1
	shop := shoptest.Open(t, options, new(tool).add)
	old := regular(t, shop, "old", usdc)
	fresh := newCustomer(t, shop, "fresh")
	for n := range 40 {
		old.madeUp(n).call("work", old.madeUp(n).pays(price))
		old.madeUp(n).call(onmcp.RefundTool, old.madeUp(n).refunds(0, nil))
	}
	if shop.LimitHits()["lookups"] == 0 {
		t.Fatal("the flood has met no limit")
	}
	if got := fresh.call(onmcp.DepositTool, fresh.deposits(usdc, 0)); got.code() != "" {
		t.Errorf("a new payer's deposit: %s", got.raw)
	}
	if got := old.call(onmcp.DepositTool, old.deposits(usdc, 0)); got.code() != "" {
		t.Errorf("a top-up of a channel that is known: %s", got.raw)
	}
	if got := old.call(onmcp.RefundTool, old.refunds(0, amount(usdc))); got.code() != "" {
		t.Errorf("a refund of a channel that is known: %s", got.raw)
	}
}

func TestOneAddressHasAShareOfTheLookupsAndLeavesTheRestToOthers(t *testing.T) {
	options := selling(t)
	options.Limits.Lookups = 4
	shop := shoptest.Open(t, options, new(tool).add)
	c := newCustomer(t, shop, "payer")
	flood, honest := c.from("203.0.113.7"), c.from("192.0.2.1")
	refused := 0
	for n := range 60 {
		other := flood.madeUp(n)
		if got := other.call(onmcp.DepositTool, other.deposits(usdc, 0)); got.code() == x402.ErrVerificationStateUnavailable {
			refused++
		}
	}
	if refused == 0 {
		t.Error("60 made-up deposits from one address have met no limit")
	}
	for n := range 5 {
		other := honest.madeUp(1_000 + n)
		if got := other.call(onmcp.DepositTool, other.deposits(usdc, 0)); got.code() != x402.ErrDepositSimulationFailed {
			t.Errorf("from another address: %s", got.code())
		}
	}
	if got := honest.call(onmcp.DepositTool, honest.deposits(usdc, 0)); got.code() != "" {
		t.Errorf("a new payer from another address: %s", got.raw)
	}
}

func TestAChannelThatIsKnownIsAskedAboutAtItsOwnRate(t *testing.T) {
	options := selling(t)
	options.Limits.ChannelLookups = 5
	shop := shoptest.Open(t, options, new(tool).add)
	c, other := regular(t, shop, "payer", usdc), regular(t, shop, "other", usdc)
	codes := make(map[x402.ErrorCode]int)
	for range 12 {
		codes[c.call("work", c.pays(2*usdc)).code()]++
	}
	if shop.LimitHits()["channelLookups"] == 0 || codes[x402.ErrCumulativeExceedsBalance]+codes[x402.ErrCumulativeAmountMismatch] != 12 {
		t.Errorf("vouchers for more than there is are answered with %v; the limits met are %v", codes, shop.LimitHits())
	}
	if got := other.call(onmcp.RefundTool, other.refunds(0, amount(price))); got.code() != "" {
		t.Errorf("another channel: %s", got.raw)
	}
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Errorf("a call that takes no lookup: %s", got.raw)
	}
}
