package dial

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"

	"github.com/chitpay/chit/agent/naming"
)

// Connect makes a client of the MCP server at a URL, over streamable HTTP, that keeps to the
// limits and answers no requests of the server. It has still to be initialized. A credit
// token goes along with every request, as [Narrowed] has it. The caller closes the
// client, and the idle connections of the HTTP client below it.
func (l Limits) Connect(ctx context.Context, url, token string) (*mcpclient.Client, *http.Client, error) {
	l = l.WithDefaults()
	asked := NewCrowd(l.Requests)
	below := l.Client(asked)
	client, err := MCP(ctx, url, below, asked, transport.WithHTTPHeaderFunc(Bearer(token)))
	return client, below, err
}

// MCP is [Limits.Connect] over an HTTP client that is there, which asked counts for.
func MCP(ctx context.Context, url string, below *http.Client, asked *Crowd, opts ...transport.StreamableHTTPCOption) (*mcpclient.Client, error) {
	opts = append(opts, transport.WithHTTPBasicClient(below), transport.WithHTTPLogger(slog.New(slog.DiscardHandler)))
	wire, err := transport.NewStreamableHTTP(url, opts...)
	if err != nil {
		return nil, err
	}
	client := mcpclient.NewClient(refusing{wire})
	if err := client.Start(ctx); err != nil {
		return nil, err
	}
	wire.SetRequestHandler(asked.refuse)
	return client, nil
}

// Requesting makes a request to the server at a URL, over a connection that
// [Limits.HTTPClient] has made. Its error names the limit that was met, and shows nothing of
// the URL that may be a secret.
func Requesting(ctx context.Context, url string, request func(context.Context) error) error {
	ctx, why := Watched(ctx)
	return naming.Conceal(why(request(ctx)), url, naming.Server(url))
}

// NotMCP is the error, which wraps [ErrNoServer], of a server that does not greet.
func NotMCP(server string, err error) error {
	return fmt.Errorf("%s %w: %w; is it running, and does the URL end in its path (/mcp)?", server, ErrNoServer, err)
}

// ErrNoServer says that nobody answers as an MCP server at a URL.
var ErrNoServer = errors.New("does not answer as an MCP server")
