package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
)

// halfBody sends a request to a shop whose body never comes to its end.
func halfBody(t testing.TB, shop *shoptest.Shop, announced, sent int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(shop.URL, "http://"), "/mcp"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", announced, strings.Repeat(" ", sent)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestABodyThatDoesNotComeInTimeIsGivenUp(t *testing.T) {
	options := selling(t)
	options.Limits.BodyTime = 50 * time.Millisecond
	shop := shoptest.Open(t, options, new(tool).add)
	conn := halfBody(t, shop, 100, 1)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout || !resp.Close || shop.LimitHits()["bodyTime"] != 1 {
		t.Errorf("answered %s, limits %v", resp.Status, shop.LimitHits())
	}
}

func TestBodiesInFlightAreBoundedAndLeaveRoomForSmallOnes(t *testing.T) {
	options := selling(t)
	options.Limits.Bodies = 1 << 20
	shop := shoptest.Open(t, options, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	for range 3 {
		halfBody(t, shop, 300<<10, 250<<10)
	}
	large := map[string]any{"text": strings.Repeat("x", 300<<10)}
	until(t, "a large body is refused", func() bool {
		return strings.Contains(c.callWith(t.Context(), large, c.pays(price)).failure, "too many large requests")
	})
	if shop.LimitHits()["bodies"] == 0 {
		t.Errorf("limits %v", shop.LimitHits())
	}
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Errorf("a small call: %s %s", got.raw, got.failure)
	}
}

func TestBodiesThatWereServedMakeRoom(t *testing.T) {
	options := selling(t)
	options.Limits.Bodies = 1 << 20
	shop := shoptest.Open(t, options, new(tool).add)
	large := map[string]any{"text": strings.Repeat("x", 300<<10)}
	for i := range 20 {
		if got := send(t.Context(), t, shop.URL, "now", large, nil); got.result == nil || got.result.IsError {
			t.Fatalf("call %d: %s %s", i+1, got.raw, got.failure)
		}
	}
}

func TestAnAnswerThatIsNotReadIsGivenUp(t *testing.T) {
	options := selling(t)
	options.Limits.ReadTime = 50 * time.Millisecond
	options.Prices["flood"] = server.Free
	shop := shoptest.Open(t, options, func(s *mcpserver.MCPServer) {
		s.AddTool(mcp.NewTool("flood"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(strings.Repeat("x", 32<<20)), nil
		})
	})
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"flood"}}`
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(shop.URL, "http://"), "/mcp"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	until(t, "the answer is given up", func() bool { return shop.LimitHits()["readTime"] > 0 })
}

func TestAStreamThatHasNothingToSayIsRefused(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, shop.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != http.MethodPost {
		t.Errorf("answered %s, Allow %q", resp.Status, resp.Header.Get("Allow"))
	}
}

func TestStreamsAreBoundedAlsoOfTheNewestProtocol(t *testing.T) {
	options := selling(t)
	options.Limits.Streams = 2
	shop := shoptest.Open(t, options, new(tool).add)
	const listen = `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"it","version":"1"}}}}`
	open := func() (*http.Response, func()) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, shop.URL, strings.NewReader(listen))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		req.Header.Set(mcp.HeaderMethod, string(mcp.MethodSubscriptionsListen))
		req.Header.Set(mcp.HeaderProtocolVersion, mcp.ProtocolVersion20260728)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		done := func() { cancel(); _ = resp.Body.Close() }
		t.Cleanup(done)
		return resp, done
	}
	first, end := open()
	second, _ := open()
	if first.StatusCode != http.StatusOK || second.StatusCode != http.StatusOK {
		t.Fatalf("answered %s and %s", first.Status, second.Status)
	}
	if third, _ := open(); third.StatusCode != http.StatusServiceUnavailable || third.Header.Get("Retry-After") == "" || shop.LimitHits()["streams"] != 1 {
		t.Errorf("the third is answered %s, limits %v", third.Status, shop.LimitHits())
	}
	end()
	until(t, "there is room again", func() bool {
		again, _ := open()
		return again.StatusCode == http.StatusOK
	})
}

func TestNothingIsKeptOfALogLevelThatARequestSets(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	tools := mcpserver.NewMCPServer("it logs", "1", mcpserver.WithLogging())
	shop.Sell(tools)
	handler := shop.Handler(tools)
	set := func(times int) {
		for range times {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}`))
			req.Header.Set("Content-Type", "application/json")
			reply := httptest.NewRecorder()
			if handler.ServeHTTP(reply, req); !strings.Contains(reply.Body.String(), `"result"`) {
				t.Fatalf("answered %s", reply.Body)
			}
		}
	}
	set(100)
	before := heap()
	set(20_000)
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("20,000 requests have left %d KiB", grown>>10)
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestAFreeRouteTakesNoMoreThanABody(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	route := shop.TakeBody(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	for size, status := range map[int]int{10: http.StatusOK, server.MaxBody: http.StatusOK, server.MaxBody + 1: http.StatusRequestEntityTooLarge} {
		for _, body := range []io.Reader{strings.NewReader(strings.Repeat("x", size)), &countingReader{left: size}} {
			reply := httptest.NewRecorder()
			route.ServeHTTP(reply, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body))
			if reply.Code != status || status == http.StatusOK && reply.Body.Len() != size {
				t.Errorf("%d bytes are answered %d with %d", size, reply.Code, reply.Body.Len())
			}
		}
	}
}
