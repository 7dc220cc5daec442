package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func TestAnIdentifierOfAnotherRequestIsAConflictOverHTTP(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })))
	t.Cleanup(route.Close)
	first := func() *x402.PaymentPayload { return c.identified(c.pays(price), identifier) }
	for range 2 {
		if resp, body := c.request(route.URL, "a", first()); resp.StatusCode != http.StatusOK || body != "a" {
			t.Fatalf("answered %s %q", resp.Status, body)
		}
	}
	for name, try := range map[string]func() (*http.Response, string){
		"another request": func() (*http.Response, string) { return c.request(route.URL, "b", first()) },
		"another voucher": func() (*http.Response, string) {
			return c.request(route.URL, "a", c.identified(c.pays(2*price), identifier))
		},
	} {
		resp, body := try()
		required, err := x402.DecodePaymentRequired([]byte(body))
		if resp.StatusCode != http.StatusConflict || err != nil || required.Error != x402.ErrPayload || !strings.Contains(required.ErrorMessage, "identifier") {
			t.Errorf("%s: %s %s %v", name, resp.Status, body, err)
		}
	}
	if got := c.ledger(shop); got.Charged != price {
		t.Errorf("charged %s", got.Charged)
	}
}
