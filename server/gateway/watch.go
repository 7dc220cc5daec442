package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// watches are the resources that clients want to hear of. Each wish is that of a session
// with an open stream, and is forgotten with the stream.
type watches struct {
	mu    sync.Mutex // guards what follows
	byURI map[string]*watched
	each  map[string]int // wishes by session
	all   int            // wishes
}

// watched is a resource.
type watched struct {
	upstream *upstream
	sessions map[string]bool
	asked    bool // the upstream was asked to tell of it
}

func newWatches() watches {
	return watches{byURI: make(map[string]*watched), each: make(map[string]int)}
}

func (w *watches) by(uri string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if it := w.byURI[uri]; it != nil {
		return slices.Collect(maps.Keys(it.sessions))
	}
	return nil
}

// wishes are the resources of a session.
func (w *watches) wishes(session string) (uris []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for uri, it := range w.byURI {
		if it.sessions[session] {
			uris = append(uris, uri)
		}
	}
	return uris
}

var errNoStream = errors.New("the session has no open stream (GET) on which it would be told of changes")

// wish notes that a session wants to hear of a resource.
func (g *Gateway) wish(uri, session string) error {
	limits := g.shop.Limits()
	if int64(len(uri)) > limits.WatchedURI {
		g.shop.MeetLimit("watchedURI")
		return fmt.Errorf("its URI is longer than %d bytes", limits.WatchedURI)
	}
	u := g.upstreamOf(uri)
	if u == nil {
		return fmt.Errorf("there is no resource %q", uri)
	}
	if !g.streams.await(session) {
		return errNoStream
	}
	w := &g.watched
	w.mu.Lock()
	defer w.mu.Unlock()
	it := w.byURI[uri]
	switch {
	case it != nil && it.sessions[session]:
		return nil
	case !g.streams.has(session): // it goes before the wishes do
		return errNoStream
	case w.each[session] >= limits.Watches:
		g.shop.MeetLimit("watches")
		return fmt.Errorf("a session can watch %d resources", limits.Watches)
	case w.all >= limits.AllWatches:
		g.shop.MeetLimit("allWatches")
		return errors.New("as many resources are watched as this server keeps")
	}
	if it == nil {
		it = &watched{upstream: u, sessions: make(map[string]bool)}
		w.byURI[uri] = it
	}
	it.sessions[session] = true
	w.each[session]++
	w.all++
	return nil
}

// ask reports whether the upstream has yet to be asked to tell of a resource, once.
func (w *watches) ask(uri string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	it := w.byURI[uri]
	if it == nil || it.asked {
		return false
	}
	it.asked = true
	return true
}

// remove forgets a session's wish, and reports whether nobody is left.
func (w *watches) remove(uri, session string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.drop(uri, session)
}

// drop is called with w.mu held.
func (w *watches) drop(uri, session string) (last bool) {
	it := w.byURI[uri]
	if it == nil || !it.sessions[session] {
		return false
	}
	delete(it.sessions, session)
	w.all--
	if w.each[session]--; w.each[session] == 0 {
		delete(w.each, session)
	}
	if last = len(it.sessions) == 0; last {
		delete(w.byURI, uri)
	}
	return last
}

// forget removes a session whose stream has gone.
func (w *watches) forget(session string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.each[session] == 0 {
		return
	}
	for uri := range w.byURI {
		w.drop(uri, session)
	}
}

// of is what is watched of an upstream.
func (w *watches) of(u *upstream) (uris []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for uri, it := range w.byURI {
		if it.upstream == u {
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
	hooks.AddOnRegisterSession(func(_ context.Context, s mcpserver.ClientSession) { g.streams.opened(s.SessionID()) })
	hooks.AddOnUnregisterSession(func(_ context.Context, s mcpserver.ClientSession) {
		g.streams.closed(s.SessionID())
		g.watched.forget(sessionOf(s.SessionID()))
	})
	hooks.AddAfterSubscribe(func(ctx context.Context, _ any, req *mcp.SubscribeRequest, _ *mcp.EmptyResult) {
		u := g.upstreamOf(req.Params.URI)
		if u == nil {
			return
		}
		if l := u.current(); g.watched.ask(req.Params.URI) && l != nil {
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
