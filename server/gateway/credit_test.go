package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
)

// granted is a token for a scope, paid by the buyer.
func (s *selling) granted(t testing.TB, buyer *agent.Client, scope macaroon.Scope) string {
	t.Helper()
	scope.Expires = time.Now().Add(time.Hour)
	caveats, err := scope.Caveats()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, c := range caveats {
		texts = append(texts, c.String())
	}
	order := order.Order{Action: "grant", Subject: order.GrantSubject(caveats, ""), Deadline: uint64(time.Now().Add(order.Lifetime).Unix())}
	for ch := range s.shop.Ledger.Channels() {
		order.Channel = ch.ID
	}
	signature, err := shoptest.Key(t, "payer").SignHash(t.Context(), order.Digest())
	if err != nil {
		t.Fatal(err)
	}
	result := buy(t, buyer, uint64(scope.Budget), onmcp.CreditGrantTool, map[string]any{
		"caveats": texts, "deadline": order.Deadline, "signature": vouchers.Signature(signature).Hex(),
	})
	var g token.Granted
	if err := json.Unmarshal(result.RawStructuredContent, &g); err != nil {
		t.Fatal(err)
	}
	return g.Token
}

func TestATokenPaysForToolsAndRoutesBehindTheGateway(t *testing.T) {
	web := serveHTTP(t, "web")
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "sunny%s", r.Header.Get("Authorization"))
	}))
	t.Cleanup(api.Close)
	s := sell(t, fmt.Sprintf("prices: {echo: 0.001, meta: 0.002}\nupstreams:\n  it: {url: %q}\nroutes:\n  - {path: /weather, upstream: %q, price: 0.001}", web.url(), api.URL))
	token := s.granted(t, s.buyer(t), macaroon.Scope{Budget: 4_000, Tools: []string{"echo", "meta", "GET /weather"}})
	client, err := mcpclient.NewStreamableHttpClient(s.url(), transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + token}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	if got := textOf(t, call(t, client, "echo", nil)); got != "web: " {
		t.Errorf("echo says %q", got)
	}
	if got := textOf(t, call(t, client, "meta", &mcp.Meta{AdditionalFields: map[string]any{onmcp.MetaCredit: token}})); strings.Contains(got, macaroon.Prefix) {
		t.Errorf("the upstream sees %s", got)
	}
	get := func() (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/weather", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := get(); status != http.StatusOK || body != "sunny" {
		t.Errorf("the route answers %d %q", status, body)
	}
	if status, body := get(); status != http.StatusPaymentRequired || !strings.Contains(body, "budget_exhausted") {
		t.Errorf("the route answers %d %q with nothing left", status, body)
	}
	if got := call(t, client, "echo", nil); !got.IsError {
		t.Errorf("echo was sold with nothing left")
	}
	if s.charged() != 4_000 {
		t.Errorf("charged %d", s.charged())
	}
	if log := s.log.String(); strings.Contains(log, token[:60]) {
		t.Errorf("the log has the token")
	}
}

func TestAServingShopReturnsWhatAUsedUpTokenHasNotSpent(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {echo: 0.001}\nupstreams:\n  it: {url: %q}", web.url()))
	buyer := s.buyer(t)
	token := s.granted(t, buyer, macaroon.Scope{Budget: 5_000, Calls: 1})
	var id vouchers.ChannelID
	for ch := range s.shop.Ledger.Channels() {
		id = ch.ID
	}
	if got := call(t, buyer.MCP(), "echo", &mcp.Meta{AdditionalFields: map[string]any{onmcp.MetaCredit: token}}); got.IsError {
		t.Fatalf("echo is refused: %s", textOf(t, got))
	}
	for late := time.Now().Add(patience); ; runtime.Gosched() {
		ch, _ := s.shop.Ledger.Channel(id)
		if ch.Aside == 0 && ch.Charged == 1_000 {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("%s are still set aside", ch.Aside)
		}
	}
}
