package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestARedirectIsNotSoldAsAnAnswer(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusPermanentRedirect)
	})))
	t.Cleanup(route.Close)
	notFollowed := http.DefaultClient.CheckRedirect
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() { http.DefaultClient.CheckRedirect = notFollowed })
	if resp, _ := c.request(route.URL, "", c.pays(price)); resp.StatusCode != http.StatusPermanentRedirect || resp.Header.Get("Location") == "" {
		t.Errorf("answered %s", resp.Status)
	}
	if charged := c.ledger(shop).Charged; charged != 0 {
		t.Errorf("charged %s for it", charged)
	}
}
