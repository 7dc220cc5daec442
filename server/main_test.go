package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestMain(m *testing.M) {
	if settings := os.Getenv(stdioVariable); settings != "" {
		sellOverStdio(settings)
		return
	}
	shoptest.Main(m)
}

const (
	usdc = shoptest.USDC
	// price is what the tool "work" costs.
	price = 1_000
)

// tool is "work": it counts how often it runs, and does what the test says.
type tool struct {
	runs atomic.Int64
	do   mcpserver.ToolHandlerFunc
}

func (w *tool) add(s *mcpserver.MCPServer) {
	s.AddTool(mcp.NewTool("work"), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		w.runs.Add(1)
		if w.do != nil {
			return w.do(ctx, req)
		}
		return mcp.NewToolResultText("done"), nil
	})
}

// selling are the options of a shop that sells "work" besides the examples.
func selling(t testing.TB) server.Options {
	o := shoptest.Options(t)
	o.Prices = maps.Clone(o.Prices)
	o.Prices["work"] = "0.001"
	o.Settlement.IdleAfter = atOnce
	return o
}

// atOnce lets a settlement take a channel's newest voucher as soon as its call has ended.
const atOnce = time.Nanosecond

// answer is what a tool call was answered with.
type answer struct {
	t testing.TB
	// result is nil if the answer is an error of the protocol, whose message is failure.
	result  *mcp.CallToolResult
	failure string
	raw     json.RawMessage
	err     error // of the connection
}

// send makes a tool call as raw JSON. The payment is anything that encodes, nil for none.
func send(ctx context.Context, t testing.TB, url, name string, arguments, payment any) answer {
	params := map[string]any{"name": name, "arguments": arguments}
	if payment != nil {
		params["_meta"] = map[string]any{x402.MetaPayment: payment}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
	if err != nil {
		t.Fatal(err)
	}
	return post(ctx, t, url, body)
}

func post(ctx context.Context, t testing.TB, url string, body []byte) answer {
	t.Helper()
	a := answer{t: t}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.err = err
		return a
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.err = err
		return a
	}
	var reply struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(raw, &reply); err != nil {
		a.failure = string(raw)
		return a
	}
	if reply.Error != nil {
		a.failure = reply.Error.Message
		return a
	}
	a.raw = reply.Result
	if a.result, err = mcp.ParseCallToolResult(&reply.Result); err != nil {
		t.Fatalf("the result %s: %v", raw, err)
	}
	return a
}

func (a answer) text() string {
	a.t.Helper()
	if a.result == nil || len(a.result.Content) == 0 {
		a.t.Fatalf("no text in the answer: %q, %v", a.failure, a.err)
	}
	content, ok := a.result.Content[0].(mcp.TextContent)
	if !ok {
		a.t.Fatalf("the answer is a %T", a.result.Content[0])
	}
	return content.Text
}

// refusal is the PaymentRequired of the answer, which must be one.
func (a answer) refusal() *x402.PaymentRequired {
	a.t.Helper()
	if a.result == nil || !a.result.IsError {
		a.t.Fatalf("not refused: %s %q %v", a.raw, a.failure, a.err)
	}
	required, err := x402.DecodePaymentRequired(a.result.RawStructuredContent)
	if err != nil {
		a.t.Fatalf("%v in %s", err, a.raw)
	}
	return required
}

// code is why the call was refused, empty if it was not.
func (a answer) code() x402.ErrorCode {
	a.t.Helper()
	if a.result == nil || !a.result.IsError || len(a.result.RawStructuredContent) == 0 {
		return ""
	}
	return a.refusal().Error
}

// receipt is the SettlementResponse of the answer, which must have one.
func (a answer) receipt() *x402.SettlementResponse {
	a.t.Helper()
	if a.result == nil || a.result.Meta == nil {
		a.t.Fatalf("no receipt: %s %q %v", a.raw, a.failure, a.err)
	}
	response, err := x402.DecodeValue[x402.SettlementResponse](a.result.Meta.AdditionalFields[x402.MetaPaymentResponse])
	if err != nil {
		a.t.Fatalf("%v in %s", err, a.raw)
	}
	return response
}

// postRaw is the result of a request, whatever it is.
func postRaw(t testing.TB, url string, body []byte) json.RawMessage {
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
	defer resp.Body.Close()
	var reply struct{ Result json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	return reply.Result
}
