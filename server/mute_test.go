package server_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp/sessions"
	"github.com/chitpay/chit/server/shoptest"
)

func addAskingTools(s *mcpserver.MCPServer) {
	s.EnableSampling()
	ask := func(name string, do func(context.Context) error) {
		s.AddTool(mcp.NewTool(name), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			err := do(ctx)
			return mcp.NewToolResultError(fmt.Sprint(errors.Is(err, sessions.ErrCannotAsk), err)), nil
		})
	}
	ask("sample", func(ctx context.Context) error {
		//lint:ignore SA1019 the tools that are out there
		_, err := s.RequestSampling(ctx, mcp.CreateMessageRequest{CreateMessageParams: mcp.CreateMessageParams{MaxTokens: 1}})
		return err
	})
	ask("elicit", func(ctx context.Context) error {
		_, err := s.RequestElicitation(ctx, mcp.ElicitationRequest{Params: mcp.ElicitationParams{Message: "who?", RequestedSchema: map[string]any{"type": "object"}}})
		return err
	})
	ask("roots", func(ctx context.Context) error {
		_, err := s.RequestRoots(ctx, mcp.ListRootsRequest{})
		return err
	})
	s.AddTool(mcp.NewTool("input"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcpserver.NewInputRequestBuilder("").Roots("where").ToolResult(), nil
	})
}

// unheard is a client that must not be asked.
type unheard struct{ t *testing.T }

func (u unheard) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	u.t.Error("the client was asked")
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAToolThatAsksBehindAHandlerWithoutSessionsIsRefusedAtOnce(t *testing.T) {
	options := shoptest.Options(t)
	options.Prices = server.Prices{"*": server.Free}
	shop := shoptest.Open(t, options, addAskingTools)
	//lint:ignore SA1019 the clients that are out there
	listening := transport.WithContinuousListening()
	over, err := transport.NewStreamableHTTP(shop.URL, listening)
	if err != nil {
		t.Fatal(err)
	}
	client := mcpclient.NewClient(over, mcpclient.WithRootsHandler(unheard{t}))
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"sample", "elicit", "roots"} {
		var req mcp.CallToolRequest
		req.Params.Name = tool
		result, err := client.CallTool(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := result.Content[0].(mcp.TextContent).Text, fmt.Sprint(true, sessions.ErrCannotAsk); got != want {
			t.Errorf("%s is told %q, want %q", tool, got, want)
		}
	}
	var req mcp.CallToolRequest
	req.Params.Name = "input"
	if result, err := client.CallTool(t.Context(), req); err == nil {
		t.Errorf("a tool that wants input answers %+v", result)
	}
}
