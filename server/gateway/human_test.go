package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
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
	begin(t, client, pool)
	return client
}
