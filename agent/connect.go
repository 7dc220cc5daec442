package agent

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// Connect makes a client of the MCP server at a URL, over streamable HTTP, that keeps to the
// limits and answers no requests of the server. It has still to be initialized. A credit
// token goes along with every request, as a [TokenBudget] narrows it. The caller closes the
// client, and the idle connections of the HTTP client below it.
func (l Limits) Connect(ctx context.Context, url, token string) (*mcpclient.Client, *http.Client, error) {
	l = l.withDefaults()
	asked := &crowd{most: l.Requests}
	below := l.client(asked)
	client, err := connect(ctx, url, below, asked, transport.WithHTTPHeaderFunc(bearer(token)))
	return client, below, err
}

func connect(ctx context.Context, url string, below *http.Client, asked *crowd, opts ...transport.StreamableHTTPCOption) (*mcpclient.Client, error) {
	opts = append(opts, transport.WithHTTPBasicClient(below), transport.WithHTTPLogger(slog.New(slog.DiscardHandler)))
	wire, err := transport.NewStreamableHTTP(url, opts...)
	if err != nil {
		return nil, err
	}
	client := mcpclient.NewClient(wire)
	if err := client.Start(ctx); err != nil {
		return nil, err
	}
	wire.SetRequestHandler(asked.refuse)
	return client, nil
}

// refuse answers the requests of a server: that the client is there, and that it answers
// nothing else.
func (c *crowd) refuse(ctx context.Context, r transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
	answer := &transport.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: r.ID, Result: json.RawMessage("{}")}
	if c.enter() {
		context.AfterFunc(ctx, c.leave) // when the answer is sent
	}
	if r.Method != string(mcp.MethodPing) {
		answer.Result, answer.Error = nil, &mcp.JSONRPCErrorDetails{Code: mcp.METHOD_NOT_FOUND, Message: "this client answers no requests"}
	}
	return answer, nil
}
