package sessions

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// ErrCannotAsk is what a tool gets that asks its client for something behind
// server.Shop.Handler.
var ErrCannotAsk = errors.New("a client of Shop.Handler cannot be asked for anything, since it has no session: serve the tools with sessions, as the handler's documentation shows")

// httpSession is all that mcp-go's session over streamable HTTP can do but ask.
type httpSession interface {
	mcpserver.SessionWithLogging
	mcpserver.SessionWithTools
	mcpserver.SessionWithResources
	mcpserver.SessionWithResourceTemplates
	mcpserver.SessionWithClientInfo
	mcpserver.SessionWithProtocolVersion
	SetProtocolVersion(string)
	mcpserver.SessionWithStreamableHTTPConfig
	mcpserver.SessionWithSubscriptionFilter
}

// mute is a session whose client would be asked, and whose answer would reach nobody:
// it comes in a request of its own, and no two requests are of the same session.
type mute struct{ httpSession }

// SetLogLevel sets nothing: the level would be that of one request, and the server
// library would keep it for ever.
func (mute) SetLogLevel(mcp.LoggingLevel) {}

func (mute) RequestSampling(context.Context, mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	return nil, ErrCannotAsk
}

func (mute) RequestElicitation(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return nil, ErrCannotAsk
}

func (mute) ListRoots(context.Context, mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	return nil, ErrCannotAsk
}

var (
	_ mcpserver.SessionWithSampling    = mute{}
	_ mcpserver.SessionWithElicitation = mute{}
	_ mcpserver.SessionWithRoots       = mute{}
)
