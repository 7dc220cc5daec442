package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/x402"
)

// next is the next notification of a method; others are passed over.
func next(t testing.TB, heard <-chan mcp.JSONRPCNotification, method string) map[string]any {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case n := <-heard:
			if n.Method == method {
				return n.Params.AdditionalFields
			}
		case <-late:
			t.Fatalf("no %s came", method)
		}
	}
}

func call(t testing.TB, client *mcpclient.Client, tool string, meta *mcp.Meta) *mcp.CallToolResult {
	t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Meta = tool, meta
	result, err := client.CallTool(t.Context(), req)
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return result
}

func TestProgressReachesTheClientThatAskedForIt(t *testing.T) {
	web, sse := serveHTTP(t, "web"), serveSSE(t, "sse")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  web: {url: %q, prefix: web}\n  sse: {url: %q, sse: true, prefix: sse}\n  stdio: %s\n", web.url(), sse.url(), stdioUpstream(t, "stdio")))
	one, oneHeard := s.listener(t)
	two, twoHeard := s.listener(t)
	for _, tool := range []string{"web_steps", "sse_steps", "steps"} {
		for i, client := range []*mcpclient.Client{one, two} {
			heard := []<-chan mcp.JSONRPCNotification{oneHeard, twoHeard}[i]
			var calling sync.WaitGroup
			calling.Go(func() {
				if text := textOf(t, call(t, client, tool, &mcp.Meta{ProgressToken: "mine"})); text != "three steps" {
					t.Errorf("%s says %q", tool, text)
				}
			})
			for step := range 3 {
				got := next(t, heard, string(mcp.MethodNotificationProgress))
				if got["progressToken"] != "mine" || got["progress"] != float64(step+1) || got["total"] != 3.0 {
					t.Errorf("step %d of %s is %v", step+1, tool, got)
				}
			}
			call(t, client, strings.Replace(tool, "steps", "heard", 1), nil)
			calling.Wait()
		}
	}
}

func TestPaymentsAndTheConnectionsOwnDoNotReachTheUpstream(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {meta: 0.001}\nupstreams:\n  web: {url: %q}\n", web.url()))
	if got := textOf(t, buy(t, s.buyer(t), 1_000, "meta", nil)); strings.Contains(got, x402.MetaPayment) || strings.Contains(got, "signature") {
		t.Errorf("the upstream was shown %s", got)
	}
	free := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  stdio: %s\n", stdioUpstream(t, "stdio")))
	client, _ := free.listener(t)
	if got := textOf(t, call(t, client, "meta", &mcp.Meta{AdditionalFields: map[string]any{"theirs": 1, "chit/credit": "token"}})); got != `{"progressToken":"chit-1","theirs":1}` { // the token is the gateway's own
		t.Errorf("the upstream was shown %s", got)
	}
}

