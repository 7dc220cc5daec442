package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/sync/errgroup"
)

// health is what /healthz says.
func (s *selling) health(t testing.TB) (status string, up map[string]bool) {
	t.Helper()
	resp, err := http.Get(s.base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Status    string
		Upstreams map[string]struct{ Up bool }
	}
	decodeBody(t, resp, &said)
	up = make(map[string]bool)
	for name, u := range said.Upstreams {
		up[name] = u.Up
	}
	return said.Status, up
}

func TestAnUpstreamThatDiesCostsNothingAndComesBack(t *testing.T) {
	web, sse := serveHTTP(t, "web"), serveSSE(t, "sse")
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  web: {url: %q, prefix: web}\n  sse: {url: %q, sse: true, prefix: sse}\n  stdio: %s\n", web.url(), sse.url(), stdioUpstream(t, "stdio")))
	client := s.buyer(t)
	die := map[string]func(){
		"web": web.down, "sse": sse.down, "stdio": func() {
			result, receipt, err := client.CallTool(t.Context(), "die", nil)
			if err != nil || !result.IsError || receipt.Paid {
				t.Errorf("the call that killed it: %+v, %+v, %v", result, receipt, err)
			}
		},
	}
	rise := map[string]func(){"web": web.up, "sse": sse.up, "stdio": func() {}}
	for name, tool := range map[string]string{"web": "web_echo", "sse": "sse_echo", "stdio": "echo"} {
		buy(t, client, 1_000, tool, nil)
		before := s.charged()
		die[name]()
		if name != "stdio" {
			result, receipt, err := client.CallTool(t.Context(), tool, nil)
			if err != nil || !result.IsError || receipt.Paid || !strings.Contains(textOf(t, result), fmt.Sprintf("%q", name)) {
				t.Errorf("a call of %s while it is down: %+v, %+v, %v", name, result, receipt, err)
			}
			s.log.wait(t, 1, `msg="upstream is down: its tools answer errors until it is back" upstream=`+name)
			if status, up := s.health(t); status != "degraded" || up[name] {
				t.Errorf("while %s is down the health is %s, %v", name, status, up)
			}
		}
		rise[name]()
		s.log.wait(t, 2, `msg="upstream is up" upstream=`+name)
		buy(t, client, 1_000, tool, nil)
		if s.charged() != before+1_000 {
			t.Errorf("%s: charged %d, want one call after %d", name, s.charged(), before)
		}
	}
	if status, _ := s.health(t); status != "ok" {
		t.Errorf("at the end the health is %s", status)
	}
}

func TestAnUpstreamThatIsDownAtTheStartIsSoldWhenItComes(t *testing.T) {
	web := serveHTTP(t, "late")
	web.down()
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  it: {url: %q}\n", web.url()))
	client, heard := s.listener(t)
	if got := names(t, client); len(got) != 0 {
		t.Errorf("the tools are %v", got)
	}
	web.up()
	next(t, heard, mcp.MethodNotificationToolsListChanged)
	buy(t, s.buyer(t), 1_000, "echo", nil)
}

