package upstream

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/link"
)

// canAsk says whether the upstream is given clients of its own to ask. Over the older
// SSE it has no way to.
func (s *Server) canAsk() bool { return !s.SSE && s.OwnConnections > 0 }

// linkFor is the link that a client's request takes. The caller calls done.
func (s *Server) linkFor(ctx context.Context) (l *link.Link, done func(), err error) {
	shared := s.current()
	if shared == nil {
		return nil, nil, &unavailableError{text: fmt.Sprintf("the upstream %q is down at the moment", s.Name), cause: "down"}
	}
	session, able := asking.Client(ctx)
	if able == "" || !s.canAsk() {
		return shared, func() {}, nil
	}
	l, done, err = s.own.Lease(ctx, link.Owner{Session: session, Able: able})
	switch {
	case err == nil:
		return l, done, nil
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	}
	s.logger.Warn("a client has no connection of its own to the upstream: it cannot be asked for anything", "error", link.Reason(err))
	return shared, func() {}, nil
}

// onOwn does something on the connection of a client's own, if it has one.
func (s *Server) onOwn(ctx context.Context, do func(*link.Link)) {
	l, done, err := s.linkFor(ctx)
	if err != nil {
		return
	}
	defer done()
	if l.Owner.Session != "" {
		do(l)
	}
}

// RootsChanged passes on that the roots of a client are others than before, if it has a
// connection of its own.
func (s *Server) RootsChanged(ctx context.Context, session string) {
	const method = mcp.MethodNotificationRootsListChanged
	if l := s.own.Of(session); l != nil {
		note := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION, Notification: mcp.Notification{Method: method}}
		s.passOn(method, l.Client.GetTransport().SendNotification(ctx, note))
	}
}

// Ended closes the connection of a client that has ended its session.
func (s *Server) Ended(session string) { s.own.Drop(session) }
