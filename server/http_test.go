package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func get(t testing.TB, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}

func TestAShopWhoseStoreFailsWithholdsTheAnswerAndSaysThatItIsIll(t *testing.T) {
	work := new(tool)
	options := selling(t)
	shop := shoptest.Open(t, options, work.add)
	c := regular(t, shop, "payer", usdc)
	health := strings.TrimSuffix(shop.URL, "/mcp") + "/healthz"
	if status, body := get(t, health); status != http.StatusOK || body != `{"status":"ok"}` {
		t.Errorf("a shop in order: %d %s", status, body)
	}
	work.do = func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if err := shop.Store.Close(); err != nil { // stands for a disk that is gone
			t.Error(err)
		}
		return mcp.NewToolResultText("the goods"), nil
	}
	payment := c.identified(c.pays(price), identifier)
	got := c.call("work", payment)
	if !got.result.IsError || !strings.Contains(got.text(), "withheld") || strings.Contains(string(got.raw), "the goods") ||
		len(got.result.Meta.AdditionalFields) != 1 || got.result.Meta.AdditionalFields["chit/withheld"] != true {
		t.Errorf("answered %s", got.raw)
	}
	if refused := c.callWith(t.Context(), map[string]any{"n": 2}, c.pays(2*price)).refusal(); refused.Error != x402.ErrVerificationStateUnavailable {
		t.Errorf("the next call: %s (%s)", refused.Error, refused.ErrorMessage)
	}
	if status, body := get(t, health); status != http.StatusServiceUnavailable || !strings.Contains(body, `"error"`) {
		t.Errorf("a shop without a store: %d %s", status, body)
	}
	if n := work.runs.Load(); n != 1 {
		t.Errorf("the tool has run %d times", n)
	}
	_ = shop.Close() // says again that the store is closed

	work.do = nil
	shop = shoptest.Open(t, options, work.add)
	c.url = shop.URL
	if got := c.call("work", payment); got.text() != "done" || c.ledger(shop).Charged != price {
		t.Errorf("the same payment after a restart: %s, charged %s", got.raw, c.ledger(shop).Charged)
	}
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": "work", "arguments": strings.Repeat("x", server.MaxBody), "_meta": map[string]any{x402.MetaPayment: c.pays(price)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(shop.URL, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 400 || resp.StatusCode > 499 {
		t.Errorf("answered with status %d", resp.StatusCode)
	}
	if work.runs.Load() != 0 || c.ledger(shop).Charged != 0 {
		t.Error("the call was served")
	}
}

func TestAStopLetsTheRunningCallFinish(t *testing.T) {
	started, finish := make(chan struct{}), make(chan struct{})
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(started)
		<-finish
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	url, stop, stopped := serve(t, shop, work, 0)
	c.url = url
	answered := make(chan answer)
	go func() { answered <- c.call("work", c.pays(price)) }()
	<-started
	stop()
	until(t, "the listener is closed", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSuffix(url, "/mcp"), "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("the server has stopped under a running call: %v", err)
	default:
	}
	close(finish)
	if got := <-answered; got.text() != "done" || *got.receipt().Extra.ChargedAmount != price {
		t.Errorf("the running call: %s, %v", got.raw, got.err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("the server stopped with %v", err)
	}
}

// serve runs Shop.Serve until stop is called; stopped gives its error.
func serve(t testing.TB, shop *shoptest.Shop, work *tool, settleEvery time.Duration) (url string, stop func(), stopped <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tools := mcpserver.NewMCPServer("test shop", "1")
	work.add(tools)
	shop.Sell(tools)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- shop.Serve(ctx, server.Listeners{Public: listener}, tools, settleEvery) }()
	t.Cleanup(cancel)
	return "http://" + listener.Addr().String() + "/mcp", cancel, done
}

func TestAServingShopSettlesByItself(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	url, stop, stopped := serve(t, shop, work, 20*time.Millisecond)
	c.url = url
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Fatalf("the call: %s", got.raw)
	}
	until(t, "the charge is settled", func() bool { return c.ledger(shop).Claimed == price })
	if got := income(t, shop); got != price {
		t.Errorf("the receiver has %s", got)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	stop()
	if err := <-stopped; err != nil {
		t.Errorf("the server stopped with %v", err)
	}
}

func TestAListenerThatFailsEndsTheServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context(), listener, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), listener.Addr().String()) {
		t.Errorf("served a closed listener: %v", err)
	}
}

func TestOtherPathsAndMethodsAreNotServed(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	for request, want := range map[string]int{"GET /": 404, "GET /channels": 404, "POST /settle": 404, "GET /backup": 404, "POST /healthz": 405} {
		method, path, _ := strings.Cut(request, " ")
		recorder := httptest.NewRecorder()
		tools := mcpserver.NewMCPServer("empty", "1")
		shop.Sell(tools)
		shop.Handler(tools).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		if recorder.Code != want {
			t.Errorf("%s is answered with %d, want %d", request, recorder.Code, want)
		}
	}
}
