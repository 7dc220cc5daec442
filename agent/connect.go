package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/naming"
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

// Requesting makes a request to the server at a URL, over a connection that
// [Limits.HTTPClient] has made. Its error names the limit that was met, and shows nothing of
// the URL that may be a secret.
func Requesting(ctx context.Context, url string, request func(context.Context) error) error {
	ctx, why := watched(ctx)
	return naming.Conceal(why(request(ctx)), url, naming.Server(url))
}

func notMCP(server string, err error) error {
	return fmt.Errorf("%s %w: %w; is it running, and does the URL end in its path (/mcp)?", server, ErrNoServer, err)
}

// ListTools reads the whole list of a server's tools, page by page, within limits.
func ListTools(ctx context.Context, server *mcpclient.Client, limits Limits) ([]mcp.Tool, error) {
	var all []mcp.Tool
	limits = limits.withDefaults()
	var r mcp.ListToolsRequest
	for range limits.Pages {
		page, err := listPage(ctx, server, r, limits)
		if err != nil {
			return nil, err
		}
		if all = append(all, page.Tools...); len(all) > limits.Entries {
			return nil, over("Entries", limits.Entries, "the list has more entries")
		}
		if r.Params.Cursor = page.NextCursor; page.NextCursor == "" {
			return all, nil
		}
	}
	return nil, over("Pages", limits.Pages, "the list has more pages")
}

func listPage(ctx context.Context, server *mcpclient.Client, r mcp.ListToolsRequest, limits Limits) (*mcp.ListToolsResult, error) {
	ctx, done := limits.Within(ctx)
	defer done()
	ctx, why := watched(ctx)
	page, err := server.ListToolsByPage(ctx, r)
	return page, why(err)
}

// ErrNoServer says that nobody answers as an MCP server at a URL.
var ErrNoServer = errors.New("does not answer as an MCP server")
