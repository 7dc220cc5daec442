package session

import (
	"context"
	"net/http"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// httpSession is what the gateway needs of the server library's session of a request.
type httpSession interface {
	mcpserver.SessionWithLogging
	mcpserver.SessionWithClientInfo
	mcpserver.SessionWithProtocolVersion
	SetProtocolVersion(string)
	mcpserver.SessionWithStreamableHTTPConfig
	mcpserver.SessionWithSubscriptionFilter
}

// caller is the session of a request. What outlives the request is kept by the gateway:
// the library would keep it of everybody, for ever.
type caller struct {
	httpSession

	registry *Registry
	modern   bool
}

// AsCaller is the context of a request with its session, which the registry keeps.
func (r *Registry) AsCaller(ctx context.Context, req *http.Request) context.Context {
	if session, ok := mcpserver.ClientSessionFromContext(ctx).(httpSession); ok {
		return r.mcp.WithContext(ctx, caller{session, r, mcp.IsModernProtocol(req.Header.Get(mcp.HeaderProtocolVersion))})
	}
	return ctx
}

// SetLogLevel implements [mcpserver.SessionWithLogging].
func (c caller) SetLogLevel(level mcp.LoggingLevel) {
	c.registry.streams.levels.Add(c.SessionID(), level)
}

// GetLogLevel implements [mcpserver.SessionWithLogging].
func (c caller) GetLogLevel() mcp.LoggingLevel { return c.registry.streams.level(c.SessionID()) }

// SubscribeToResourceErr implements [mcpserver.SessionWithResourceSubscriptionsErr].
// Clients of the newest protocol name what they want to hear of with each stream, and
// it ends with that.
func (c caller) SubscribeToResourceErr(uri string) error {
	if c.modern {
		return nil
	}
	return c.registry.wish(uri, c.SessionID())
}

// SubscribeToResource implements [mcpserver.SessionWithResourceSubscriptions].
func (c caller) SubscribeToResource(uri string) { _ = c.SubscribeToResourceErr(uri) }

// UnsubscribeFromResource implements [mcpserver.SessionWithResourceSubscriptions]. A hook
// does it, which may ask the upstream.
func (caller) UnsubscribeFromResource(string) {}

// SubscribedResources implements [mcpserver.SessionWithResourceSubscriptions].
func (c caller) SubscribedResources() []string { return c.registry.watches.wishes(c.SessionID()) }

// IsSubscribedToResource implements [mcpserver.SessionWithResourceSubscriptions].
func (c caller) IsSubscribedToResource(uri string) bool {
	return slices.Contains(c.registry.watches.by(uri), c.SessionID())
}

var _ mcpserver.SessionWithResourceSubscriptionsErr = caller{}
