package upstream

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/link"
)

// Watch asks to be told of a resource's changes, for the client of a request.
func (s *Server) Watch(ctx context.Context, uri string) {
	if l := s.current(); s.around.Sessions.AskOnce(uri) && l != nil {
		s.subscribe(ctx, l, uri)
	}
	s.onOwn(ctx, func(l *link.Link) { s.subscribe(ctx, l, uri) })
}

// Unwatch asks for that no more: the session of a request does not want to hear of it.
func (s *Server) Unwatch(ctx context.Context, uri, session string) {
	if l := s.current(); s.around.Sessions.Unwatch(uri, session) && l != nil {
		s.unsubscribe(ctx, l, uri)
	}
	s.onOwn(ctx, func(l *link.Link) { s.unsubscribe(ctx, l, uri) })
}

// subscribe asks to be told of a resource's changes.
func (s *Server) subscribe(ctx context.Context, l *link.Link, uri string) {
	if l.Modern() {
		l.Tune()
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	if _, err := l.Request(ctx, mcp.MethodResourcesSubscribe, map[string]any{"uri": uri}); err != nil {
		s.logger.Warn("a resource cannot be watched", "uri", uri, "error", link.Reason(err))
	}
}

func (s *Server) unsubscribe(ctx context.Context, l *link.Link, uri string) {
	if l.Modern() {
		l.Tune()
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	// At worst the upstream goes on to tell what nobody is given any more.
	_, _ = l.Request(ctx, mcp.MethodResourcesUnsubscribe, map[string]any{"uri": uri})
}
