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
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// theirTerms is what an upstream asks for itself.
const theirTerms = `{"x402Version":2,"error":"payment_required","resource":{"url":"mcp://tool/x"},"accepts":[{"scheme":"exact","network":"eip155:1","amount":"1","asset":"0x00000000000000000000000000000000000000aa","payTo":"0x00000000000000000000000000000000000000bb","maxTimeoutSeconds":60,"extra":{}}]}`

// protocolMeta is a _meta with something of every protocol of payment.
func protocolMeta() *mcp.Meta {
	return &mcp.Meta{AdditionalFields: map[string]any{
		x402.MetaPaymentResponse: map[string]any{"success": true}, onmcp.MetaPrice: json.RawMessage(theirTerms), onmcp.MetaReceipt: "r", onmcp.MetaCredit: "c",
		offer.MetaCost: "400", "org.paymentauth/receipt": "r", "theirs": 1,
	}}
}

func notOurs(t testing.TB, what string, text string) {
	t.Helper()
	for _, name := range []string{"theirs", "eip155:1"} {
		if (name == "theirs") != strings.Contains(text, name) {
			t.Errorf("%s: %s", what, text)
		}
	}
	for _, name := range []string{onmcp.MetaReceipt, offer.MetaCost, "org.paymentauth"} {
		if strings.Contains(text, name) {
			t.Errorf("%s has %s: %s", what, name, text)
		}
	}
}

func encoded(t testing.TB, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestWhatAnUpstreamSaysOfPaymentsIsNotPassedOn(t *testing.T) {
	web := serveHTTP(t, "web")
	result := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		text := mcp.NewTextContent("the goods")
		text.Meta = protocolMeta()
		return &mcp.CallToolResult{Result: mcp.Result{Meta: protocolMeta()}, Content: []mcp.Content{text}}, nil
	}
	for _, name := range []string{"free", "metered", "plain"} {
		tool := mcp.NewTool(name)
		tool.Meta = protocolMeta()
		web.mcp.AddTool(tool, result)
	}
	prompt := mcp.NewPrompt("hint")
	prompt.Meta = protocolMeta()
	web.mcp.AddPrompt(prompt, func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return &mcp.GetPromptResult{Result: mcp.Result{Meta: protocolMeta()}, Messages: []mcp.PromptMessage{}}, nil
	})
	s := sell(t, fmt.Sprintf("prices: {metered: {max: 0.001, metered: true}, plain: 0.001, free: 0}\nupstreams:\n  it: {url: %q, allow: [free, metered, plain], prompts: ['*']}\n", web.url()))
	client, _ := s.listener(t)
	notOurs(t, "a free result", encoded(t, call(t, client, "free", nil)))
	list, err := client.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		if !isShops(tool.Name) {
			notOurs(t, "the tool "+tool.Name, encoded(t, tool))
		}
	}
	prompts, err := client.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	if err != nil || len(prompts.Prompts) != 2 {
		t.Fatalf("the prompts are %+v, %v", prompts, err)
	}
	notOurs(t, "a prompt", encoded(t, prompts.Prompts[1]))
	var req mcp.GetPromptRequest
	req.Params.Name = "hint"
	hint, err := client.GetPrompt(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	notOurs(t, "what a prompt says", encoded(t, hint))
	payer := s.buyer(t)
	for name, price := range map[string]vouchers.Amount{"metered": 400, "plain": 1_000} {
		result, receipt, err := payer.CallTool(t.Context(), name, nil)
		if err != nil || receipt.Charged != price {
			t.Fatalf("%s: %+v, %v", name, receipt, err)
		}
		delete(result.Meta.AdditionalFields, onmcp.MetaReceipt) // the shop's own
		notOurs(t, name, encoded(t, result))
	}
}

func TestAToolThatAsksForAPaymentOfItsOwnHasFailed(t *testing.T) {
	web := serveHTTP(t, "web")
	refusal := `{"code":"budget_exhausted","caveat":"budget=1","required":"5","remaining":"0","message":"no","help":{"topUp":"chit credit top-up x AMOUNT"}}`
	answers := map[string]*mcp.CallToolResult{
		"structured":    {StructuredContent: json.RawMessage(theirTerms), Content: []mcp.Content{mcp.NewTextContent("pay")}, IsError: true},
		"text":          {Content: []mcp.Content{mcp.NewTextContent(theirTerms)}, IsError: true},
		"success":       {Content: []mcp.Content{mcp.NewTextContent("look:"), mcp.NewTextContent("  " + theirTerms)}},
		"escaped":       {Content: []mcp.Content{mcp.NewTextContent(strings.Replace(theirTerms, "accepts", `\u0061ccepts`, 1))}},
		"credit":        {Content: []mcp.Content{mcp.NewTextContent(refusal)}, IsError: true},
		"credit object": {StructuredContent: json.RawMessage(refusal), Content: []mcp.Content{mcp.NewTextContent("no")}, IsError: true},
	}
	for name, answer := range answers {
		web.tool(name, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return answer, nil })
	}
	web.tool("of terms", said(`{"about":"x402Version and accepts","links":["a"]}`))
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001, escaped: 0, text: 0}\nupstreams:\n  it: {url: %q}\n", web.url()))
	client, _ := s.listener(t)
	payer := s.buyer(t)
	for name := range answers {
		var got *mcp.CallToolResult
		if name == "escaped" || name == "text" {
			got = call(t, client, name, nil)
		} else {
			result, receipt, err := payer.CallTool(t.Context(), name, nil)
			if err != nil || receipt.Paid {
				t.Fatalf("%s: %+v, %v", name, receipt, err)
			}
			got = result
		}
		text := encoded(t, got)
		if !got.IsError || !strings.Contains(text, "asks for a payment of its own") || strings.Contains(text, "eip155:1") || strings.Contains(text, "top-up") {
			t.Errorf("%s: %s", name, text)
		}
	}
	buy(t, payer, 1_000, "of terms", nil)
	if s.charged() != 1_000 {
		t.Errorf("charged %d", s.charged())
	}
	s.log.wait(t, len(answers), "what is sold asks for a payment of its own")
}

