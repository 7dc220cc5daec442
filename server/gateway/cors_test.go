package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chitpay/chit/x402"
)

const page = "https://app.example.com"

// browse is a request of a web page.
func (s *selling) browse(t testing.TB, method, path, origin string, more map[string]string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", origin)
	for name, value := range more {
		req.Header.Set(name, value)
	}
	return send(t, req)
}

func TestAPageOfAnAllowedOriginMayAskAndReadWhatItPays(t *testing.T) {
	service, served := backend(t)
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("origins: [%q]\nprices: {'*': free}\nupstreams:\n  it: {url: %q}\nroutes:\n- {path: /items/a, method: PUT, upstream: %q, price: 0.002}\n", page, web.url(), service.URL))
	for path, method := range map[string]string{"/mcp": "POST", "/items/a": "PUT"} {
		asked := s.browse(t, http.MethodOptions, path, page, map[string]string{
			"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version,payment-signature",
		})
		allowed := strings.ToLower(asked.head.Get("Access-Control-Allow-Headers"))
		if asked.status != http.StatusNoContent || asked.head.Get("Access-Control-Allow-Origin") != page || asked.head.Get("Access-Control-Allow-Methods") != method ||
			!strings.Contains(allowed, "payment-signature") || !strings.Contains(allowed, "authorization") || asked.head.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s is preflighted with %d, %v", path, asked.status, asked.head)
		}
		got := s.browse(t, method, path, page, nil)
		exposed := strings.ToLower(got.head.Get("Access-Control-Expose-Headers"))
		for _, name := range []string{x402.HeaderPaymentRequired, x402.HeaderPaymentResponse, "Mcp-Session-Id", "Chit-Credit-Grant", "Chit-Credit-Remaining"} {
			if !strings.Contains(exposed, strings.ToLower(name)) {
				t.Errorf("%s does not expose %s: %q", path, name, exposed)
			}
		}
		if got.head.Get("Access-Control-Allow-Origin") != page || !strings.Contains(strings.Join(got.head.Values("Vary"), ","), "Origin") {
			t.Errorf("%s is answered %d, %v", path, got.status, got.head)
		}
	}
	if got := s.browse(t, http.MethodPut, "/items/a", page, nil); got.status != http.StatusPaymentRequired || got.head.Get(x402.HeaderPaymentRequired) == "" {
		t.Errorf("without a payment: %+v", got)
	}
	if served.value() != 0 {
		t.Errorf("served %d", served.value())
	}
	for _, origin := range []string{"https://evil.example.com", "http://app.example.com", page + ".evil.org", page + ":8443", "null"} {
		for _, method := range []string{http.MethodOptions, http.MethodPost} {
			got := s.browse(t, method, "/mcp", origin, map[string]string{"Access-Control-Request-Method": "POST"})
			if got.status != http.StatusForbidden || got.head.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s of %s is answered %d, %v", method, origin, got.status, got.head)
			}
		}
	}
}

func TestOriginsAreNotSharedWithUnlessConfigured(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	if got := s.browse(t, http.MethodPost, "/mcp", "http://localhost:3000", nil); got.status != http.StatusOK || got.head.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("answered %d, %v", got.status, got.head)
	}
	s = sell(t, fmt.Sprintf("origins: ['*']\nprices: {'*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	if got := s.browse(t, http.MethodPost, "/mcp", page, nil); got.status != http.StatusOK || got.head.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("with any origin: %d, %v", got.status, got.head)
	}
}
