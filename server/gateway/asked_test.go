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
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
)

// asking adds the tools that ask their client for something.
func (s *service) asking() {
	s.mcp.AddNotificationHandler(mcp.MethodNotificationRootsListChanged, func(context.Context, mcp.JSONRPCNotification) { s.moved <- struct{}{} })
	s.tool("sample", func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		prompt := mcp.SamplingMessage{Role: mcp.RoleUser, Content: mcp.NewTextContent(req.GetString("text", ""))}
		//lint:ignore SA1019 the servers that are out there
		answer, err := s.mcp.RequestSampling(ctx, mcp.CreateMessageRequest{
			CreateMessageParams: mcp.CreateMessageParams{Messages: []mcp.SamplingMessage{prompt}, MaxTokens: 10},
		})
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText(answer.Content.(mcp.TextContent).Text), nil
	})
	s.tool("elicit", func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if within := req.GetInt("within", 0); within > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Duration(within)*time.Millisecond)
			defer cancel()
		}
		form := map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}
		answer, err := s.mcp.RequestElicitation(ctx, mcp.ElicitationRequest{
			Params: mcp.ElicitationParams{Message: req.GetString("text", ""), RequestedSchema: form},
		})
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText(fmt.Sprintf("%s %v", answer.Action, answer.Content)), nil
	})
	s.tool("withdraw", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		var telling sync.WaitGroup
		defer telling.Wait()
		telling.Go(func() {
			<-s.leave
			first := map[string]any{"requestId": 1} // as the server library counts
			if err := s.mcp.SendNotificationToClient(ctx, string(mcp.MethodNotificationCancelled), first); err != nil {
				panic(err)
			}
		})
		_, err := s.mcp.RequestElicitation(ctx, mcp.ElicitationRequest{
			Params: mcp.ElicitationParams{Message: "never mind", RequestedSchema: map[string]any{"type": "object"}},
		})
		return mcp.NewToolResultError(fmt.Sprint(err)), nil
	})
	s.tool("roots", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		answer, err := s.mcp.RequestRoots(ctx, mcp.ListRootsRequest{})
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText(answer.Roots[0].URI), nil
	})
}

// human is a client that can be asked. It answers with its name, and says what it was
// asked on its channel.
type human struct {
	name  string
	asked chan string
	// think is what it does before it answers.
	think func(context.Context) error
}

func newHuman(name string) *human {
	return &human{name: name, asked: make(chan string, 10), think: func(context.Context) error { return nil }}
}

func (h *human) CreateMessage(ctx context.Context, req mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	think := h.think
	h.asked <- req.Messages[0].Content.(mcp.TextContent).Text
	text := mcp.SamplingMessage{Role: mcp.RoleAssistant, Content: mcp.NewTextContent(h.name)}
	return &mcp.CreateMessageResult{Model: "brain", SamplingMessage: text}, think(ctx)
}

func (h *human) Elicit(ctx context.Context, req mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	think := h.think
	h.asked <- req.Params.Message
	response := mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionAccept, Content: map[string]any{"name": h.name}}
	return &mcp.ElicitationResult{ElicitationResponse: response}, think(ctx)
}

func (h *human) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	think := h.think
	h.asked <- "roots"
	return &mcp.ListRootsResult{Roots: []mcp.Root{{URI: "file:///" + h.name}}}, think(ctx)
}

// connect is a client of the 2025 protocol for a human. It ends with the test.
func (s *selling) connect(t testing.TB, h *human, options ...transport.StreamableHTTPCOption) *mcpclient.Client {
	t.Helper()
	pool := http.DefaultTransport.(*http.Transport).Clone()
	over, err := transport.NewStreamableHTTP(s.url(), append([]transport.StreamableHTTPCOption{transport.WithHTTPBasicClient(&http.Client{Transport: pool})}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	client := mcpclient.NewClient(over, mcpclient.WithProtocolVersion(mcp.LATEST_LEGACY_PROTOCOL_VERSION),
		mcpclient.WithSamplingHandler(h), mcpclient.WithElicitationHandler(h), mcpclient.WithRootsHandler(h))
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
	return client
}

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
	bearer := "Bearer " + s.granted(t, s.buyer(t), credit.Scope{Budget: 10_000})
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

func TestConnectionsOfClientsAreBoundedAndEndWithTheirSessions(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, freely+fmt.Sprintf("upstreams:\n  it: {url: %q, ownConnections: 1}\n", web.url()))
	ada, bob := newHuman("ada"), newHuman("bob")
	one, two := s.connect(t, ada), s.connect(t, bob)
	for range 2 { // each takes the place of the other's, which is idle
		for h, client := range map[*human]*mcpclient.Client{ada: one, bob: two} {
			if got := say(t, client, "sample", ""); got != h.name {
				t.Errorf("%s is answered %q", h.name, got)
			}
			<-h.asked
		}
	}
	ada.think = func(context.Context) error {
		if got := say(t, two, "roots", ""); !strings.HasPrefix(got, "error: ") {
			t.Errorf("beyond the bound it says %q", got)
		}
		return nil
	}
	if got := say(t, one, "sample", ""); got != "ada" {
		t.Errorf("ada is answered %q", got)
	}
	for len(web.ended) > 0 {
		<-web.ended
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-web.ended:
	case <-time.After(patience):
		t.Error("the upstream was not told that the session has ended")
	}
}

func TestNobodyIsAskedWhereTheConfigAllowsNoConnectionsOfTheirOwn(t *testing.T) {
	config, _ := both(t, ", ownConnections: 0")
	s := sell(t, freely+config)
	client := s.connect(t, newHuman("ada"))
	for _, tool := range []string{"stdio_sample", "stdio_elicit", "stdio_roots", "web_sample", "web_roots"} {
		if got := say(t, client, tool, ""); !strings.HasPrefix(got, "error: ") {
			t.Errorf("%s says %q", tool, got)
		}
	}
}

func TestNotificationsTakeTheConnectionOfTheClient(t *testing.T) {
	config, web := both(t, "")
	s := sell(t, freely+config)
	//lint:ignore SA1019 the clients that are out there
	client := s.connect(t, newHuman("ada"), transport.WithContinuousListening())
	heard := make(chan mcp.JSONRPCNotification, 100)
	client.OnNotification(func(n mcp.JSONRPCNotification) { heard <- n })

	var subscribe mcp.SubscribeRequest
	subscribe.Params.URI = "test://stdio/note"
	//lint:ignore SA1019 the clients that are out there
	if err := client.Subscribe(t.Context(), subscribe); err != nil {
		t.Fatal(err)
	}
	call(t, client, "stdio_change", nil) // in the program that is the client's own
	if got := next(t, heard, mcp.MethodNotificationResourceUpdated); got["uri"] != "test://stdio/note" {
		t.Errorf("updated is %v", got)
	}

	call(t, client, "web_echo", nil)
	if err := client.RootListChanges(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-web.moved:
	case <-time.After(patience):
		t.Error("the upstream has not heard of the client's roots")
	}
}
