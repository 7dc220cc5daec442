package agent_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/x402"
)

// flood is an MCP server that answers a method as a test says, and the others honestly.
func flood(t testing.TB, method string, says func(w http.ResponseWriter, r *http.Request, id json.RawMessage)) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		switch {
		case r.Method != http.MethodPost:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		case m.Method == method:
			says(w, r, m.ID)
		default:
			result := `{"tools":[{"name":"work","inputSchema":{"type":"object"}}]}`
			if m.Method == "initialize" {
				result = `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}`
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
		}
	}))
	t.Cleanup(web.Close)
	t.Cleanup(web.CloseClientConnections)
	return web.URL
}

// stream begins an answer of events, and returns what sends one.
func stream(w http.ResponseWriter) func(format string, args ...any) bool {
	w.Header().Set("Content-Type", "text/event-stream")
	return func(format string, args ...any) bool {
		_, err := fmt.Fprintf(w, format, args...)
		w.(http.Flusher).Flush()
		return err == nil
	}
}

// bomb writes an answer that unpacks to so many MiB.
func bomb(w http.ResponseWriter, id json.RawMessage, size int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	pack(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"`, id))
	var zeros bytes.Buffer
	pack(&zeros, strings.Repeat("0", 1<<20))
	for range size {
		_, _ = w.Write(zeros.Bytes())
	}
	pack(w, `"}]}}`)
}

// pack writes a text in gzip. Several, one after the other, unpack to their texts in a row.
func pack(w io.Writer, text string) {
	packed := gzip.NewWriter(w)
	_, _ = io.WriteString(packed, text)
	_ = packed.Close()
}

func TestAnAnswerWithoutEndIsGivenUpWithWhatTheLimitIs(t *testing.T) {
	notes := `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}`
	for name, test := range map[string]struct {
		limits agent.Limits
		says   func(w http.ResponseWriter, r *http.Request, id json.RawMessage)
		limit  string
	}{
		"an answer that unpacks to more": {agent.Limits{Answer: 1 << 20}, func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) { bomb(w, id, 64) }, "Limits.Answer"},
		"an event that is longer": {agent.Limits{Answer: 1 << 20}, func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
			for send := stream(w); send("data: %s", strings.Repeat("0", 1<<16)); {
			}
		}, "Limits.Answer"},
		"events without an answer": {agent.Limits{Events: 50}, func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
			for send := stream(w); send("event: message\r\ndata: %s\r\n\r\n", notes); {
			}
		}, "Limits.Events"},
		"no answer": {agent.Limits{Silence: 50 * time.Millisecond}, func(_ http.ResponseWriter, r *http.Request, _ json.RawMessage) { <-r.Context().Done() }, "Limits.Silence"},
		"an answer that stops": {agent.Limits{Silence: 50 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request, _ json.RawMessage) {
			stream(w)(": wait\n\n")
			<-r.Context().Done()
		}, "Limits.Silence"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Limits = test.limits
			url := flood(t, "tools/call", test.says)
			if _, _, err := dial(t, url, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrLimit) || !strings.Contains(err.Error(), test.limit) {
				t.Errorf("the call: %v", err)
			}
			b := through(t, url, o)
			var r mcp.CallToolRequest
			r.Params.Name = "work"
			if _, err := b.CallTool(t.Context(), r); err == nil || !strings.Contains(err.Error(), test.limit) {
				t.Errorf("the call through the proxy: %v", err)
			}
			listing := flood(t, "tools/list", test.says)
			if _, err := dial(t, listing, o).Tools(t.Context()); !errors.Is(err, agent.ErrLimit) {
				t.Errorf("the list: %v", err)
			}
			page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { test.says(w, r, json.RawMessage("1")) }))
			t.Cleanup(page.Close)
			t.Cleanup(page.CloseClientConnections)
			if _, _, err := visit(t, page.URL, o).Do(t.Context(), agent.HTTPRequest{URL: page.URL + "/"}); !errors.Is(err, agent.ErrLimit) {
				t.Errorf("a page: %v", err)
			}
		})
	}
}

func TestAServerThatGoesOnSendingIsWaitedFor(t *testing.T) {
	o := options(t)
	o.Limits.Silence = time.Second
	url := flood(t, "tools/call", func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) {
		send, tick := stream(w), time.NewTicker(20*time.Millisecond)
		defer tick.Stop()
		for began := time.Now(); time.Since(began) < 3*o.Limits.Silence/2; <-tick.C {
			send(": still working\n\n")
		}
		send("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}}\n\n", id)
	})
	if result, _, err := dial(t, url, o).CallTool(t.Context(), "work", nil); err != nil || text(t, result) != "done" {
		t.Errorf("the call gave %+v, %v", result, err)
	}
}

