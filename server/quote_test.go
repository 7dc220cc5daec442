package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// perCount is a quote of 100 atomic units for each count.
func perCount(_ context.Context, req mcp.CallToolRequest) (vouchers.Amount, error) {
	count := req.GetInt("count", 1)
	switch {
	case count < 0:
		return 0, errors.New("count is below 0")
	case count == 13:
		panic("at the till")
	}
	return vouchers.Amount(100 * count), nil
}

func count(n int) map[string]any { return map[string]any{"count": n} }

// quoting is a shop that sells "work" at a quote of at most 0.001 USDC.
func quoting(t testing.TB, work *tool) *shoptest.Shop {
	o := shoptest.Options(t)
	o.Rates = server.Rates{"work": {Price: "0.001", Quote: perCount}}
	return shoptest.Open(t, o, work.add)
}

func TestACallIsQuotedByItsArguments(t *testing.T) {
	work := new(tool)
	shop := quoting(t, work)
	c := regular(t, shop, "payer", usdc)
	for n, want := range map[int]vouchers.Amount{3: 300, 10: price, 11: price, 1_000_000: price} {
		required := c.callWith(t.Context(), count(n), nil).refusal()
		if got := required.Accepts[0].Amount; got != want || required.Error != x402.ErrPaymentRequired {
			t.Errorf("a count of %d is quoted at %s (%s), want %s", n, got, required.Error, want)
		}
	}
	if got := c.callWith(t.Context(), count(3), c.offered(300, 300)); *got.receipt().Extra.ChargedAmount != 300 || got.text() != "done" {
		t.Errorf("a call of 300 is answered %s", got.raw)
	}
	if got := c.callWith(t.Context(), count(2), c.offered(500, 800)); *got.receipt().Extra.ChargedAmount != 200 {
		t.Errorf("who accepts more than the quote is charged %s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != 500 || work.runs.Load() != 2 {
		t.Errorf("charged %s in %d runs", got.Charged, work.runs.Load())
	}
}

func TestAPaymentBelowTheQuoteIsRefusedWithTheQuote(t *testing.T) {
	work := new(tool)
	shop := quoting(t, work)
	c := regular(t, shop, "payer", usdc)
	got := c.callWith(t.Context(), count(4), c.offered(399, 400)).refusal()
	if got.Error != x402.ErrCumulativeAmountMismatch || got.Accepts[0].Amount != 400 || got.Accepts[0].Extra.ChannelState == nil {
		t.Errorf("refused with %s at %+v", got.Error, got.Accepts[0])
	}
	if got := c.callWith(t.Context(), count(4), c.offered(400, 399)); got.code() != x402.ErrCumulativeAmountMismatch {
		t.Errorf("a voucher below the quote is answered %s", got.raw)
	}
	if work.runs.Load() != 0 || c.ledger(shop).Charged != 0 {
		t.Errorf("%d runs, charged %s", work.runs.Load(), c.ledger(shop).Charged)
	}
	if got := c.callWith(t.Context(), count(4), c.offered(400, 400)); got.code() != "" || *got.receipt().Extra.ChargedAmount != 400 {
		t.Errorf("paid as it was quoted: %s", got.raw)
	}
}

func TestAQuoteThatFailsCostsNothing(t *testing.T) {
	work := new(tool)
	shop := quoting(t, work)
	c := regular(t, shop, "payer", usdc)
	for n, says := range map[int]string{-1: "count is below 0", 13: "cannot be worked out"} {
		for _, payment := range []any{nil, c.offered(price, price)} {
			got := c.callWith(t.Context(), count(n), payment)
			if got.result == nil || !got.result.IsError || !strings.Contains(got.text(), says) || strings.Contains(got.text(), "till") {
				t.Errorf("a count of %d is answered %s %q", n, got.raw, got.failure)
			}
		}
	}
	if got := c.ledger(shop); got.Charged != 0 || got.InFlight != 0 || work.runs.Load() != 0 {
		t.Errorf("%d runs, and the channel is %+v", work.runs.Load(), got)
	}
}

func TestAQuoteOfNothingIsFree(t *testing.T) {
	work := new(tool)
	shop := quoting(t, work)
	if got := send(t.Context(), t, shop.URL, "work", count(0), nil); got.text() != "done" {
		t.Errorf("answered %s", got.raw)
	}
}

func TestAQuoteIsAskedOncePerCall(t *testing.T) {
	var asked atomic.Int64
	o := shoptest.Options(t)
	o.Rates = server.Rates{"w*": {Price: "0.001", Quote: func(context.Context, mcp.CallToolRequest) (vouchers.Amount, error) {
		return vouchers.Amount(100 * asked.Add(1)), nil
	}}}
	shop := shoptest.Open(t, o, new(tool).add)
	c := newCustomer(t, shop, "payer")
	if got := c.call("work", c.repriced(200).deposits(usdc, 200)); *got.receipt().Extra.ChargedAmount != 200 || asked.Load() != 2 {
		t.Errorf("answered %s after %d quotes", got.raw, asked.Load())
	}
}

func TestQuotesAndPricesRankTogether(t *testing.T) {
	o := shoptest.Options(t)
	o.Prices = server.Prices{"*": "0.5", "pri*": "0.006", "hash": "0"}
	o.Rates = server.Rates{"work": {Price: "0.001", Quote: perCount}, "p*": {Price: "0.001", Quote: perCount}, "h*": {Price: "0.001", Quote: perCount}}
	shop := shoptest.Open(t, o, new(tool).add)
	for name, want := range map[string]vouchers.Amount{"work": 100, "primes": 6_000, "text_stats": 500_000} {
		if got := send(t.Context(), t, shop.URL, name, nil, nil).refusal().Accepts[0].Amount; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got := send(t.Context(), t, shop.URL, "hash", map[string]any{"text": ""}, nil); got.result.IsError {
		t.Errorf("the free tool says %s", got.raw)
	}
}

func TestARateThatIsAMistakeStopsTheShop(t *testing.T) {
	for name, change := range map[string]func(*server.Options){
		"no price to a quote":    func(o *server.Options) { o.Rates = server.Rates{"x": {Price: "0", Quote: perCount}} },
		"a price that is none":   func(o *server.Options) { o.Rates = server.Rates{"x": {Metered: true}} },
		"a pattern in both":      func(o *server.Options) { o.Prices, o.Rates = server.Prices{"x": "1"}, server.Rates{"x": {Price: "1"}} },
		"a pattern that is none": func(o *server.Options) { o.Rates = server.Rates{"x[": {Price: "1"}} },
	} {
		o := shoptest.Options(t)
		change(&o)
		shop, err := server.Open(t.Context(), o)
		if err == nil {
			t.Errorf("%s is taken: %v", name, shop.Close())
		} else if !strings.Contains(err.Error(), `"x`) {
			t.Errorf("%s: the error does not name it: %v", name, err)
		}
	}
}

func TestAQuotedCallIsPaidOnCredit(t *testing.T) {
	shop := quoting(t, new(tool))
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: price}, 0)
	if got := callOn(t, shop.URL, g.Token, "work", count(7)); *got.receipt().Extra.ChargedAmount != 700 {
		t.Errorf("charged %s", got.raw)
	}
	got := callOn(t, shop.URL, g.Token, "work", count(4)).creditRefusal()
	if got.Code != "budget_exhausted" || *got.Required != 400 || *got.Remaining != 300 {
		t.Errorf("refused %+v", got)
	}
}

