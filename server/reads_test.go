package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// library adds resources, a template and prompts, which say who they are.
func library(tools *mcpserver.MCPServer) {
	read := func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: req.Params.URI, Text: "text of " + req.Params.URI}}, nil
	}
	for _, uri := range []string{"note://a", "note://b", "note://free", "note://unsold"} {
		tools.AddResource(mcp.NewResource(uri, uri), read)
	}
	tools.AddResourceTemplate(mcp.NewResourceTemplate("file:///{+path}", "files"), read)
	for _, name := range []string{"poem", "song", "gift", "unsold"} {
		tools.AddPrompt(mcp.NewPrompt(name, mcp.WithArgument("of")), func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("text of "+name+" "+req.Params.Arguments["of"]))}), nil
		})
	}
}

var libraryPrices = server.Prices{
	"text_stats": "0.001", "resource:note://a": "0.001", "resource:note://b": "0.001", "resource:note://free": server.Free,
	"resource:file:///*": server.Free, "resource:file:///reports/*": "0.002", "prompt:poem": "0.001", "prompt:song": "0.001", "prompt:gift": server.Free,
}

func openLibrary(t *testing.T, change ...func(*server.Options)) *shoptest.Shop {
	t.Helper()
	o := shoptest.Options(t)
	o.Prices = libraryPrices
	for _, f := range change {
		f(&o)
	}
	return shoptest.Open(t, o, library)
}

// rpcAnswer is an answer of MCP.
type rpcAnswer struct {
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
		Data    json.RawMessage
	}
	status int
	raw    string
}

func (a *rpcAnswer) gives(text string) bool {
	return a.Error == nil && strings.Contains(string(a.Result), text)
}

func askRaw(t *testing.T, url string, body []byte) *rpcAnswer {
	t.Helper()
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
	a := &rpcAnswer{status: resp.StatusCode, raw: string(raw)}
	_ = json.Unmarshal(raw, a) // what is no answer has neither
	return a
}