// speaksOfPayments is the URL of a service that answers with payments of its own, and, where it
// is asked with ?pay, wants one.
func speaksOfPayments(t testing.TB) (url string) {
	t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"PAYMENT-REQUIRED", "PAYMENT-RESPONSE", "X-PAYMENT-RESPONSE", "Payment-Receipt", "Chit-Receipt", "Chit-Credit-Remaining", "Chit-Other"} {
			w.Header().Set(name, "theirs")
		}
		w.Header().Set("Chit-Cost", "300")
		w.Header().Set("Set-Cookie", "session=theirs")
		w.Header().Set("X-Mine", "passes")
		w.Header()["WWW-Authenticate"] = []string{"Basic realm=a", `Payment id="1", method="evm"`, `Bearer a="b", Payment id="2"`}
		if r.URL.Query().Has("pay") {
			w.WriteHeader(http.StatusPaymentRequired)
		}
		fmt.Fprintf(w, "seen %v", r.Header)
	}))
	t.Cleanup(service.Close)
	return service.URL
}

func TestARoutesUpstreamDoesNotSpeakOfPaymentsToThePayer(t *testing.T) {
	url := speaksOfPayments(t)
	s := sell(t, fmt.Sprintf(`
routes:
  - {path: /free, upstream: "%[1]s", price: 0}
  - {path: /paid, upstream: "%[1]s", price: 0.001}
  - {path: /metered, upstream: "%[1]s", price: {max: 0.001, metered: true}}
`, url))
	free := s.asked(t, http.MethodGet, "/free", "", "", "Payment-Signature", "p", "X-Payment", "p", "Chit-Pay", "p", "Authorization", "bearer  chit_secret", "X-Api-Key", "chit_secret", "X-Else", "passes")
	for _, secret := range []string{"Payment", "Chit-", "Authorization", "chit_", "X-Api-Key"} {
		if strings.Contains(free.body, secret) {
			t.Errorf("the upstream has seen %s: %s", secret, free.body)
		}
	}
	if !strings.Contains(free.body, "X-Else") || free.head.Get("Set-Cookie") == "" {
		t.Errorf("what is nobody's does not pass: %+v", free)
	}
	w := newWalker(t, s, "/paid")
	paid := w.do(http.MethodGet, "/paid", "", w.deposits(usdc, 1_000))
	metered := w.do(http.MethodGet, "/metered", "", w.pays(2_000))
	if *w.receipt(paid).Extra.ChargedAmount != 1_000 || *w.receipt(metered).Extra.ChargedAmount != 300 {
		t.Errorf("charged %+v, %+v", w.receipt(paid).Extra, w.receipt(metered).Extra)
	}
	for name, r := range map[string]reply{"free": free, "paid": paid, "metered": metered} {
		for header, values := range r.head {
			if header != "Payment-Response" && header != "Chit-Receipt" && (strings.Contains(header, "Payment") || strings.HasPrefix(header, "Chit-")) ||
				header != "X-Mine" && header != "Set-Cookie" && strings.Contains(strings.Join(values, ""), "theirs") {
				t.Errorf("%s: %s is %s", name, header, values)
			}
		}
		if got := r.head.Values("WWW-Authenticate"); len(got) != 1 || got[0] != "Basic realm=a" || r.head.Get("X-Mine") != "passes" {
			t.Errorf("%s: %v", name, r.head)
		}
		if name != "free" && r.head.Get("Set-Cookie") != "" {
			t.Errorf("%s: a cookie passes", name)
		}
	}
	refused := map[string]reply{
		"free": s.asked(t, http.MethodGet, "/free?pay", "", ""), "paid": w.do(http.MethodGet, "/paid?pay", "", w.pays(2_300)),
	}
	for name, r := range refused {
		if r.status != http.StatusBadGateway || strings.Contains(r.body, "seen") || r.head.Get("Payment-Required") != "" || !strings.Contains(r.body, "payment of its own") {
			t.Errorf("%s: a 402 of the upstream became %+v", name, r)
		}
	}
	if s.charged() != 1_300 {
		t.Errorf("charged %d", s.charged())
	}
}
