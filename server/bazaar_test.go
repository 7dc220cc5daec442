package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

func discovery(t testing.TB, required *x402.PaymentRequired) *extension.Discovery {
	t.Helper()
	d, err := extension.ReadDiscovery(required.Extensions)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheTermsOfAnUnpaidCallSayHowTheToolIsCalledAndTheListDoesNot(t *testing.T) {
	o := selling(t)
	o.Prices["huge"] = "0.001"
	shop := shoptest.Open(t, o, new(tool).add, func(s *mcpserver.MCPServer) {
		long := json.RawMessage(`{"type":"object","description":"` + strings.Repeat("x", extension.MaxDiscovery) + `"}`)
		s.AddTool(mcp.NewToolWithRawSchema("huge", "has a long schema", long), nil)
	})
	d := discovery(t, send(t.Context(), t, shop.URL, "primes", map[string]any{"limit": 10}, nil).refusal())
	if d == nil || d.Info.Input.Type != extension.DiscoveryMCP || d.Info.Input.ToolName != "primes" || !strings.Contains(string(d.Info.Input.InputSchema), `"limit"`) || len(d.Schema) == 0 {
		t.Errorf("the terms say %+v", d)
	}
	if d := discovery(t, send(t.Context(), t, shop.URL, "huge", nil, nil).refusal()); d != nil {
		t.Errorf("the terms of a tool with a long schema say %d bytes", len(d.Info.Input.InputSchema))
	}
	c := regular(t, shop, "payer", usdc)
	if refused := c.call("work", c.pays(price-1)).refusal(); discovery(t, refused) != nil {
		t.Errorf("a payment that is refused (%s) is told how the tool is called", refused.Error)
	}
	list := postRaw(t, shop.URL, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`))
	if !strings.Contains(string(list), onmcp.MetaPrice) || strings.Contains(string(list), extension.NameBazaar) {
		t.Errorf("the list is %s", list)
	}
}

func TestTheTermsOfAnUnpaidRequestSayHowTheRouteIsAsked(t *testing.T) {
	shop := shoptest.Open(t, selling(t))
	offer := server.HTTPOffer{Name: "pages", Price: func() vouchers.Amount { return price }}
	offer.Resource.MimeType = "text/html"
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /pages/{name}", "POST /all/{rest...}"} {
		mux.Handle(pattern, shop.SellHTTP(offer)(http.NotFoundHandler()))
	}
	terms := func(method, path string) *extension.Discovery {
		required, err := x402.DecodeHeader[x402.PaymentRequired](ask(mux, method, path, nil).Header().Get(x402.HeaderPaymentRequired))
		if err != nil {
			t.Fatal(err)
		}
		return discovery(t, required)
	}
	if d := terms(http.MethodGet, "/pages/a"); d == nil || d.Info.Input.Method != http.MethodGet || d.RouteTemplate != "/pages/:name" || string(d.Info.Input.PathParams) != `{"name":"a"}` || d.Info.Output.Type != "text/html" {
		t.Errorf("the terms say %+v", d)
	}
	if d := terms(http.MethodPost, "/all/a/b"); d == nil || d.Info.Input.Method != http.MethodPost || d.RouteTemplate != "" || d.Info.Input.PathParams != nil {
		t.Errorf("the terms of a route for everything below it say %+v", d)
	}
	if d := terms(http.MethodGet, "/pages/"+strings.Repeat("x", extension.MaxDiscovery)); d != nil {
		t.Errorf("the terms repeat a path of %d bytes", len(d.Info.Input.PathParams))
	}
}
