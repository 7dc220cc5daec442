package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit/macaroon"
)

// say calls a tool with a text, and returns what it says.
func say(t testing.TB, client *mcpclient.Client, tool, text string) string {
	t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, map[string]any{"text": text}
	result, err := client.CallTool(t.Context(), req)
	if err != nil {
		t.Errorf("%s: %v", tool, err)
		return ""
	}
	if result.IsError {
		return "error: " + textOf(t, result)
	}
	return textOf(t, result)
}

// both are upstreams of either kind.
func both(t testing.TB, options string) (config string, web *site) {
	web = serveHTTP(t, "web")
	stdio := strings.TrimSuffix(stdioUpstream(t, "stdio"), "}")
	return fmt.Sprintf("upstreams:\n  web: {url: %q, resources: ['*'], prefix: web%s}\n  stdio: %s, resources: ['*'], prefix: stdio%s}\n", web.url(), options, stdio, options), web
}

func TestWhatAnUpstreamAsksReachesTheClientWhoseCallItIs(t *testing.T) {
	config, _ := both(t, "")
	s := sell(t, freely+config)
	ada, bob := newHuman("ada"), newHuman("bob")
	clients := map[*human]*mcpclient.Client{ada: s.connect(t, ada), bob: s.connect(t, bob)}
	for _, upstream := range []string{"web_", "stdio_"} {
		for tool, answer := range map[string]string{"sample": "%s", "elicit": "accept map[name:%s]", "roots": "file:///%s"} {
			var calling sync.WaitGroup
			thinking := make(chan struct{}) // all at once: each meets the other
			for h, client := range clients {
				h.think = func(ctx context.Context) error {
					select {
					case thinking <- struct{}{}:
					case <-thinking:
					case <-ctx.Done():
					}
					return nil
				}
				calling.Go(func() {
					if got, want := say(t, client, upstream+tool, "for "+h.name), fmt.Sprintf(answer, h.name); got != want {
						t.Errorf("%s%s of %s says %q", upstream, tool, h.name, got)
					}
					if got := <-h.asked; got != "roots" && got != "for "+h.name {
						t.Errorf("%s was asked %q", h.name, got)
					}
				})
			}
			calling.Wait()
		}
	}
	if len(ada.asked)+len(bob.asked) > 0 {
		t.Error("somebody was asked more than once")
	}
}

// forger is the transport of a client whose answers another session gives first, in its own name.
type forger struct {
	session string
	tried   chan int // the statuses
}

func (f *forger) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.GetBody == nil {
		return http.DefaultTransport.RoundTrip(req)
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(answer), `"result"`) {
		forged := req.Clone(req.Context())
		forged.Header.Set(transport.HeaderKeySessionID, f.session)
		forged.Body = io.NopCloser(strings.NewReader(strings.ReplaceAll(string(answer), "ada", "eve")))
		resp, err := http.DefaultTransport.RoundTrip(forged)
		if err != nil {
			return nil, err
		}
		f.tried <- resp.StatusCode
		_ = resp.Body.Close()
	}
	return http.DefaultTransport.RoundTrip(req)
}

func TestASessionCannotAnswerForAnother(t *testing.T) {
	config, _ := both(t, "")
	s := sell(t, freely+config)
	other := s.connect(t, newHuman("eve"))
	f := &forger{session: other.GetSessionId(), tried: make(chan int, 2)}
	client := s.connect(t, newHuman("ada"), transport.WithHTTPBasicClient(&http.Client{Transport: f}))
	for _, tool := range []string{"web_sample", "stdio_sample"} {
		if got := say(t, client, tool, ""); got != "ada" {
			t.Errorf("%s is answered %q", tool, got)
		}
		<-f.tried
	}
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
}

