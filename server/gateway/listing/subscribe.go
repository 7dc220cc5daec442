package listing

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// Follow asks the upstreams to tell of the resources that clients subscribe to, through the
// server's hooks.
func (l *Listing) Follow(hooks *mcpserver.Hooks) {
	hooks.AddAfterSubscribe(func(ctx context.Context, _ any, req *mcp.SubscribeRequest, _ *mcp.EmptyResult) {
		if u := l.upstreamOf(req.Params.URI); u != nil {
			u.Watch(ctx, req.Params.URI)
		}
	})
	hooks.AddAfterUnsubscribe(func(ctx context.Context, _ any, req *mcp.UnsubscribeRequest, _ *mcp.EmptyResult) {
		session, u := mcpserver.ClientSessionFromContext(ctx), l.upstreamOf(req.Params.URI)
		if session != nil && u != nil {
			u.Unwatch(ctx, req.Params.URI, session.SessionID())
		}
	})
}