// perByte is a quote of 100 atomic units for each byte of the body.
func perByte(r *http.Request) (vouchers.Amount, error) {
	body, err := io.ReadAll(r.Body)
	switch {
	case string(body) == "panic":
		panic("at the till")
	case string(body) == "refuse":
		return 0, errors.New("not for sale")
	}
	return vouchers.Amount(100 * len(body)), err
}

func TestARequestIsQuotedByWhatItSays(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }, Quote: perByte})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })))
	t.Cleanup(route.Close)
	if resp, body := c.request(route.URL, "12345", nil); resp.StatusCode != http.StatusPaymentRequired || c.terms402(resp).Amount != 500 {
		t.Errorf("without a payment: %s %s", resp.Status, body)
	}
	if resp, _ := c.request(route.URL, "12345", c.offered(499, 500)); resp.StatusCode != http.StatusPaymentRequired || c.terms402(resp).Amount != 500 {
		t.Errorf("paid below the quote: %s", resp.Status)
	}
	if resp, body := c.request(route.URL, "12345", c.offered(500, 500)); resp.StatusCode != http.StatusOK || body != "12345" || c.charge(resp) != 500 {
		t.Errorf("paid: %s %q", resp.Status, body)
	}
	for text, want := range map[string]int{"refuse": http.StatusBadRequest, "panic": http.StatusInternalServerError, "": http.StatusOK} {
		if resp, body := c.request(route.URL, text, nil); resp.StatusCode != want || strings.Contains(body, "till") || text == "refuse" && !strings.Contains(body, "not for sale") {
			t.Errorf("%q is answered %s %s", text, resp.Status, body)
		}
	}
	if got := c.ledger(shop); got.Charged != 500 {
		t.Errorf("charged %s", got.Charged)
	}
}

