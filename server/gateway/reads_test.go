package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

type readAnswer struct {
	Result json.RawMessage
	Error  *struct {
		Code int
		Data json.RawMessage
	}
	raw string
}

// reads asks for a resource or a prompt, with a payment or nil.
func reads(t *testing.T, url, method string, params map[string]any, payment json.RawMessage) *readAnswer {
	t.Helper()
	if payment != nil {
		params["_meta"] = map[string]any{x402.MetaPayment: payment}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := &readAnswer{raw: string(raw)}
	if _, event, is := strings.Cut(a.raw, "data: "); is {
		raw = []byte(event)
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(a); err != nil {
		t.Fatalf("%v in %s", err, a.raw)
	}
	return a
}

func resource(uri string) (string, map[string]any) {
	return "resources/read", map[string]any{"uri": uri}
}

func prompt(name string) (string, map[string]any) {
	return "prompts/get", map[string]any{"name": name, "arguments": map[string]string{"who": "Ada"}}
}

// costs fails the test unless an unpaid read is answered with terms of a price in atomic USDC,
// or for 0 with what it asks for.
func (s *selling) costs(t *testing.T, price uint64, method string, params map[string]any) (terms x402.Requirements) {
	t.Helper()
	a := reads(t, s.url(), method, params, nil)
	if price == 0 {
		if a.Error != nil {
			t.Errorf("%s %v is answered %s, want it for nothing", method, params, a.raw)
		}
		return terms
	}
	if a.Error == nil || a.Error.Code != 402 {
		t.Fatalf("%s %v is answered %s, want terms", method, params, a.raw)
	}
	required, err := x402.DecodePaymentRequired(a.Error.Data)
	if err != nil || len(required.Accepts) == 0 || uint64(required.Accepts[0].Amount) != price {
		t.Fatalf("%s %v is sold at %+v, %v, want %d", method, params, required, err, price)
	}
	return required.Accepts[0]
}

func TestResourcesAndPromptsOfAnUpstreamAreSold(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf(`
prices:
  '*': free
  resource:test://stdio/note: 0.003
  prompt:greet: 0.004
upstreams:
  web:
    url: %q
    prefix: w
    resources: ['test://web/note']
    prices:
      resource:test://web/item/*: 0.001
      resource:test://web/item/9: 0.009
      prompt:greet: {base: 0.002, accept: [batch-settlement]}
  stdio: %s, resources: ['*'], prompts: ['*']}
`, web.url(), strings.TrimSuffix(stdioUpstream(t, "stdio"), "}")))
	for uri, price := range map[string]uint64{
		"test://web/note": 0, "test://web/item/7": 1_000, "test://web/item/9": 9_000, "test://web/item/%39": 9_000,
		"test://stdio/note": 3_000, "test://stdio/item/7": 0,
	} {
		method, params := resource(uri)
		s.costs(t, price, method, params)
	}
	method, params := prompt("greet")
	s.costs(t, 4_000, method, params)
	method, params = prompt("w_greet")
	terms := s.costs(t, 2_000, method, params)

	key := shoptest.Key(t, "payer")
	regular := shoptest.NewRegular(t, terms, "w_greet", key, shoptest.OpenUnbacked(t, &shoptest.Shop{Shop: s.shop}, terms, key, 1))
	payment := regular.NextPayment()
	for range 2 { // and the same again is the same sale
		a := reads(t, s.url(), method, params, payment)
		if a.Error != nil || !strings.Contains(string(a.Result), "web greets Ada") || !strings.Contains(string(a.Result), x402.MetaPaymentResponse) {
			t.Errorf("what was paid for is answered %s", a.raw)
		}
	}
	if got := s.charged(); got != 2_000 {
		t.Errorf("charged %d, want 2000", got)
	}
	client, _ := s.listener(t)
	list, err := client.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	if err != nil || len(list.Prompts) != 2 {
		t.Fatalf("the prompts are %+v, %v", list, err)
	}
	for _, p := range list.Prompts {
		if p.Meta == nil || p.Meta.AdditionalFields["x402/payment-required"] == nil {
			t.Errorf("the list says no price of %s", p.Name)
		}
	}
}

func TestWhatAnUpstreamFailsToReadCostsNothing(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free, 'resource:*': {base: 0.001, onFailure: charge}}\nupstreams:\n  web: {url: %q}\n", web.url()))
	method, params := resource("test://web/note")
	terms := s.costs(t, 1_000, method, params)
	key := shoptest.Key(t, "payer")
	regular := shoptest.NewRegular(t, terms, "note", key, shoptest.OpenUnbacked(t, &shoptest.Shop{Shop: s.shop}, terms, key, 1))
	web.down()
	a := reads(t, s.url(), method, params, regular.NextPayment())
	if a.Error == nil || a.Error.Code == 402 || s.charged() != 0 {
		t.Errorf("charged %d for %s", s.charged(), a.raw)
	}
}
