package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestAFreeAnswerThatAsksForAPaymentBecomesA502(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "GET /", Price: func() vouchers.Amount { return 0 }})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Payment-Required", "theirs")
		w.Header().Set("Content-Length", "5")
		if r.URL.Path == "/402" {
			w.WriteHeader(http.StatusPaymentRequired)
		}
		_, _ = w.Write([]byte("12345"))
		_ = http.NewResponseController(w).Flush()
	})))
	t.Cleanup(route.Close)
	for path, want := range map[string]string{
		"/": "12345", "/402": `{"error":"what is sold here asks for a payment of its own, which is its seller's business and not yours; you were not charged"}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, route.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, body := fetch(t, req); (resp.StatusCode == http.StatusBadGateway) != (path == "/402") || body != want || resp.Header.Get("Payment-Required") != "" {
			t.Errorf("%s is answered %s, %q, %v", path, resp.Status, body, resp.Header)
		}
	}
}
