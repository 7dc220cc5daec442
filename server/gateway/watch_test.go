package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// subscriber is a client of the 2025 protocol that speaks raw HTTP.
type subscriber struct {
	t       testing.TB
	s       *selling
	session string
}

// rpc makes a request and returns the message of its error, "" for none.
func (c *subscriber) rpc(method string, params any) (failure string) {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.s.url(), strings.NewReader(string(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.session != "" {
		req.Header.Set(mcpserver.HeaderKeySessionID, c.session)
	}
	got := send(c.t, req)
	var said struct{ Error *struct{ Message string } }
	if err := json.Unmarshal([]byte(got.body), &said); err != nil {
		return got.body
	}
	if id := got.head.Get(mcpserver.HeaderKeySessionID); method == "initialize" {
		c.session = id
	}
	if said.Error != nil {
		return said.Error.Message
	}
	return ""
}

func (c *subscriber) begin() *subscriber {
	c.t.Helper()
	if failure := c.rpc("initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "it", "version": "1"}}); failure != "" || c.session == "" {
		c.t.Fatalf("the session %q: %s", c.session, failure)
	}
	return c
}

func (c *subscriber) watch(uri string) string {
	c.t.Helper()
	return c.rpc("resources/subscribe", map[string]any{"uri": uri})
}

// stream opens the session's stream until end is called.
func (c *subscriber) stream() (end func()) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.s.url(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set(mcpserver.HeaderKeySessionID, c.session)
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		c.t.Fatalf("the stream: %+v, %v", resp, err)
	}
	end = func() { cancel(); _ = resp.Body.Close() }
	c.t.Cleanup(end)
	return end
}

// until waits for what has to happen.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !happened() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

func TestAResourceIsWatchedForASessionWithAStreamAlone(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("limits: {watches: 2, allWatches: 3, watchedURI: 100}\nprices: {'*': free}\nupstreams:\n  it: {url: %q, resources: ['*']}\n", web.url()))
	item := func(n int) string { return fmt.Sprintf("test://web/item/%d", n) }
	refused := func(who, got, want string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("%s is answered %q, want %q", who, got, want)
		}
	}
	refused("who has no session", (&subscriber{t: t, s: s}).watch(item(1)), "no open stream")
	one := (&subscriber{t: t, s: s}).begin()
	refused("who has no stream", one.watch(item(1)), "no open stream")
	end := one.stream()
	for range 2 {
		for n := range 2 {
			if failure := one.watch(item(n)); failure != "" {
				t.Errorf("resource %d: %s", n, failure)
			}
		}
	}
	refused("who watches two already", one.watch(item(2)), "can watch 2")
	refused("a long URI", one.watch(item(0)+strings.Repeat("x", 100)), "longer than 100")
	refused("a resource of nobody", one.watch("test://elsewhere"), "no resource")
	two := (&subscriber{t: t, s: s}).begin()
	two.stream()
	if failure := two.watch(item(1)); failure != "" {
		t.Error(failure)
	}
	refused("one too many", two.watch(item(2)), "as many resources")
	if failure := one.rpc("resources/unsubscribe", map[string]any{"uri": item(0)}); failure != "" {
		t.Error(failure)
	}
	if failure := two.watch(item(2)); failure != "" {
		t.Errorf("after another has let go: %s", failure)
	}
	end()
	three := (&subscriber{t: t, s: s}).begin()
	three.stream()
	until(t, "what a session watched is forgotten with its stream", func() bool { return three.watch(item(3)) == "" })
	for limit, times := range map[string]uint64{"watches": 1, "watchedURI": 1} {
		if s.shop.LimitHits()[limit] != times {
			t.Errorf("limits %v", s.shop.LimitHits())
		}
	}
}

func TestAStreamOfAGatewayWithoutUpstreamsIsRefused(t *testing.T) {
	items, _ := backend(t)
	s := sell(t, fmt.Sprintf("routes:\n  - {path: /x, upstream: %q, price: 0.01}\n", items.URL))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, req); got.status != http.StatusMethodNotAllowed || got.head.Get("Allow") != http.MethodPost {
		t.Errorf("answered %d %s", got.status, got.body)
	}
}

func TestAListThatIsTooLongIsNotTaken(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("limits: {listed: 100}\nprices: {'*': free}\nupstreams:\n  it: {url: %q, resources: ['*']}\n", web.url()))
	client, _ := s.listener(t)
	before := names(t, client)
	for i := range 100 {
		web.mcp.AddTool(mcp.NewTool(fmt.Sprintf("more_%d", i)), nil)
	}
	s.log.wait(t, 1, `more than 100 entries`)
	if after := names(t, client); len(after) >= len(before)+100 || s.shop.LimitHits()["listed"] == 0 {
		t.Errorf("%d tools are shown, limits %v", len(after), s.shop.LimitHits())
	}
}
