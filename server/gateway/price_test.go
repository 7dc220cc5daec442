package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// raw asks for a tool with arguments as they are written, and without a payment.
func (s *selling) raw(t testing.TB, tool, arguments string) *mcp.CallToolResult {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, tool, arguments)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	r := send(t, req)
	var reply struct{ Result json.RawMessage }
	if err := json.Unmarshal([]byte(r.body), &reply); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	result, err := mcp.ParseCallToolResult(&reply.Result)
	if err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return result
}

func TestACallOfAnUpstreamIsPricedByItsArgument(t *testing.T) {
	web := serveHTTP(t, "web")
	for _, name := range []string{"render", "embed"} {
		web.tool(name, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("done"), nil
		})
	}
	s := sell(t, fmt.Sprintf(`
prices:
  "*": 0.009
  echo: {base: 0.001, per: {argument: text, of: text, unit: 0.0001, default: 5}, max: 0.003}
  render: {per: {argument: count, unit: 0.0001}, max: 0.003}
  embed: {per: {argument: texts, of: list, unit: 0.0001, default: 2}, max: 0.003}
upstreams:
  it: {url: %q}
`, web.url()))
	for tool, prices := range map[string]map[string]vouchers.Amount{
		"echo": {
			`{"text":"abc"}`: 1_300, `{"text":"日本"}`: 1_200, `{"text":""}`: 1_100, `{}`: 1_500, `null`: 1_500, `{"text":null}`: 1_500,
			`{"other":1,"text":"abc","last":[{}]}`: 1_300,
		},
		"render": { // what is left out may be any number, and nothing is free
			`{"count":7}`: 700, `{"count":7.001}`: 701, `{"count":0}`: 100, `{"count":31}`: 3_000, `{"count":1e300}`: 3_000, `{}`: 3_000, `{"count":null}`: 3_000,
		},
		"embed": {`{"texts":["a","b","c"]}`: 300, `{"texts":[]}`: 100, `{}`: 200},
	} {
		for arguments, want := range prices {
			required, err := x402.DecodePaymentRequired([]byte(textOf(t, s.raw(t, tool, arguments))))
			if err != nil || required.Accepts[0].Amount != want {
				t.Errorf("%s of %s is priced %+v, %v; want %d", tool, arguments, required, err, want)
			}
		}
	}
	for tool, refused := range map[string]map[string]string{
		"echo": {
			`{"text":7}`: "not a text", `{"text":["a long text"]}`: "not a text", `{"text":true}`: "not a text", `{"text":"a","text":"b"}`: "twice",
			`{"Text":"a"}`: "write text", `{"text":"a","TEXT":"b"}`: "write text",
		},
		"render": {
			`{"count":"500"}`: "not a number", `{"count":[500]}`: "not a number", `{"count":""}`: "not a number", `{"count":{}}`: "not a number",
			`{"count":-1}`: "from 0 on",
		},
		"embed": {`{"texts":"a long text"}`: "not a list", `{"texts":3}`: "not a list"},
	} {
		for arguments, says := range refused {
			if got := s.raw(t, tool, arguments); !got.IsError || !strings.Contains(textOf(t, got), says) || strings.Contains(textOf(t, got), "accepts") {
				t.Errorf("%s of %s is answered %+v", tool, arguments, got.Content)
			}
		}
	}
	client := s.buyer(t)
	for text, want := range map[string]uint64{"a": 1_100, "abcdef": 1_600, "abc": 1_300} {
		if got := textOf(t, buy(t, client, want, "echo", map[string]any{"text": text})); got != "web: "+text {
			t.Errorf("it says %q", got)
		}
	}
	if s.charged() != 4_000 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestAnUpstreamSaysWhatItsCallsHaveCost(t *testing.T) {
	web := serveHTTP(t, "web")
	web.tool("llm", func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		result := mcp.NewToolResultText("a poem")
		result.Meta = &mcp.Meta{AdditionalFields: map[string]any{offer.MetaCost: req.GetString("cost", "0"), "theirs": "kept"}}
		return result, nil
	})
	s := sell(t, fmt.Sprintf("upstreams:\n  it:\n    url: %q\n    prices: {l*: {max: 0.005, metered: true}}\n", web.url()))
	client := s.buyer(t)
	for cost, want := range map[string]uint64{"1234": 1_234, "0": 0, "99999": 5_000, "free": 0} {
		got := buy(t, client, want, "llm", map[string]any{"cost": cost})
		if got.Meta.AdditionalFields[offer.MetaCost] != nil || got.Meta.AdditionalFields["theirs"] != "kept" {
			t.Errorf("the result says %+v", got.Meta)
		}
	}
	if s.charged() != 6_234 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestEachPayerHasItsFreeCallsOfAnUpstream(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("upstreams:\n  it:\n    url: %q\n    prices: {'*': {base: 0.005, free: {calls: 2, per: 24h}}}\n", web.url()))
	client := s.buyer(t)
	buy(t, client, 0, "echo", nil)
	buy(t, client, 0, "picture", nil)
	buy(t, client, 5_000, "echo", nil)
	buy(t, client, 5_000, "picture", nil)
	if s.charged() != 10_000 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestARouteIsPricedByItsPathOrQueryAndMetered(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cost := r.URL.Query().Get("cost"); cost != "" {
			w.Header().Set(offer.HeaderCost, cost)
		}
	}))
	t.Cleanup(service.Close)
	file := `
routes:
  - {path: "/image/{size}", upstream: "%[1]s", price: {base: 0.001, per: {argument: size, unit: 0.00001}, max: 0.02}}
  - {path: /rows, upstream: "%[1]s", price: {per: {argument: n, unit: %[2]s, default: 2}, max: 0.01}}
  - {path: /meter, upstream: "%[1]s", price: {max: 0.01, metered: true}}
`
	s := sell(t, fmt.Sprintf(file, service.URL, "0.0001"))
	w := newWalker(t, s, "/meter")
	price := func(path string) (vouchers.Amount, reply) {
		r := w.do(http.MethodGet, path, "", nil)
		required, err := x402.DecodeHeader[x402.PaymentRequired](r.head.Get(x402.HeaderPaymentRequired))
		if err != nil {
			return 0, r
		}
		return required.Accepts[0].Amount, r
	}
	for path, want := range map[string]vouchers.Amount{
		"/image/640": 7_400, "/image/9999": 20_000, "/image/0.05": 1_010, "/rows?n=30": 3_000, "/rows?n=1.5": 150, "/rows": 200, "/meter?cost=1": 10_000,
	} {
		if got, r := price(path); got != want {
			t.Errorf("%s is priced %s, want %d: %+v", path, got, want, r)
		}
	}
	for _, path := range []string{"/image/big", "/image/-1", "/image/1e9", "/rows?n=1&n=2", "/rows?n=", "/rows?n=%zz", "/rows?n=0x10"} {
		if got, r := price(path); got != 0 || r.status != http.StatusBadRequest {
			t.Errorf("%s is priced %s, %+v", path, got, r)
		}
	}
	w.do(http.MethodGet, "/meter?cost=4000", "", w.deposits(usdc, 10_000))
	if r := w.do(http.MethodGet, "/rows?n=30", "", w.pays(7_000)); *w.receipt(r).Extra.ChargedAmount != 3_000 || s.charged() != 7_000 {
		t.Errorf("charged %d: %+v", s.charged(), r)
	}
	if r := w.do(http.MethodGet, "/meter?cost=100", "", w.pays(17_000)); *w.receipt(r).Extra.ChargedAmount != 100 || r.head.Get(offer.HeaderCost) != "" {
		t.Errorf("answered %+v", r)
	}
	rewrite(t, s.file, fmt.Sprintf(file, service.URL, "0.0002"))
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if got, r := price("/rows?n=30"); got != 6_000 {
		t.Errorf("after a change it is priced %s: %+v", got, r)
	}
}
