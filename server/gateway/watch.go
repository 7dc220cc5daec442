package gateway

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// watches are the resources that clients want to hear of.
type watches struct {
	mu    sync.Mutex                 // guards byURI
	byURI map[string]map[string]bool // sessions
}

func (w *watches) by(uri string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.byURI[uri]))
}

// add notes a session's wish, and reports whether it is the first for the resource.
func (w *watches) add(uri, session string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byURI[uri] == nil {
		w.byURI[uri] = make(map[string]bool)
	}
	w.byURI[uri][session] = true
	return len(w.byURI[uri]) == 1
}

// remove forgets a session's wish, and reports whether nobody is left.
func (w *watches) remove(uri, session string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.byURI[uri][session] {
		return false
	}
	delete(w.byURI[uri], session)
	if len(w.byURI[uri]) > 0 {
		return false
	}
	delete(w.byURI, uri)
	return true
}

// forget removes a session that has gone.
func (w *watches) forget(session string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for uri, wanted := range w.byURI {
		if delete(wanted, session); len(wanted) == 0 {
			delete(w.byURI, uri)
		}
	}
}

// of is what is watched of an upstream.
func (w *watches) of(u *upstream) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var uris []string
	for uri := range w.byURI {
		if u.gateway.upstreamOf(uri) == u {
			uris = append(uris, uri)
		}
	}
	return uris
}

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

// watch follows the clients' subscriptions and streams through the server's hooks.
func (g *Gateway) watch(hooks *mcpserver.Hooks) {
	hooks.AddOnRegisterSession(func(_ context.Context, s mcpserver.ClientSession) { g.streams.opened(s) })
	hooks.AddOnUnregisterSession(func(_ context.Context, s mcpserver.ClientSession) {
		g.streams.closed(s)
		g.watched.forget(sessionOf(s.SessionID()))
	})
	hooks.AddAfterSetLevel(func(ctx context.Context, _ any, req *mcp.SetLevelRequest, _ *mcp.EmptyResult) {
		if s := mcpserver.ClientSessionFromContext(ctx); s != nil {
			g.streams.setLevel(s.SessionID(), req.Params.Level)
		}
	})
	hooks.AddAfterSubscribe(func(ctx context.Context, _ any, req *mcp.SubscribeRequest, _ *mcp.EmptyResult) {
		session, u := mcpserver.ClientSessionFromContext(ctx), g.upstreamOf(req.Params.URI)
		if session == nil || u == nil {
			return
		}
		if l := u.current(); g.watched.add(req.Params.URI, session.SessionID()) && l != nil {
			u.subscribe(ctx, l, req.Params.URI)
		}
		u.onOwn(ctx, func(l *link) { u.subscribe(ctx, l, req.Params.URI) })
	})
	hooks.AddAfterUnsubscribe(func(ctx context.Context, _ any, req *mcp.UnsubscribeRequest, _ *mcp.EmptyResult) {
		session, u := mcpserver.ClientSessionFromContext(ctx), g.upstreamOf(req.Params.URI)
		if session == nil || u == nil {
			return
		}
		if l := u.current(); g.watched.remove(req.Params.URI, session.SessionID()) && l != nil {
			u.unsubscribe(ctx, l, req.Params.URI)
		}
		u.onOwn(ctx, func(l *link) { u.unsubscribe(ctx, l, req.Params.URI) })
	})
}
