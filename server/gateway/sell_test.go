package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/x402"
)

func TestToolsOfEveryTransportAreSold(t *testing.T) {
	web, sse := serveHTTP(t, "web"), serveSSE(t, "sse")
	for name, upstream := range map[string]string{
		"streamable HTTP": fmt.Sprintf("{url: %q}", web.url()),
		"SSE":             fmt.Sprintf("{url: %q, sse: true}", sse.url()),
		"stdio":           stdioUpstream(t, "stdio"),
	} {
		t.Run(name, func(t *testing.T) {
			s := sell(t, "prices: {'*': 0.001, steps: 0}\nupstreams:\n  it: "+upstream)
			client := s.buyer(t)
			if got := textOf(t, buy(t, client, 1_000, "echo", map[string]any{"text": "hello"})); !strings.HasSuffix(got, ": hello") {
				t.Errorf("echo says %q", got)
			}
			if got := textOf(t, buy(t, client, 0, "steps", map[string]any{"silent": true})); got != "three steps" {
				t.Errorf("the free tool says %q", got)
			}
			if got := buy(t, client, 1_000, "large", nil); len(textOf(t, got)) != 1<<20 {
				t.Errorf("a large answer has %d bytes", len(textOf(t, got)))
			}
			picture := buy(t, client, 1_000, "picture", nil)
			if image, ok := picture.Content[1].(mcp.ImageContent); !ok || image.MIMEType != "image/png" || image.Data == "" {
				t.Errorf("the picture is %+v", picture.Content[1])
			}
			calls := uint64(3)
			if slices.Contains(names(t, client.MCP()), "research") != (name != "streamable HTTP") { // of the newest protocol, which has no tasks
				t.Error("the tool that only runs as a task is there where it cannot be called, or not where it can")
			}
			if name != "streamable HTTP" {
				calls++
				if got := textOf(t, buy(t, client, 1_000, "research", nil)); got != "found out" {
					t.Errorf("the task says %q", got)
				}
			}
			failed, receipt, err := client.CallTool(t.Context(), "fail", nil)
			if err != nil || !failed.IsError || receipt.Paid || textOf(t, failed) != "it does not work" {
				t.Errorf("a tool that fails: %+v, %+v, %v", failed, receipt, err)
			}
			if s.charged() != calls*1_000 {
				t.Errorf("charged %d, want %d calls of 1000", s.charged(), calls)
			}
		})
	}
}

func TestPricesAreByNameByGlobAndByUpstream(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf(`
prices: {"*": "0.003", echo: "0.001", "st*": "0.002"}
upstreams:
  it:
    url: %q
    prices: {"pic*": "0.004", steps: "0"}
`, web.url()))
	tools, err := s.buyer(t).Tools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		if isShops(tool.Name) {
			continue
		}
		want := map[string]uint64{"echo": 1_000, "picture": 4_000, "steps": 0}
		price, ok := want[tool.Name]
		if !ok {
			price = 3_000
		}
		if uint64(tool.Price) != price {
			t.Errorf("%s costs %s, want %d", tool.Name, tool.Price, price)
		}
	}
}

// isShops says whether a tool is the shop's own.
func isShops(name string) bool { return strings.HasPrefix(name, "chit_") }

func names(t testing.TB, client *mcpclient.Client) (all []string) {
	t.Helper()
	list, err := client.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		if !isShops(tool.Name) {
			all = append(all, tool.Name)
		}
	}
	return all
}

func TestNamesArePrefixedOnConflictOrAlways(t *testing.T) {
	one, two, three := serveHTTP(t, "one"), serveHTTP(t, "two"), serveHTTP(t, "three")
	s := sell(t, fmt.Sprintf(`
prices: {a_echo: "0.001", b_echo: "0.002", "x_*": "0.003", steps: free}
upstreams:
  a: {url: %q, allow: [echo, "g*"], deny: [grow], prompts: ["*"]}
  b: {url: %q, allow: [echo, steps], prompts: [greet]}
  c: {url: %q, allow: [echo], prefix: x, prompts: ["gr*"]}
`, one.url(), two.url(), three.url()))
	client := s.buyer(t)
	if got := names(t, client.MCP()); !slices.Equal(got, []string{"a_echo", "b_echo", "steps", "x_echo"}) {
		t.Errorf("the tools are %v", got)
	}
	for i, tool := range []string{"a_echo", "b_echo", "x_echo"} {
		text := textOf(t, buy(t, client, uint64(i+1)*1_000, tool, map[string]any{"text": "hi"}))
		if want := []string{"one: hi", "two: hi", "three: hi"}[i]; text != want {
			t.Errorf("%s says %q, want %q", tool, text, want)
		}
	}
	prompts, err := client.MCP().ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	if err != nil || len(prompts.Prompts) != 3 {
		t.Fatalf("the prompts are %+v, %v", prompts, err)
	}
	var req mcp.GetPromptRequest
	req.Params.Name, req.Params.Arguments = "b_greet", map[string]string{"who": "you"}
	greeting, err := client.MCP().GetPrompt(t.Context(), req)
	if err != nil || greeting.Messages[0].Content.(mcp.TextContent).Text != "two greets you" {
		t.Errorf("the prompt says %+v, %v", greeting, err)
	}
}