func TestAClientThatCannotBeAskedIsRefusedAtOnceAndNotCharged(t *testing.T) {
	config, _ := both(t, "")
	s := sell(t, "prices: {'*_sample': 0.001, '*_elicit': 0.001, '*_roots': 0.001, '*': free}\n"+config)
	buyer := s.buyer(t)
	for _, tool := range []string{"web_sample", "web_elicit", "web_roots", "stdio_sample", "stdio_elicit", "stdio_roots"} {
		result, receipt, err := buyer.CallTool(t.Context(), tool, map[string]any{"text": "who?"})
		if err == nil && (!result.IsError || receipt.Paid) {
			t.Errorf("%s answers %+v for %+v", tool, result, receipt)
		}
	}
	free := sell(t, freely+config)
	older, _ := free.listener(t)
	for _, tool := range []string{"web_sample", "web_elicit", "web_roots", "stdio_sample", "stdio_elicit", "stdio_roots"} {
		for range 2 { // also where the upstream is known to ask
			if got := say(t, older, tool, "who?"); !strings.HasPrefix(got, "error: ") {
				t.Errorf("%s answers %q", tool, got)
			}
		}
	}
	if s.charged() != 0 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestACallIsChargedOnceItsHumanHasAnsweredAndNotIfTheClientGoesAway(t *testing.T) {
	config, _ := both(t, ", timeout: 2s") // a program has to start within it, too
	s := sell(t, "prices: {'*_elicit': 0.001, '*': free}\n"+config)
	bearer := "Bearer " + s.granted(t, s.buyer(t), macaroon.Scope{Budget: 10_000})
	h := newHuman("ada")
	client := s.connect(t, h, transport.WithHTTPHeaders(map[string]string{"Authorization": bearer}))
	other, _ := s.listener(t)
	spent := uint64(0)
	for _, tool := range []string{"web_elicit", "stdio_elicit"} {
		h.think = func(context.Context) error {
			// A human may be slower than an upstream.
			if got := say(t, other, strings.Replace(tool, "elicit", "wait", 1), ""); !strings.Contains(got, "within 2s") {
				t.Errorf("a call that waits says %q", got)
			}
			if s.charged() != spent {
				t.Errorf("charged %d while the human thinks", s.charged())
			}
			return nil
		}
		if got := say(t, client, tool, "your name?"); got != "accept map[name:ada]" {
			t.Fatalf("%s says %q", tool, got)
		}
		<-h.asked
		if spent += 1_000; s.charged() != spent {
			t.Errorf("charged %d after %s, want %d", s.charged(), tool, spent)
		}
	}
	for _, tool := range []string{"web_elicit", "stdio_elicit"} {
		withdrawn := make(chan struct{})
		h.think = func(ctx context.Context) error {
			<-withdrawn
			return errors.New("too late")
		}
		going, leave := context.WithCancel(t.Context())
		var calling sync.WaitGroup
		calling.Go(func() {
			var req mcp.CallToolRequest
			req.Params.Name = tool
			if _, err := client.CallTool(going, req); err == nil {
				t.Error("the call that was left has an answer")
			}
		})
		<-h.asked
		leave()
		calling.Wait()
		close(withdrawn)
	}
	if err := s.stop(); err != nil { // every call has ended
		t.Fatal(err)
	}
	if s.charged() != spent {
		t.Errorf("charged %d, want %d", s.charged(), spent)
	}
}

func TestAQuestionThatTheUpstreamGivesUpOnEndsWithAnError(t *testing.T) {
	config, _ := both(t, "")
	s := sell(t, freely+config)
	h := newHuman("ada")
	client := s.connect(t, h)
	for _, tool := range []string{"web_elicit", "stdio_elicit"} {
		over := make(chan struct{})
		h.think = func(context.Context) error {
			<-over
			return nil
		}
		var req mcp.CallToolRequest
		req.Params.Name, req.Params.Arguments = tool, map[string]any{"within": 50}
		result, err := client.CallTool(t.Context(), req)
		close(over)
		<-h.asked
		if err != nil || !result.IsError || !strings.Contains(textOf(t, result), "deadline") {
			t.Errorf("%s ends with %+v, %v", tool, result, err)
		}
		if got := say(t, client, strings.Replace(tool, "elicit", "echo", 1), "still here"); !strings.HasSuffix(got, ": still here") {
			t.Errorf("after %s the upstream says %q", tool, got)
		}
	}
}

func TestAQuestionThatTheUpstreamWithdrawsIsNotWaitedFor(t *testing.T) {
	config, web := both(t, "")
	s := sell(t, freely+config)
	h, over := newHuman("ada"), make(chan struct{})
	h.think = func(context.Context) error {
		<-over
		return nil
	}
	client := s.connect(t, h)
	var calling sync.WaitGroup
	calling.Go(func() {
		if got := say(t, client, "web_withdraw", ""); !strings.Contains(got, "no answer") {
			t.Errorf("the upstream is told %q", got)
		}
	})
	<-h.asked
	close(web.leave)
	calling.Wait()
	close(over)
}
