package gateway

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// subscribe asks to be told of a resource's changes.
func (u *upstream) subscribe(ctx context.Context, l *link, uri string) {
	if l.modern() {
		poke(l.tune)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, u.Timeout)
	defer cancel()
	if _, err := l.request(ctx, mcp.MethodResourcesSubscribe, map[string]any{"uri": uri}); err != nil {
		u.logger.Warn("a resource cannot be watched", "uri", uri, "error", reason(err))
	}
}

func (u *upstream) unsubscribe(ctx context.Context, l *link, uri string) {
	if l.modern() {
		poke(l.tune)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, u.Timeout)
	defer cancel()
	// At worst the upstream goes on to tell what nobody is given any more.
	_, _ = l.request(ctx, mcp.MethodResourcesUnsubscribe, map[string]any{"uri": uri})
}

// follow follows the clients' streams and subscriptions through the server's hooks.
func (g *Gateway) follow(hooks *mcpserver.Hooks) {
	g.sessions.Follow(hooks)
	hooks.AddAfterSubscribe(func(ctx context.Context, _ any, req *mcp.SubscribeRequest, _ *mcp.EmptyResult) {
		u := g.upstreamOf(req.Params.URI)
		if u == nil {
			return
		}
		if l := u.current(); g.sessions.Ask(req.Params.URI) && l != nil {
			u.subscribe(ctx, l, req.Params.URI)
		}
		u.onOwn(ctx, func(l *link) { u.subscribe(ctx, l, req.Params.URI) })
	})
	hooks.AddAfterUnsubscribe(func(ctx context.Context, _ any, req *mcp.UnsubscribeRequest, _ *mcp.EmptyResult) {
		session, u := mcpserver.ClientSessionFromContext(ctx), g.upstreamOf(req.Params.URI)
		if session == nil || u == nil {
			return
		}
		if l := u.current(); g.sessions.Unwatch(req.Params.URI, session.SessionID()) && l != nil {
			u.unsubscribe(ctx, l, req.Params.URI)
		}
		u.onOwn(ctx, func(l *link) { u.unsubscribe(ctx, l, req.Params.URI) })
	})
}