func TestACallThatTakesTooLongIsNotCharged(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  it: {url: %q, timeout: 300ms}\n", web.url()))
	result, receipt, err := s.buyer(t).CallTool(t.Context(), "wait", nil)
	if err != nil || !result.IsError || receipt.Paid || !strings.Contains(textOf(t, result), "within 300ms") {
		t.Errorf("it ends with %+v, %+v, %v", result, receipt, err)
	}
	if s.charged() != 0 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestATimeoutIsChargedWhereTheConfigSaysSoAndAnUpstreamThatIsDownIsNot(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': {max: 0.001, onFailure: charge, onCancel: charge}}\nupstreams:\n  it: {url: %q, timeout: 300ms}\n", web.url()))
	client := s.buyer(t)
	result, receipt, err := client.CallTool(t.Context(), "wait", nil)
	if err != nil || !result.IsError || receipt.Charged != 1_000 || strings.Contains(textOf(t, result), "not charged") {
		t.Errorf("the timeout ends with %+v, %+v, %v", result, receipt, err)
	}
	web.down()
	result, receipt, err = client.CallTool(t.Context(), "echo", nil)
	if err != nil || !result.IsError || receipt.Charged != 0 || !strings.Contains(textOf(t, result), "you were not charged") {
		t.Errorf("with the upstream down it ends with %+v, %+v, %v", result, receipt, err)
	}
	if s.charged() != 1_000 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestACallWhoseClientGoesAwayIsCancelledAndNotCharged(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  it: {url: %q}\n", web.url()))
	client := s.buyer(t)
	going, leave := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	calling.Go(func() {
		if _, _, err := client.CallTool(going, "wait", nil); err == nil {
			t.Error("the call that was cancelled has an answer")
		}
	})
	<-web.entered
	leave()
	calling.Wait()
	<-web.gone
	if err := s.stop(); err != nil { // every call has ended
		t.Fatal(err)
	}
	if s.charged() != 0 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestPricesOfUpstreamsAndRoutesAreReloadedToo(t *testing.T) {
	web := serveHTTP(t, "web")
	service, _ := backend(t)
	config := fmt.Sprintf("upstreams:\n  it: {url: %q, prices: {echo: 0.001}}\nroutes:\n- {path: /a, upstream: %q, price: 0.001}\n", web.url(), service.URL+"/items/a")
	s := sell(t, config)
	client := s.buyer(t)
	buy(t, client, 1_000, "echo", nil)
	rewrite(t, s.file, strings.ReplaceAll(config, "0.001", "0.003"))
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	buy(t, client, 3_000, "echo", nil)
	if terms := newWalker(t, s, "/a").terms; terms.Amount != 3_000 {
		t.Errorf("the route costs %s", terms.Amount)
	}
	rewrite(t, s.file, "prices: {echo: 0.002}\nupstreams:\n  other: {url: 'http://127.0.0.1:1/mcp'}\n")
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	s.log.wait(t, 1, "restart to close it\" upstream=it")
	buy(t, client, 3_000, "echo", nil)
}

func TestPricesAreReloadedUnderLoadWithoutAFailedCall(t *testing.T) {
	web := serveHTTP(t, "web")
	config := fmt.Sprintf("prices: {echo: 0.001, '*': free}\nupstreams:\n  it: {url: %q}\n", web.url())
	s := sell(t, config)
	client := s.buyer(t)
	loading, stop := context.WithCancel(t.Context())
	defer stop()
	var callers errgroup.Group
	var made [4]atomic.Int64 // calls by each caller
	for i := range made {
		callers.Go(func() error {
			for loading.Err() == nil {
				result, receipt, err := client.CallTool(t.Context(), "echo", map[string]any{"text": "x"})
				if err != nil || result.IsError || receipt.Charged < 1_000 || receipt.Charged > 1_009 {
					stop()
					return fmt.Errorf("a call came to %+v, %+v, %w", result, receipt, err)
				}
				made[i].Add(1)
			}
			return nil
		})
	}
	for i := range 10 {
		rewrite(t, s.file, strings.Replace(config, "0.001", fmt.Sprintf("0.00100%d", i), 1))
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		if result, _, err := client.CallTool(t.Context(), "echo", nil); err != nil || result.IsError {
			t.Errorf("after a reload: %+v, %v", result, err)
		}
		for caller := range made { // a call is not to see the price change more often than a client follows
			before := made[caller].Load()
			until(t, "a call of each caller", func() bool { return made[caller].Load() > before || loading.Err() != nil })
		}
	}
	stop()
	if err := callers.Wait(); err != nil {
		t.Error(err)
	}
	buy(t, client, 1_009, "echo", nil)
}

func TestABrokenFileKeepsThePrices(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {echo: 0.001, '*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	client := s.buyer(t)
	rewrite(t, s.file, "prices: {echo: lots}\n")
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), s.file+":1: prices.echo: ") {
		t.Errorf("it says %v", err)
	}
	buy(t, client, 1_000, "echo", nil)
}

func TestAStopFinishesTheCallsAndSettles(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("settleOnStop: true\nprices: {'*': 0.001}\nupstreams:\n  it: {url: %q}\n", web.url()))
	client := s.buyer(t)
	before := s.charged()
	s.listener(t) // an open stream does not hold the stop up
	var call, stopping sync.WaitGroup
	call.Go(func() { buy(t, client, 1_000, "wait", nil) })
	<-web.entered
	var stopped error
	stopping.Go(func() { stopped = s.stop() })
	refused(t, s)
	close(web.leave)
	call.Wait()
	stopping.Wait()
	if stopped != nil {
		t.Errorf("it stops with %v", stopped)
	}
	for ch := range s.shop.Ledger.Channels() {
		if uint64(ch.Charged) != before+1_000 || ch.Claimed != ch.Charged {
			t.Errorf("charged %s after %d, claimed %s", ch.Charged, before, ch.Claimed)
		}
	}
}

// refused returns once the gateway takes no new connections.
func refused(t testing.TB, s *selling) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for t.Context().Err() == nil {
		resp, err := client.Get(s.base + "/healthz")
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func TestSecretsAreSentAndNotLogged(t *testing.T) {
	t.Setenv("GATEWAY_TEST_TOKEN", "hush-hush")
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q, headers: {X-Secret: '${GATEWAY_TEST_TOKEN}'}}\n", web.url()))
	client, _ := s.listener(t)
	call(t, client, "echo", nil)
	web.down()
	var req mcp.CallToolRequest
	req.Params.Name = "echo"
	if result, err := client.CallTool(t.Context(), req); err != nil || !result.IsError {
		t.Errorf("while it is down: %+v, %v", result, err)
	}
	if _, ok := web.secrets.Load("hush-hush"); !ok {
		t.Error("the header did not come")
	}
	raw, err := json.Marshal(s.log.String())
	if err != nil || strings.Contains(string(raw), "hush") {
		t.Errorf("the log has the secret: %s", raw)
	}
}