func TestAListWithoutEndIsGivenUp(t *testing.T) {
	for limit, limits := range map[string]agent.Limits{"Limits.Pages": {Pages: 5}, "Limits.Entries": {Entries: 50}} {
		var pages atomic.Int64
		url := flood(t, "tools/list", func(w http.ResponseWriter, _ *http.Request, id json.RawMessage) {
			n := pages.Add(1)
			var tools []string
			for i := range 20 {
				tools = append(tools, fmt.Sprintf(`{"name":"t%d-%d","inputSchema":{"type":"object"}}`, n, i))
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"nextCursor":"%d","tools":[%s]}}`, id, n, strings.Join(tools, ","))
		})
		o := options(t)
		o.Limits = limits
		if _, err := dial(t, url, o).Tools(t.Context()); !errors.Is(err, agent.ErrLimit) || !strings.Contains(err.Error(), limit) {
			t.Errorf("the list: %v", err)
		}
		if n := pages.Load(); n > 5 {
			t.Errorf("%d pages were read", n)
		}
	}
}

func TestAServerDoesNotFillAClientWithItsOwnRequests(t *testing.T) {
	for name, call := range map[string]func(t *testing.T, url string, o agent.Options) error{
		"a client": func(t *testing.T, url string, o agent.Options) error {
			_, _, err := dial(t, url, o).CallTool(t.Context(), "work", nil)
			return err
		},
		"a proxy": func(t *testing.T, url string, o agent.Options) error {
			var r mcp.CallToolRequest
			r.Params.Name = "work"
			_, err := through(t, url, o).CallTool(t.Context(), r)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var held, most atomic.Int64
			release := make(chan struct{})
			answers := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				most.Store(max(most.Load(), held.Add(1)))
				<-release
				held.Add(-1)
			})
			url := flood(t, "tools/call", func(w http.ResponseWriter, _ *http.Request, _ json.RawMessage) {
				send := stream(w)
				for i := 0; i < 20_000 && send("data: {\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"sampling/createMessage\",\"params\":{\"text\":%q}}\n\n", i, strings.Repeat("x", 1000)); i++ {
				}
			})
			front := httptest.NewServer(split(t, url, answers))
			t.Cleanup(front.Close)
			t.Cleanup(front.CloseClientConnections)
			t.Cleanup(func() { close(release) })
			o := options(t)
			o.Limits.Requests = 8
			if err := call(t, front.URL, o); err == nil || !strings.Contains(err.Error(), "Limits.Requests") {
				t.Errorf("the call: %v", err)
			}
			if n := most.Load(); n > 100 {
				t.Errorf("%d answers were under way at once", n)
			}
		})
	}
}

// split passes requests on to a server, and a client's answers to a handler.
func split(t testing.TB, url string, answers http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Method == http.MethodPost && !bytes.Contains(body, []byte(`"method"`)) {
			answers.ServeHTTP(w, r)
			return
		}
		onward, err := http.NewRequestWithContext(r.Context(), r.Method, url, bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		onward.Header = r.Header.Clone()
		answer, err := http.DefaultClient.Do(onward)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(flushed{w}, answer.Body)
	})
}

type flushed struct{ http.ResponseWriter }

func (f flushed) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	f.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

func TestARefusalWithManyWaysToPayCostsTheNodeNothing(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, nil)
	entries := make([]x402.Requirements, 250)
	for i := range entries {
		entries[i] = l.terms
	}
	url := gratis(t, func(s *mcpserver.MCPServer) {
		s.AddTool(mcp.NewTool("work"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return l.refuse(x402.ErrPaymentRequired, entries...), nil
		})
	})
	if _, _, err := dial(t, url, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrTerms) || !errors.Is(err, agent.ErrLimit) {
		t.Errorf("the call: %v", err)
	}
}

func TestAClientOfTheProxyHasSoManyRequestsUnderWay(t *testing.T) {
	url := flood(t, "tools/call", func(_ http.ResponseWriter, r *http.Request, _ json.RawMessage) { <-r.Context().Done() })
	o := options(t)
	o.Limits.Requests = 3
	proxy, err := agent.OpenProxy(t.Context(), url, o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	in, client := io.Pipe()
	answers, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- proxy.Serve(ctx, in, out) }()
	from := json.NewDecoder(answers)
	send := func(line string) {
		if _, err := io.WriteString(client, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	next := func() (m struct {
		ID    any
		Error struct{ Message string }
	}) {
		if err := from.Decode(&m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	send(greeting)
	next()
	for id := range 3 {
		send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"work"}}`, id))
	}
	send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"work"}}`)
	if got := next(); !strings.Contains(got.Error.Message, "under way already") {
		t.Errorf("the same id again: %+v", got)
	}
	send(`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"work"}}`)
	if got := next(); !strings.Contains(got.Error.Message, "Limits.Requests") {
		t.Errorf("one too many: %+v", got)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	_ = client.Close()
	if err := proxy.Close(); err != nil {
		t.Error(err)
	}
}