func askMCP(t *testing.T, url, method string, params map[string]any, payment json.RawMessage) *rpcAnswer {
	t.Helper()
	if payment != nil {
		params["_meta"] = map[string]any{x402.MetaPayment: payment}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	return askRaw(t, url, body)
}

func readURI(t *testing.T, url, uri string, payment json.RawMessage) *rpcAnswer {
	t.Helper()
	return askMCP(t, url, "resources/read", map[string]any{"uri": uri}, payment)
}

func getPrompt(t *testing.T, url, name string, payment json.RawMessage) *rpcAnswer {
	t.Helper()
	return askMCP(t, url, "prompts/get", map[string]any{"name": name}, payment)
}

func termsIn(t *testing.T, a *rpcAnswer) *x402.PaymentRequired {
	t.Helper()
	if a.Error == nil || a.Error.Code != 402 {
		t.Fatalf("answered %s, want an error 402 with terms", a.raw)
	}
	required, err := x402.DecodePaymentRequired(a.Error.Data)
	if err != nil {
		t.Fatalf("the terms in %s: %v", a.raw, err)
	}
	return required
}

func TestAnUnpaidReadIsAnErrorWhoseDataAreTheTerms(t *testing.T) {
	shop := openLibrary(t)
	for name, a := range map[string]*rpcAnswer{
		"mcp://resource/note://a": readURI(t, shop.URL, "note://a", nil),
		"mcp://prompt/poem":       getPrompt(t, shop.URL, "poem", nil),
	} {
		required := termsIn(t, a)
		if required.Resource.URL != name || len(required.Accepts) == 0 || required.Accepts[0].Amount != 1_000 || required.Error != x402.ErrPaymentRequired {
			t.Errorf("the terms of %s are %+v", name, required)
		}
	}
	if a := readURI(t, shop.URL, "note://free", nil); !a.gives("text of note://free") {
		t.Errorf("a free resource is answered %s", a.raw)
	}
	if a := getPrompt(t, shop.URL, "gift", nil); !a.gives("text of gift") {
		t.Errorf("a free prompt is answered %s", a.raw)
	}
	for _, a := range []*rpcAnswer{readURI(t, shop.URL, "note://unsold", nil), getPrompt(t, shop.URL, "unsold", nil)} {
		if a.Error == nil || a.Error.Code == 402 {
			t.Errorf("what has no price beside what has is answered %s", a.raw)
		}
	}
}

func TestWithoutAPatternOverThemResourcesAndPromptsAreFree(t *testing.T) {
	shop := openLibrary(t, func(o *server.Options) { o.Prices = server.Prices{"*": "0.001"} })
	if a := readURI(t, shop.URL, "note://a", nil); !a.gives("text of note://a") {
		t.Errorf("answered %s", a.raw)
	}
	if a := getPrompt(t, shop.URL, "poem", nil); !a.gives("text of poem") {
		t.Errorf("answered %s", a.raw)
	}
}

func TestAURIWrittenInAnotherWayCostsTheSame(t *testing.T) {
	shop := openLibrary(t)
	if a := readURI(t, shop.URL, "file:///other/x", nil); !a.gives("text of file:///other/x") {
		t.Errorf("what is free is answered %s", a.raw)
	}
	for _, uri := range []string{
		"file:///reports/x", "file:///%72eports/x", "file:///reports%2Fx", "file:////reports//x", "file:///%2572eports/x",
	} {
		if required := termsIn(t, readURI(t, shop.URL, uri, nil)); required.Accepts[0].Amount != 2_000 {
			t.Errorf("%s is sold at %s, want 0.002", uri, required.Accepts[0].Amount)
		}
	}
}

func TestAURIWithSegmentsOfDotsIsNotSold(t *testing.T) {
	shop := openLibrary(t)
	for _, uri := range []string{
		"file:///./reports/x", "file:///other/../reports/x", "file:///other/%2e%2e/reports/x", "file:///other/%252e%252e/reports/x",
		"file:///other/..%5Creports", "file:///reports/..", "file:///other%2F..%2Freports/x",
	} {
		if a := readURI(t, shop.URL, uri, nil); a.Error == nil || a.Error.Code == 402 || strings.Contains(a.raw, "text of") {
			t.Errorf("%s is answered %s", uri, a.raw)
		}
	}
	if a := readURI(t, shop.URL, "file:///other/..x", nil); !a.gives("text of") {
		t.Errorf("a name with dots is answered %s", a.raw)
	}
}

func TestListsSayWhatReadsCost(t *testing.T) {
	shop := openLibrary(t)
	for method, want := range map[string]map[string]vouchers.Amount{
		"resources/list":           {"note://a": 1_000, "note://b": 1_000, "note://free": 0},
		"resources/templates/list": {"file:///{+path}": 0},
		"prompts/list":             {"poem": 1_000, "song": 1_000, "gift": 0},
	} {
		a := askMCP(t, shop.URL, method, map[string]any{}, nil)
		type entry struct {
			URI, Name, URITemplate string
			Meta                   map[string]json.RawMessage `json:"_meta"`
		}
		var list struct{ Resources, ResourceTemplates, Prompts []entry }
		if err := json.Unmarshal(a.Result, &list); err != nil {
			t.Fatalf("%s: %v in %s", method, err, a.raw)
		}
		got := make(map[string]vouchers.Amount)
		for _, e := range append(append(list.Resources, list.ResourceTemplates...), list.Prompts...) {
			name := e.URI + e.URITemplate
			if name == "" {
				name = e.Name
			}
			got[name] = 0
			if raw := e.Meta["x402/payment-required"]; raw != nil {
				required, err := x402.DecodePaymentRequired(raw)
				if err != nil {
					t.Fatal(err)
				}
				got[name] = required.Accepts[0].Amount
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s lists %v, want %v", method, got, want)
		}
		for name, price := range want {
			if listed, there := got[name]; !there || listed != price {
				t.Errorf("%s says %s of %s, want %s", method, listed, name, price)
			}
		}
	}
}

func TestAPaymentBuysNothingElseThanWhatItBought(t *testing.T) {
	shop := openLibrary(t)
	key := shoptest.Key(t, "payer")
	terms := termsIn(t, readURI(t, shop.URL, "note://a", nil)).Accepts[0]
	regular := shoptest.NewRegular(t, terms, "text_stats", key, shoptest.OpenUnbacked(t, shop, terms, key, 1))
	asks := map[string]func(payment json.RawMessage) *rpcAnswer{
		"tool": func(payment json.RawMessage) *rpcAnswer {
			return askMCP(t, shop.URL, "tools/call", map[string]any{"name": "text_stats", "arguments": map[string]any{"text": "a"}}, payment)
		},
		"resource a": func(payment json.RawMessage) *rpcAnswer { return readURI(t, shop.URL, "note://a", payment) },
		"resource b": func(payment json.RawMessage) *rpcAnswer { return readURI(t, shop.URL, "note://b", payment) },
		"prompt a":   func(payment json.RawMessage) *rpcAnswer { return getPrompt(t, shop.URL, "poem", payment) },
		"prompt b":   func(payment json.RawMessage) *rpcAnswer { return getPrompt(t, shop.URL, "song", payment) },
	}
	for bought, buy := range asks {
		payment := regular.NextPayment()
		first := buy(payment)
		if first.Error != nil || strings.Contains(first.raw, `"isError":true`) {
			t.Fatalf("%s is answered %s", bought, first.raw)
		}
		for other, ask := range asks {
			a := ask(payment)
			refused := a.Error != nil && a.Error.Code == 402 || strings.Contains(a.raw, `"isError":true`)
			if again := other == bought; again == refused {
				t.Errorf("what has paid for %s is brought for %s and answered %s", bought, other, a.raw)
			}
		}
	}
}

func TestNoWayAroundGivesWhatAReadCosts(t *testing.T) {
	shop := openLibrary(t)
	read := `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://a"}}`
	get := `{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"poem"}}`
	for name, body := range map[string]string{
		"a batch":              "[" + read + "," + get + "]",
		"a batch of one":       "[" + read + "]",
		"two uris":             `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://free","uri":"note://a"}}`,
		"another case":         `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://free","URI":"note://a"}}`,
		"a subscription":       `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"note://a"}}`,
		"a completion":         `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"note://a"},"argument":{"name":"x","value":""}}}`,
		"a tool of its name":   `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"resource:note://a","arguments":{}}}`,
		"a reading of its own": `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://a","_meta":{"chit/reading":{}}}}`,
		"a prompt of its URI":  `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"resource:note://a"}}`,
	} {
		if a := askRaw(t, shop.URL, []byte(body)); strings.Contains(a.raw, "text of note://a") || strings.Contains(a.raw, "text of poem") {
			t.Errorf("%s gets %s", name, a.raw)
		}
	}
}

func TestAToolWithTheNameOfAResourceIsNotSold(t *testing.T) {
	o := shoptest.Options(t)
	o.Prices = server.Prices{"*": server.Free, "resource:*": server.Free}
	shop := shoptest.Open(t, o, func(tools *mcpserver.MCPServer) {
		tools.AddTool(mcp.NewTool("resource:note"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("given"), nil
		})
	})
	if a := askMCP(t, shop.URL, "tools/call", map[string]any{"name": "resource:note"}, nil); strings.Contains(a.raw, "given") {
		t.Errorf("answered %s", a.raw)
	}
}

func TestWhereMPPIsAcceptedAnUnpaidReadHasItsChallenges(t *testing.T) {
	shop := openLibrary(t, func(o *server.Options) {
		o.Accept = offer.Accept{offer.BatchSettlement, offer.Exact, offer.MPP}
	})
	a := getPrompt(t, shop.URL, "poem", nil)
	if a.Error == nil || a.Error.Code != mpp.CodePaymentRequired {
		t.Fatalf("answered %s", a.raw)
	}
	challenges, err := mpp.DecodeRequired(a.Error.Data)
	if err != nil || len(challenges.Challenges) == 0 {
		t.Errorf("challenges %+v, %v in %s", challenges, err, a.raw)
	}
	if required, err := x402.DecodePaymentRequired(a.Error.Data); err != nil || len(required.Accepts) == 0 {
		t.Errorf("terms %+v, %v in %s", required, err, a.raw)
	}
	if a := askMCP(t, shop.URL, "prompts/get", map[string]any{"name": "poem", "_meta": map[string]any{mpp.MetaCredential: map[string]any{}}}, nil); a.Error == nil || a.Error.Code != mpp.CodeVerificationFailed {
		t.Errorf("a credential that is none is answered %s", a.raw)
	}
}

func TestAnUnpaidReadOverStandardStreamsIsAnErrorWithTerms(t *testing.T) {
	o := shoptest.Options(t)
	o.Prices = libraryPrices
	shop, err := server.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	}()
	tools := mcpserver.NewMCPServer("a library", "1")
	library(tools)
	shop.Sell(tools)
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- shop.ServeStdio(t.Context(), in, out, tools, 0) }()
	if _, err := io.WriteString(ask, `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://a"}}`+"\n"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(answers).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	a := &rpcAnswer{raw: string(line)}
	if err := json.Unmarshal(line, a); err != nil {
		t.Fatal(err)
	}
	if required := termsIn(t, a); required.Accepts[0].Amount != 1_000 {
		t.Errorf("the terms are %+v", required)
	}
	if err := ask.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