func TestAListThatChangesIsAnnouncedAndSold(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {grown: 0.002, '*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	payer := s.buyer(t)
	client, heard := s.listener(t)
	if got := names(t, client); slices.Contains(got, "grown") {
		t.Fatalf("the tools are %v already", got)
	}
	call(t, client, "grow", nil)
	next(t, heard, mcp.MethodNotificationToolsListChanged)
	if got := names(t, client); !slices.Contains(got, "grown") {
		t.Errorf("after the change the tools are %v", got)
	}
	if got := textOf(t, buy(t, payer, 2_000, "grown", nil)); got != "new here" {
		t.Errorf("the new tool says %q", got)
	}
}

func TestResourcesTemplatesPromptsAndCompletionsPass(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  web: {url: %q, prefix: w, resources: ['*'], prompts: ['*']}\n  stdio: %s, resources: ['test://*'], prompts: [greet]}\n", web.url(), strings.TrimSuffix(stdioUpstream(t, "stdio"), "}")))
	client, heard := s.listener(t)
	resources, err := client.ListResources(t.Context(), mcp.ListResourcesRequest{})
	if err != nil || len(resources.Resources) != 2 {
		t.Fatalf("the resources are %+v, %v", resources, err)
	}
	for _, uri := range []string{"test://web/note", "test://stdio/item/7"} {
		var req mcp.ReadResourceRequest
		req.Params.URI = uri
		read, err := client.ReadResource(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if got := read.Contents[0].(mcp.TextResourceContents).Text; got != "read "+uri {
			t.Errorf("%s reads %q", uri, got)
		}
	}
	templates, err := client.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{})
	if err != nil || len(templates.ResourceTemplates) != 2 {
		t.Errorf("the templates are %+v, %v", templates, err)
	}
	var complete mcp.CompleteRequest
	complete.Params.Ref = mcp.PromptReference{Type: "ref/prompt", Name: "w_greet"}
	complete.Params.Argument = mcp.CompleteArgument{Name: "who", Value: "A"}
	completion, err := client.Complete(t.Context(), complete)
	if err != nil || !slices.Equal(completion.Completion.Values, []string{"greet/who/Ada"}) {
		t.Errorf("completed to %+v, %v", completion, err)
	}
	var subscribe mcp.SubscribeRequest
	subscribe.Params.URI = "test://stdio/note"
	//lint:ignore SA1019 the clients that are out there
	if err := client.Subscribe(t.Context(), subscribe); err != nil {
		t.Fatal(err)
	}
	call(t, client, "change", nil)
	if got := next(t, heard, mcp.MethodNotificationResourceUpdated); got["uri"] != "test://stdio/note" {
		t.Errorf("updated is %v", got)
	}
}

func TestLogMessagesReachTheOneWhoCalledAtTheLevelOfItsOwn(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  web: {url: %q, resources: ['*']}\n", web.url()))
	one, heard := s.listener(t)
	two, others := s.listener(t)
	for client, level := range map[*mcpclient.Client]mcp.LoggingLevel{one: mcp.LoggingLevelInfo, two: mcp.LoggingLevelInfo} {
		var req mcp.SetLevelRequest
		req.Params.Level = level
		//lint:ignore SA1019 the clients that are out there
		if err := client.SetLevel(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	var calling sync.WaitGroup
	calling.Go(func() { call(t, one, "tell", nil) })
	if got := next(t, heard, string(mcp.MethodNotificationMessage)); got["data"] != "mind the gap" || got["logger"] != "web" || got["level"] != "warning" {
		t.Errorf("the message is %v", got)
	}
	call(t, two, "heard", nil)
	calling.Wait()
	calling.Go(func() { call(t, two, "steps", &mcp.Meta{ProgressToken: 1}) })
	for n := range others { // until the progress of the second call
		if n.Method == string(mcp.MethodNotificationMessage) {
			t.Errorf("another client was told %v", n.Params.AdditionalFields)
		}
		if n.Method == string(mcp.MethodNotificationProgress) {
			break
		}
	}
	call(t, two, "heard", nil)
	calling.Wait()
}

func TestAClientOfTheNewestProtocolHearsOfChanges(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q, resources: ['*'], prompts: ['*']}\n", web.url()))
	pool := http.DefaultTransport.(*http.Transport).Clone()
	client, err := mcpclient.NewStreamableHttpClient(s.url(), transport.WithHTTPBasicClient(&http.Client{Transport: pool}))
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan mcp.JSONRPCNotification, 100)
	client.OnNotification(func(n mcp.JSONRPCNotification) { heard <- n })
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	stop, err := client.ListenAsync(t.Context(), mcp.SubscriptionFilter{ToolsListChanged: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = client.Close()
		pool.CloseIdleConnections()
	})
	next(t, heard, mcp.MethodNotificationSubscriptionsAcknowledged)

	older, _ := s.listener(t)
	var subscribe mcp.SubscribeRequest
	subscribe.Params.URI = "test://web/note"
	//lint:ignore SA1019 the clients that are out there
	if err := older.Subscribe(t.Context(), subscribe); err != nil { // opens the upstream's stream again
		t.Fatal(err)
	}
	call(t, client, "grow", nil)
	next(t, heard, mcp.MethodNotificationToolsListChanged)
	if got := names(t, client); !slices.Contains(got, "grown") {
		t.Errorf("after the change the tools are %v", got)
	}
}
