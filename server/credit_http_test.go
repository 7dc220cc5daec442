package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// bearing makes a request with an Authorization header, and with idempotency keys.
func bearing(t testing.TB, method, url, authorization, body string, keys ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	for _, key := range keys {
		req.Header.Add("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// isProblem holds that a route's refusal says its code and its status, and when to come again
// or what to pay only where that helps.
func isProblem(t testing.TB, name string, resp *http.Response, body string, status int, code string) {
	t.Helper()
	var problem struct {
		Type, Code string
		Status     int
	}
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatalf("%s: %v in %s", name, err, body)
	}
	if resp.StatusCode != status || problem.Status != status || problem.Code != code || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %s %+v", name, resp.Status, problem)
	}
	if (resp.Header.Get("Retry-After") != "") != (status == http.StatusTooManyRequests) || (resp.Header.Get(x402.HeaderPaymentRequired) != "") != (status == http.StatusPaymentRequired) {
		t.Errorf("%s: the headers are %v", name, resp.Header)
	}
}

func TestAPlainRouteTakesTokens(t *testing.T) {
	var log lockedBuffer
	o := selling(t)
	o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	status := http.StatusOK
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "GET /weather", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the route sees the token")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "sunny")
	})))
	t.Cleanup(route.Close)
	get := func(token string) (*http.Response, string) {
		t.Helper()
		return bearing(t, http.MethodGet, route.URL, "bearer "+token, "")
	}
	routes := []string{"GET /*"}
	g := c.granted(macaroon.Scope{Budget: 2 * price, Tools: routes}, 0)
	status = http.StatusTeapot
	if resp, _ := get(g.Token); resp.StatusCode != status || resp.Header.Get("Chit-Credit-Remaining") != "2000" {
		t.Errorf("a failure: %s, %s left", resp.Status, resp.Header.Get("Chit-Credit-Remaining"))
	}
	status = http.StatusOK
	resp, body := get(g.Token)
	receipt, err := x402.DecodeHeader[x402.SettlementResponse](resp.Header.Get(x402.HeaderPaymentResponse))
	if err != nil || body != "sunny" || *receipt.Extra.ChargedAmount != price || resp.Header.Get("Chit-Credit-Remaining") != "1000" {
		t.Errorf("%s %q %+v %v", resp.Status, body, receipt, err)
	}
	get(g.Token)
	limited := c.granted(macaroon.Scope{Budget: 10 * price, Rate: macaroon.Rate{Amount: price, Period: time.Hour}}, 2*price)
	get(limited.Token)
	other := c.granted(macaroon.Scope{Budget: price, Tools: []string{"POST /*"}}, 12*price)
	for _, test := range []struct {
		name, token, code string
		status            int
	}{
		{"an empty budget", g.Token, "budget_exhausted", http.StatusPaymentRequired},
		{"too fast", limited.Token, "rate_limited", http.StatusTooManyRequests},
		{"another route", other.Token, "tool_not_allowed", http.StatusForbidden},
		{"not genuine", g.Token[:100], "invalid_token", http.StatusUnauthorized},
	} {
		resp, body := get(test.token)
		isProblem(t, test.name, resp, body, test.status, test.code)
	}
	if text := log.String(); strings.Contains(text, macaroon.Prefix+"Ag") || !strings.Contains(text, "tool_not_allowed") {
		t.Errorf("the log: %s", text)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}