func TestARefundNeedsNoQuote(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	served := 0
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }, Quote: perByte})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ })))
	t.Cleanup(route.Close)
	c.request(route.URL, "12345", c.offered(500, 500))
	for _, body := range []string{"refuse", ""} {
		part := vouchers.Amount(1_000)
		payment := c.refunds(500, &part)
		payment.Accepted.Amount = 1
		if resp, body := c.request(route.URL, body, payment); resp.StatusCode != http.StatusOK || !strings.Contains(body, `"amount":"1000"`) {
			t.Errorf("answered %s %s", resp.Status, body)
		}
	}
	if got := c.ledger(shop); served != 1 || got.Charged != 500 || got.Balance != usdc-2_000 {
		t.Errorf("served %d, and the channel is %+v", served, got)
	}
}

func TestAnAnswerIsGivenAgainThoughThePriceHasRisen(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	cost, served := vouchers.Amount(price), 0
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return cost }})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served++
		_, _ = io.WriteString(w, "served")
	})))
	t.Cleanup(route.Close)
	bought := []*x402.PaymentPayload{c.identified(c.pays(price), identifier), c.pays(2 * price)}
	var answers []answer
	for n, payment := range bought {
		answers = append(answers, c.callWith(t.Context(), count(n), payment))
	}
	requested := c.pays(3 * price)
	c.request(route.URL, "a", requested)
	cost = 2 * price
	if err := shop.SetRates(server.Prices{"work": "0.002"}, nil); err != nil {
		t.Fatal(err)
	}
	for n, payment := range bought {
		if again := c.callWith(t.Context(), count(n), payment); again.text() != "done" || sorted(t, again.raw) != sorted(t, answers[n].raw) {
			t.Errorf("payment %d again is answered %s", n, again.raw)
		}
	}
	if resp, body := c.request(route.URL, "a", requested); resp.StatusCode != http.StatusOK || body != "served" || c.charge(resp) != price {
		t.Errorf("the request again is answered %s %s", resp.Status, body)
	}
	for _, payment := range []*x402.PaymentPayload{bought[0], bought[1], c.pays(5 * price)} {
		if got := c.callWith(t.Context(), count(7), payment).refusal(); got.Error != x402.ErrCumulativeAmountMismatch || got.Accepts[0].Amount != 2*price {
			t.Errorf("another call at the old price is refused with %s at %s", got.Error, got.Accepts[0].Amount)
		}
	}
	if resp, _ := c.request(route.URL, "b", c.pays(5*price)); resp.StatusCode != http.StatusPaymentRequired || c.terms402(resp).Amount != 2*price {
		t.Errorf("another request at the old price is answered %s", resp.Status)
	}
	if got := c.ledger(shop); got.Charged != 3*price || got.InFlight != 0 || got.Reserved != 0 || work.runs.Load() != 2 || served != 1 {
		t.Errorf("%d runs, %d requests, and the channel is %+v", work.runs.Load(), served, got)
	}
	if got := c.callWith(t.Context(), count(7), c.offered(2*price, 5*price)); got.text() != "done" {
		t.Errorf("the call at the new price is answered %s", got.raw)
	}
}

// repriced is the customer with terms of another amount.
func (c *customer) repriced(amount vouchers.Amount) *customer {
	c.terms.Amount = amount
	return c
}

// request posts a body with a payment, nil for none.
func (c *customer) request(url, body string, payment *x402.PaymentPayload) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if payment != nil {
		header, err := x402.EncodeHeader(payment)
		if err != nil {
			c.t.Fatal(err)
		}
		req.Header.Set(x402.HeaderPaymentSignature, header)
	}
	return fetch(c.t, req)
}

func fetch(t testing.TB, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(raw)
}

// terms402 are what an answer asks for.
func (c *customer) terms402(resp *http.Response) x402.Requirements {
	c.t.Helper()
	return c.required402(resp).Accepts[0]
}

// required402 is why a request is not answered.
func (c *customer) required402(resp *http.Response) *x402.PaymentRequired {
	c.t.Helper()
	required, err := x402.DecodeHeader[x402.PaymentRequired](resp.Header.Get(x402.HeaderPaymentRequired))
	if err != nil {
		c.t.Fatalf("%s: %v", resp.Status, err)
	}
	return required
}

// charge is what the receipt of an answer says.
func (c *customer) charge(resp *http.Response) vouchers.Amount {
	c.t.Helper()
	receipt, err := x402.DecodeHeader[x402.SettlementResponse](resp.Header.Get(x402.HeaderPaymentResponse))
	if err != nil || receipt.Extra.ChargedAmount == nil {
		c.t.Fatal(fmt.Errorf("%s: the receipt %+v: %w", resp.Status, receipt, err))
	}
	return *receipt.Extra.ChargedAmount
}
