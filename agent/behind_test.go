package agent_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
)

// behind is an MCP client that talks to a server through a proxy.
type behind struct {
	*mcpclient.Client
	heard chan mcp.JSONRPCNotification
}

// through starts a proxy to a server, and a client of it.
func through(t testing.TB, url string, o agent.Options, more ...mcpclient.ClientOption) *behind {
	t.Helper()
	proxy, err := agent.OpenProxy(t.Context(), url, o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return behindProxy(t, proxy, more...)
}

// relaying is a proxy of either kind.
type relaying interface {
	Serve(ctx context.Context, in io.Reader, out io.Writer) error
	Close() error
}

// behindProxy starts a client of a proxy, which is closed with the test.
func behindProxy(t testing.TB, proxy relaying, more ...mcpclient.ClientOption) *behind {
	t.Helper()
	fromClient, toProxy := io.Pipe()
	fromProxy, toClient := io.Pipe()
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		served <- proxy.Serve(ctx, fromClient, toClient)
		_ = toClient.Close()
	}()
	b := &behind{
		Client: mcpclient.NewClient(transport.NewIO(fromProxy, toProxy, io.NopCloser(strings.NewReader(""))), more...),
		heard:  make(chan mcp.JSONRPCNotification, 100),
	}
	b.OnNotification(func(n mcp.JSONRPCNotification) { b.heard <- n })
	t.Cleanup(func() {
		_ = b.Client.Close()
		_ = toProxy.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		cancel()
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	hello.Params.ProtocolVersion = mcp.LATEST_LEGACY_PROTOCOL_VERSION
	if _, err := b.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *behind) call(t testing.TB, tool string, arguments map[string]any) *mcp.CallToolResult {
	t.Helper()
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, arguments
	result, err := b.CallTool(t.Context(), r)
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return result
}

// next waits for a notification of a method; others are passed over.
func (b *behind) next(t testing.TB, method string) map[string]any {
	t.Helper()
	for {
		select {
		case n := <-b.heard:
			if n.Method == method {
				return n.Params.AdditionalFields
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s came", method)
		}
	}
}

func problem(t testing.TB, result *mcp.CallToolResult) agent.Problem {
	t.Helper()
	var p agent.Problem
	if err := json.Unmarshal(result.RawStructuredContent, &p); err != nil || !result.IsError {
		t.Fatalf("the result is %+v, %v", result, err)
	}
	return p
}
