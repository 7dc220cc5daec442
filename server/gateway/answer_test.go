package gateway_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// zipped serves what another handler does, compressed.
func zipped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer func() { _ = packed.Close() }()
		next.ServeHTTP(zippedAnswer{w, packed}, r)
	})
}

type zippedAnswer struct {
	http.ResponseWriter
	packed io.Writer
}

func (z zippedAnswer) Write(p []byte) (int, error) { return z.packed.Write(p) }

func TestAnAnswerThatIsTooLongIsAFailedCallThatCostsNothing(t *testing.T) {
	const config = "limits: {answer: 1MiB}\nprices: {'*': 0.001}\nupstreams:\n  it: "
	compressed := httptest.NewServer(zipped(mcpserver.NewStreamableHTTPServer(newService("zip").mcp, mcpserver.WithStateLess(true))))
	t.Cleanup(compressed.Close)
	for name, upstream := range map[string]string{
		"JSON":       fmt.Sprintf("{url: %q}", serveHTTP(t, "web").url()),
		"compressed": fmt.Sprintf("{url: %q}", compressed.URL),
		"SSE":        fmt.Sprintf("{url: %q, sse: true}", serveSSE(t, "sse").url()),
		"stdio":      stdioUpstream(t, "stdio"),
	} {
		t.Run(name, func(t *testing.T) {
			s := sell(t, config+upstream+"\n")
			client := s.buyer(t)
			buy(t, client, 1_000, "echo", nil)
			result, receipt, err := client.CallTool(t.Context(), "large", nil)
			if err != nil || !result.IsError || receipt.Paid || !strings.Contains(textOf(t, result), "longer than 1048576 bytes") {
				t.Errorf("answered %.300v, %+v, %v", result, receipt, err)
			}
			buy(t, client, 1_000, "echo", nil)
			if s.charged() != 2_000 || s.shop.LimitHits()["answer"] != 1 || strings.Contains(s.log.String(), "upstream is down") {
				t.Errorf("charged %d, limits %v", s.charged(), s.shop.LimitHits())
			}
		})
	}
}

func TestAnEventThatIsTooLongIsAFailedCallToo(t *testing.T) {
	web := serveHTTP(t, "web")
	web.tool("shout", func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		err := web.mcp.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": 1.0})
		return mcp.NewToolResultText(strings.Repeat("x", 2<<20)), err
	})
	s := sell(t, fmt.Sprintf("limits: {answer: 1MiB}\nprices: {'*': free}\nupstreams:\n  it: {url: %q, resources: ['*']}\n", web.url()))
	client, _ := s.listener(t)
	for range 2 {
		result := call(t, client, "shout", &mcp.Meta{ProgressToken: "mine"})
		if !result.IsError || !strings.Contains(textOf(t, result), "longer than 1048576 bytes") {
			t.Errorf("answered %.300v", result)
		}
	}
	if got := textOf(t, call(t, client, "echo", nil)); got != "web: " {
		t.Errorf("afterwards: %s", got)
	}
}

func TestAHugeAnswerIsNotTakenIntoMemory(t *testing.T) {
	const length = 150 << 20
	web := mcpserver.NewMCPServer("it", "1")
	web.AddTool(mcp.NewTool("huge"), nil)
	listed := mcpserver.NewStreamableHTTPServer(web, mcpserver.WithStateLess(true))
	var written int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), `"tools/call"`) {
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			listed.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"`)
		written, _ = io.CopyN(w, letters{}, length)
	}))
	t.Cleanup(server.Close)
	s := sell(t, freely+fmt.Sprintf("upstreams:\n  it: {url: %q}\n", server.URL))
	client, _ := s.listener(t)
	peak := peakOf(t, func() {
		if result := call(t, client, "huge", nil); !result.IsError || !strings.Contains(textOf(t, result), "longer than 16777216 bytes") {
			t.Errorf("answered %.300v", result)
		}
	})
	if peak > 128<<20 {
		t.Errorf("at most %d MiB were in use", peak>>20)
	}
	server.CloseClientConnections()
	server.Close()
	if written >= length {
		t.Errorf("%d bytes were read", written)
	}
}

// letters never end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// peakOf is the most memory that was in use while something ran, above what was before.
func peakOf(t testing.TB, run func()) (peak uint64) {
	t.Helper()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	})
	run()
	close(done)
	watching.Wait()
	return peak
}