func TestAToolThatHasTheNameOfTheShopsOwnIsNotFree(t *testing.T) {
	web := serveHTTP(t, "web")
	web.tool(onmcp.RefundTool, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("theirs"), nil
	})
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  it: {url: %q}\n", web.url()))
	if got := textOf(t, buy(t, s.buyer(t), 1_000, "it_"+onmcp.RefundTool, nil)); got != "theirs" {
		t.Errorf("it says %q", got)
	}
}

func TestSchemasPassAsTheyAre(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q, resources: ['*'], prompts: ['*']}", web.url()))
	resp, err := http.Post(s.url(), "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"t","version":"1"},"capabilities":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	session := resp.Header.Get("Mcp-Session-Id")
	var hello struct {
		Result struct {
			Instructions string
			Capabilities map[string]any
		}
	}
	decodeBody(t, resp, &hello)
	if hello.Result.Instructions != "ask web" || len(hello.Result.Capabilities) != 5 {
		t.Errorf("the gateway says %+v", hello.Result)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url(), strings.NewReader(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Mcp-Session-Id", session)
	if resp, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	var list struct {
		Result struct {
			Tools []struct {
				Name        string
				InputSchema json.RawMessage
			}
		}
	}
	decodeBody(t, resp, &list)
	for _, tool := range list.Result.Tools {
		if tool.Name == "echo" && string(tool.InputSchema) != oddSchema {
			t.Errorf("the schema became %s", tool.InputSchema)
		}
	}
}

func decodeBody(t testing.TB, resp *http.Response, to any) {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(to); err != nil {
		t.Fatal(err)
	}
}

// begin begins the session of a client, which ends with the test.
func begin(t testing.TB, client *mcpclient.Client, pool *http.Transport) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() {
		_ = client.Close()
		cancel()
		pool.CloseIdleConnections()
	})
	if err := client.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
}

// listener is a client of the 2025 protocol that hears notifications.
func (s *selling) listener(t testing.TB) (*mcpclient.Client, <-chan mcp.JSONRPCNotification) {
	t.Helper()
	pool := http.DefaultTransport.(*http.Transport).Clone()
	opening := &opening{RoundTripper: pool, opened: make(chan struct{}, 100)}
	//lint:ignore SA1019 the clients that are out there
	listening := transport.WithContinuousListening()
	client, err := mcpclient.NewStreamableHttpClient(s.url(), listening, transport.WithHTTPBasicClient(&http.Client{Transport: opening}))
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan mcp.JSONRPCNotification, 100)
	client.OnNotification(func(n mcp.JSONRPCNotification) { heard <- n })
	begin(t, client, pool)
	<-opening.opened
	return client, heard
}

// opening tells when a stream is open.
type opening struct {
	http.RoundTripper
	opened chan struct{}
}

func (o *opening) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.RoundTripper.RoundTrip(req)
	if req.Method == http.MethodGet {
		o.opened <- struct{}{}
	}
	return resp, err
}

func TestTheTermsOfAToolWithAnOutputSchemaAreText(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  it: {url: %q}\n", web.url()))
	client, _ := s.listener(t)
	unpaid := call(t, client, "weather", nil)
	required, err := x402.DecodePaymentRequired([]byte(textOf(t, unpaid)))
	if err != nil || !unpaid.IsError || len(unpaid.RawStructuredContent) != 0 || required.Accepts[0].Amount != 1_000 {
		t.Errorf("unpaid it answers %+v, %v", unpaid, err)
	}
	if got := buy(t, s.buyer(t), 1_000, "weather", nil); string(got.RawStructuredContent) != `{"rain":true}` {
		t.Errorf("paid it answers %s", got.RawStructuredContent)
	}
	if other := call(t, client, "echo", nil); len(other.RawStructuredContent) == 0 {
		t.Error("the terms of another tool are not structured")
	}
}
