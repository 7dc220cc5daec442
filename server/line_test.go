package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// logging are the options of a shop whose log can be read by its members.
func logging(t testing.TB, level slog.Level) (server.Options, *lockedBuffer) {
	log := new(lockedBuffer)
	o := selling(t)
	o.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level}))
	return o, log
}

// lines are those of the log with a message, since the last time that they were read.
func (b *lockedBuffer) lines(t testing.TB, message string) (found []map[string]any) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range bytes.Lines(b.Bytes()) {
		var members map[string]any
		if err := json.Unmarshal(line, &members); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if members["msg"] == message {
			found = append(found, members)
		}
	}
	b.Reset()
	return found
}

// the is the one line with a message, which must have these members, in this order, and
// no others but those that tell the time.
func (b *lockedBuffer) the(t testing.TB, message string, want ...string) {
	t.Helper()
	b.mu.Lock()
	raw := b.String()
	b.mu.Unlock()
	found := b.lines(t, message)
	if len(found) != 1 {
		t.Fatalf("%d lines %q, want one, in\n%s", len(found), message, raw)
	}
	line := found[0]
	last := -1
	for i := 0; i < len(want); i += 2 {
		value, _ := line[want[i]].(string)
		if want[i+1] == "*" && value == "" || want[i+1] != "*" && value != want[i+1] {
			t.Errorf("%s of %q is %q, want %q", want[i], message, value, want[i+1])
		}
		at := strings.Index(raw, `"`+want[i]+`":`)
		if at < last {
			t.Errorf("%s of %q is out of order in %s", want[i], message, raw)
		}
		last = at
		delete(line, want[i])
	}
	for _, name := range []string{"time", "msg", "took"} {
		if line[name] == nil {
			t.Errorf("%q does not say %s", message, name)
		}
		delete(line, name)
	}
	if len(line) > 0 {
		t.Errorf("%q says beside that %v", message, line)
	}
}

func TestEveryCallAndEveryRefusalIsALineThatSaysWhoAndWhy(t *testing.T) {
	o, log := logging(t, slog.LevelDebug)
	work := new(tool)
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	payer, channel := c.config.Payer.Hex(), c.id.Hex()
	const cost = "0.001 USDC"

	log.lines(t, "")
	c.call("work", nil)
	log.the(t, "payment refused", "level", "DEBUG", "request", "*", "tool", "work", "price", cost, "code", string(x402.ErrPaymentRequired))

	c.call("work", c.pays(price))
	log.the(t, "call", "level", "DEBUG", "request", "*", "tool", "work", "payer", payer, "channel", channel, "price", cost, "charged", cost, "code", "ok")

	c.call("work", c.pays(price))
	log.the(t, "call", "level", "DEBUG", "request", "*", "tool", "work", "payer", payer, "channel", channel, "price", cost, "charged", "0 USDC", "code", "repeated")

	work.do = failing
	c.call("work", c.pays(2*price))
	log.the(t, "call", "level", "DEBUG", "request", "*", "tool", "work", "payer", payer, "channel", channel, "price", cost, "charged", "0 USDC", "code", "failed")

	forged := c.pays(3 * price)
	forged.Payload.(*x402.VoucherPayload).Voucher.Signature[3] ^= 1
	c.call("work", forged)
	log.the(t, "payment refused", "level", "INFO", "request", "*", "tool", "work", "payer", payer, "channel", channel, "price", cost, "code", string(x402.ErrVoucherSignature), "detail", "*")

	astray := c.pays(3 * price)
	astray.Accepted.PayTo[0] ^= 1
	c.call("work", astray)
	log.the(t, "payment refused", "level", "INFO", "request", "*", "tool", "work", "payer", payer, "channel", channel, "price", cost, "code", string(x402.ErrReceiverMismatch), "detail", "*")

	c.call(onmcp.RefundTool, c.refunds(0, nil))
	log.the(t, "payment refused", "level", "INFO", "request", "*", "tool", onmcp.RefundTool, "payer", payer, "channel", channel, "code", string(x402.ErrCumulativeAmountMismatch), "detail", "*")

	c.call("now", nil)
	log.the(t, "call", "level", "DEBUG", "request", "*", "tool", "now", "price", "0 USDC", "charged", "0 USDC", "code", "ok")
}

func TestTheLineOfACallOnATokenNamesItsGrant(t *testing.T) {
	o, log := logging(t, slog.LevelDebug)
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: price}, 0)
	payer, channel, grant := c.config.Payer.Hex(), c.id.Hex(), g.Grant.ID.String()
	log.lines(t, "")
	callOn(t, shop.URL, g.Token, "work", nil)
	log.the(t, "call", "level", "DEBUG", "request", "*", "tool", "work", "payer", payer, "channel", channel, "grant", grant, "price", "0.001 USDC", "charged", "0.001 USDC", "code", "ok")
	callOn(t, shop.URL, g.Token, "work", nil)
	log.the(t, "payment refused", "level", "INFO", "request", "*", "tool", "work", "payer", payer, "channel", channel, "grant", grant, "price", "0.001 USDC", "code", string(credit.CodeBudgetExhausted), "detail", "*", "token", "*", "caveat", "*")
}

func TestTheLineOfARequestIsThatOfACall(t *testing.T) {
	o, log := logging(t, slog.LevelDebug)
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "GET /weather", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "sunny") })))
	t.Cleanup(route.Close)
	ask := func(payment *x402.PaymentPayload) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, route.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if payment != nil {
			header, err := x402.EncodeHeader(payment)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set(x402.HeaderPaymentSignature, header)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Header.Get("X-Request-Id")
	}
	log.lines(t, "")
	payer, channel := c.config.Payer.Hex(), c.id.Hex()
	log.the(t, "call", "level", "DEBUG", "request", ask(c.pays(price)), "route", "GET /weather", "payer", payer, "channel", channel, "price", "0.001 USDC", "charged", "0.001 USDC", "code", "ok")
	log.the(t, "payment refused", "level", "INFO", "request", ask(c.pays(price-1)), "route", "GET /weather", "payer", payer, "channel", channel, "price", "0.001 USDC", "code", string(x402.ErrCumulativeAmountMismatch), "detail", "*")
	log.the(t, "payment refused", "level", "DEBUG", "request", ask(nil), "route", "GET /weather", "price", "0.001 USDC", "code", string(x402.ErrPaymentRequired))
}

func TestAShopThatStopsSaysWhatItHasSold(t *testing.T) {
	o, log := logging(t, slog.LevelInfo)
	work := new(tool)
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	c.call("work", c.pays(price))
	c.call("work", c.pays(price-1)) // the second refusal: a customer asks for the terms first
	c.call("now", nil)
	work.do = failing
	c.call("work", c.pays(2*price))
	if calls := log.lines(t, "call"); len(calls) > 0 {
		t.Errorf("each call has a line that nobody asked for: %v", calls)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := shop.ServeHandler(ended, server.Listeners{Public: listener}, http.NotFoundHandler(), 0); err != nil {
		t.Fatal(err)
	}
	said := log.lines(t, "sold")
	if len(said) != 1 {
		t.Fatalf("it says %v", said)
	}
	for name, want := range map[string]any{"calls": 3.0, "charged": "0.001 USDC", "failed": 1.0, "refused": 2.0} {
		if got := said[0][name]; got != want {
			t.Errorf("%s are %v, want %v", name, got, want)
		}
	}
}
