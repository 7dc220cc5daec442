package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/x402"
)

// silence is the timeout of these tests. What must not be cut takes twice as long.
const silence = 500 * time.Millisecond

// work calls a tool "work", and says what it answers.
func work(ctx context.Context, t testing.TB, client *mcpclient.Client, tool string, arguments map[string]any, meta *mcp.Meta) (text string, err error) {
	t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments, req.Params.Meta = tool, arguments, meta
	result, err := client.CallTool(ctx, req)
	if err != nil {
		return "", err
	}
	return textOf(t, result), nil
}

func TestACallIsNotCutWhileItsUpstreamReportsProgress(t *testing.T) {
	service, _ := backend(t)
	web, sse := serveHTTP(t, "web"), serveSSE(t, "sse")
	s := sell(t, fmt.Sprintf(`
prices: {"*": 0.002, "*heard": 0}
upstreams:
  web: {url: %[1]q, prefix: web, timeout: %[5]s}
  sse: {url: %[2]q, sse: true, prefix: sse, timeout: %[5]s}
  stdio: %[3]s, timeout: %[5]s}
routes:
  - {path: /v1/item, upstream: "%[4]s/items/7", price: 0.002}
`, web.url(), sse.url(), strings.TrimSuffix(stdioUpstream(t, "stdio"), "}"), service.URL, silence))
	w := newWalker(t, s, "/v1/item")
	w.receipt(w.do(http.MethodGet, "/v1/item", "", w.deposits(usdc, routePrice)))
	client, heard := s.listener(t)
	for i, upstream := range []string{"web_", "sse_", ""} {
		began := time.Now()
		var calling sync.WaitGroup
		calling.Go(func() {
			if text, err := work(t.Context(), t, client, upstream+"work", nil, w.payingFor(i+2, "mine")); text != "worked" || err != nil {
				t.Errorf("%swork says %q, %v after %s", upstream, text, err, time.Since(began))
			}
		})
		for time.Since(began) < 2*silence {
			next(t, heard, string(mcp.MethodNotificationProgress))
		}
		call(t, client, upstream+"heard", nil)
		calling.Wait()
	}
	if s.charged() != 4*routePrice {
		t.Errorf("charged %d", s.charged())
	}
}

func TestProgressIsASignOfLifeAlsoWhereTheClientAskedForNone(t *testing.T) {
	web, sse := serveHTTP(t, "web"), serveSSE(t, "sse")
	s := sell(t, fmt.Sprintf(`
prices: {"*": free}
upstreams:
  web: {url: %[1]q, prefix: web, timeout: %[4]s}
  sse: {url: %[2]q, sse: true, prefix: sse, timeout: %[4]s}
  stdio: %[3]s, timeout: %[4]s}
`, web.url(), sse.url(), strings.TrimSuffix(stdioUpstream(t, "stdio"), "}"), silence))
	client, heard := s.listener(t)
	for _, upstream := range []string{"web_", "sse_", ""} {
		began := time.Now()
		text, err := work(t.Context(), t, client, upstream+"work", map[string]any{"for": (2 * silence).String()}, nil)
		if text != "worked" || err != nil {
			t.Errorf("%swork says %q, %v after %s", upstream, text, err, time.Since(began))
		}
	}
	for len(heard) > 0 {
		if n := <-heard; n.Method == string(mcp.MethodNotificationProgress) {
			t.Errorf("a client that asked for no progress is told %v", n.Params.AdditionalFields)
		}
	}
	text, err := work(t.Context(), t, client, "web_work", map[string]any{"reports": 3}, nil)
	if err != nil || !strings.Contains(text, "said nothing within 500ms") {
		t.Errorf("where it stops the call ends with %q, %v", text, err)
	}
	<-web.gone
}

func TestACallWhoseProgressStopsIsCut(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q, timeout: %s}\n", web.url(), silence))
	client, _ := s.listener(t)
	text, err := work(t.Context(), t, client, "work", map[string]any{"reports": 3}, &mcp.Meta{ProgressToken: "mine"})
	if err != nil || !strings.Contains(text, "said nothing within 500ms") {
		t.Errorf("it ends with %q, %v", text, err)
	}
	<-web.gone
}

func TestATotalTimeoutCutsACallWhateverItsProgress(t *testing.T) {
	web := serveHTTP(t, "web")
	service, _ := backend(t)
	s := sell(t, fmt.Sprintf("prices: {'*': 0.002}\nupstreams:\n  it: {url: %q, totalTimeout: 300ms}\nroutes:\n  - {path: /v1/item, upstream: \"%s/items/7\", price: 0.002}\n", web.url(), service.URL))
	w := newWalker(t, s, "/v1/item")
	w.receipt(w.do(http.MethodGet, "/v1/item", "", w.deposits(usdc, routePrice)))
	client, _ := s.listener(t)
	text, err := work(t.Context(), t, client, "work", nil, w.payingFor(2, "mine"))
	if err != nil || !strings.Contains(text, "had not answered after 300ms") {
		t.Errorf("it ends with %q, %v", text, err)
	}
	<-web.gone
	s.log.wait(t, 1, "error=totalTimeout")
	if s.charged() != routePrice {
		t.Errorf("charged %d", s.charged())
	}
}

