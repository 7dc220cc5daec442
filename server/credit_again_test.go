package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// callAs makes a call on a token under an identifier.
func callAs(t testing.TB, url, token string, id, arguments any) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": "work", "arguments": arguments, "_meta": map[string]any{onmcp.MetaCredit: token, onmcp.MetaCallID: id},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return post(t.Context(), t, url, body)
}

// same reports whether two texts are the same JSON.
func same(t testing.TB, a, b json.RawMessage) bool {
	t.Helper()
	var one, other any
	if err := errors.Join(json.Unmarshal(a, &one), json.Unmarshal(b, &other)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(one, other)
}

func TestACallOnATokenThatIsMadeAgainIsAnsweredAndNotCharged(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: 2 * price, Calls: 1}, 0)
	arguments := map[string]any{"n": 1}
	first := callAs(t, shop.URL, g.Token, "one", arguments)
	first.receipt()
	for range 2 {
		again := callAs(t, shop.URL, g.Token, "one", arguments)
		if again.result == nil || !same(t, again.raw, first.raw) {
			t.Errorf("the same call is answered\n%s\nwant\n%s", again.raw, first.raw)
		}
	}
	if runs, charged := work.runs.Load(), c.ledger(shop).Charged; runs != 1 || charged != price {
		t.Errorf("ran %d times, charged %s", runs, charged)
	}
	for id, want := range map[any]credit.Code{"one": credit.CodeIdentifierConflict, "": credit.CodeInvalidIdentifier, 7: credit.CodeInvalidIdentifier} {
		if code := callAs(t, shop.URL, g.Token, id, map[string]any{"n": 2}).creditRefusal().Code; credit.Code(code) != want {
			t.Errorf("another call under %v: %s, want %s", id, code, want)
		}
	}
}

func TestARequestOnATokenThatIsMadeAgainIsAnsweredAndNotCharged(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	var runs atomic.Int64
	var fails atomic.Bool
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /work", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		runs.Add(1)
		if fails.Load() {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, "done")
	})))
	t.Cleanup(route.Close)
	g := c.granted(macaroon.Scope{Budget: 10 * price}, 0)
	do := func(body string, keys ...string) (*http.Response, string) {
		t.Helper()
		return bearing(t, http.MethodPost, route.URL, "Bearer "+g.Token, body, keys...)
	}
	fails.Store(true)
	do("a", `"one"`)
	fails.Store(false)
	for _, key := range []string{`"one"`, `one`, `"one"`} {
		resp, body := do("a", key)
		if resp.StatusCode != http.StatusOK || body != "done" || resp.Header.Get("Chit-Credit-Remaining") != "9000" {
			t.Errorf("under %s: %s %q, %s left", key, resp.Status, body, resp.Header.Get("Chit-Credit-Remaining"))
		}
	}
	if charged := c.ledger(shop).Charged; runs.Load() != 2 || charged != price {
		t.Errorf("ran %d times, charged %s", runs.Load(), charged)
	}
	for name, test := range map[string]struct {
		keys   []string
		status int
	}{
		"another request": {[]string{"one"}, http.StatusConflict},
		"two keys":        {[]string{"one", "two"}, http.StatusBadRequest},
		"no end":          {[]string{`"two`}, http.StatusBadRequest},
		"an escape":       {[]string{`"t\"wo"`}, http.StatusBadRequest},
		"nothing":         {[]string{`""`}, http.StatusBadRequest},
	} {
		if resp, body := do("b", test.keys...); resp.StatusCode != test.status || !strings.Contains(body, `"code"`) {
			t.Errorf("%s: %s %s", name, resp.Status, body)
		}
	}
}