func TestProgressWithoutEndLastsNoLongerThanItsClient(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q, timeout: %s}\n", web.url(), silence))
	client, heard := s.listener(t)
	going, leave := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	calling.Go(func() {
		if text, err := work(going, t, client, "work", nil, &mcp.Meta{ProgressToken: "mine"}); err == nil {
			t.Errorf("the call that was left has the answer %q", text)
		}
	})
	next(t, heard, string(mcp.MethodNotificationProgress))
	leave()
	calling.Wait()
	<-web.gone
}

// slow is a service whose answers take twice the silence that is allowed.
func slow(t testing.TB) *httptest.Server {
	t.Helper()
	slowly := func(say func()) {
		ticks := time.NewTicker(workEvery)
		defer ticks.Stop()
		for began := time.Now(); time.Since(began) < 2*silence; <-ticks.C {
			say()
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/flows", func(w http.ResponseWriter, _ *http.Request) {
		slowly(func() {
			_, _ = io.WriteString(w, ".")
			_ = http.NewResponseController(w).Flush()
		})
		_, _ = io.WriteString(w, "end")
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		slowly(func() { w.WriteHeader(http.StatusProcessing) })
		_, _ = io.WriteString(w, "end")
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/stops", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "a beginning")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/other", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }() // it has said everything
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		slowly(func() { _, _ = io.WriteString(conn, ".") })
		_, _ = io.WriteString(conn, "end")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestARouteIsNotCutWhileBytesComeFromItsUpstream(t *testing.T) {
	service := slow(t)
	s := sell(t, fmt.Sprintf(`
routes:
  - {path: /flows, upstream: %[1]q, price: 0.002, timeout: %[2]s}
  - {path: /hints, upstream: %[1]q, price: 0.002, timeout: %[2]s}
  - {path: /free/flows, upstream: "%[1]s/flows", price: 0, timeout: %[2]s}
`, service.URL, silence))
	w := newWalker(t, s, "/flows")
	for _, c := range []struct {
		path    string
		payment *x402.PaymentPayload
	}{{"/flows", w.deposits(usdc, routePrice)}, {"/hints", w.pays(2 * routePrice)}, {"/free/flows", nil}} {
		if r := w.do(http.MethodGet, c.path, "", c.payment); r.status != http.StatusOK || !strings.HasSuffix(r.body, "end") {
			t.Errorf("%s answers %d, %q", c.path, r.status, r.body)
		}
	}
	if s.charged() != 2*routePrice {
		t.Errorf("charged %d", s.charged())
	}
}

func TestAConnectionOfAnotherProtocolIsNotCutWhileBytesCome(t *testing.T) {
	service := slow(t)
	s := sell(t, fmt.Sprintf("routes:\n  - {path: /other, upstream: %q, price: 0, timeout: %s}\n", service.URL, silence))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /other HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n", conn.RemoteAddr())
	if err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(conn)
	resp, err := http.ReadResponse(from, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("answered %+v, %v", resp, err)
	}
	if said, err := io.ReadAll(from); err != nil || !strings.HasSuffix(string(said), "end") {
		t.Errorf("it said %q, %v", said, err)
	}
}

func TestARouteIsCutWhenItsUpstreamIsSilentOrTakesTooLongInAllAndNotCharged(t *testing.T) {
	service := slow(t)
	s := sell(t, fmt.Sprintf(`
routes:
  - {path: /silent, upstream: %[1]q, price: 0.002, timeout: 100ms}
  - {path: /stops, upstream: %[1]q, price: 0.002, timeout: 100ms}
  - {path: /flows, upstream: %[1]q, price: 0.002, totalTimeout: 100ms}
  - {path: /hints, upstream: %[1]q, price: 0.002, totalTimeout: 100ms}
`, service.URL))
	w := newWalker(t, s, "/silent")
	payment, logged := w.deposits(usdc, routePrice), make(map[string]int)
	for _, c := range []struct {
		path   string
		status int
		why    string
	}{
		{"/silent", http.StatusGatewayTimeout, "timeout"}, {"/stops", http.StatusBadGateway, "timeout"},
		{"/flows", http.StatusBadGateway, "totalTimeout"}, {"/hints", http.StatusGatewayTimeout, "totalTimeout"},
	} {
		if r := w.do(http.MethodGet, c.path, "", payment); r.status != c.status {
			t.Errorf("%s answers %d, %q", c.path, r.status, r.body)
		}
		payment = w.pays(routePrice)
		logged[c.why]++
		s.log.wait(t, logged[c.why], "error="+c.why)
	}
	if s.charged() != 0 {
		t.Errorf("charged %d", s.charged())
	}
}
