package session

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
)

// Registry is what is known of the sessions. It is safe for concurrent use.
type Registry struct {
	mcp     *mcpserver.MCPServer
	limiter limiter
	ownerOf func(uri string) (upstream string)
	streams streams
	watches watches
}

// limiter bounds what clients can watch.
type limiter interface {
	Limits() server.Limits
	MeetLimit(name string)
}

// New knows the sessions of an MCP server. The upstream that has a resource is told by
// ownerOf, "" if none has.
func New(of *mcpserver.MCPServer, limiter limiter, ownerOf func(uri string) (upstream string)) *Registry {
	return &Registry{mcp: of, limiter: limiter, ownerOf: ownerOf, streams: newStreams(), watches: newWatches()}
}

// Follow follows the sessions and their streams through the server's hooks.
func (r *Registry) Follow(hooks *mcpserver.Hooks) {
	hooks.AddOnRegisterSession(func(_ context.Context, s mcpserver.ClientSession) { r.streams.opened(s.SessionID()) })
	hooks.AddOnUnregisterSession(func(_ context.Context, s mcpserver.ClientSession) {
		r.streams.closed(s.SessionID())
		r.watches.forget(sessionOf(s.SessionID()))
	})
}

// Tell tells a session something on its stream. The error says that it has none, or does
// not read.
func (r *Registry) Tell(session, method string, fields map[string]any) error {
	return r.mcp.SendNotificationToSpecificClient(streamOf(session), method, fields)
}

// TellCaller tells the client of a call something before its answer.
func (r *Registry) TellCaller(ctx context.Context, method string, fields map[string]any) error {
	return r.mcp.SendNotificationToClient(ctx, method, fields)
}

// LogToCaller gives the client of a call a log message before its answer, if its level is
// high enough for the session.
func (r *Registry) LogToCaller(ctx context.Context, message mcp.LoggingMessageNotification) error {
	return r.mcp.SendLogMessageToClient(ctx, message)
}

// LogToAll gives every stream a log message, if its level is high enough for the session. The
// error joins those of the streams that do not read.
func (r *Registry) LogToAll(level mcp.LoggingLevel, fields map[string]any) error {
	var failed []error
	for _, stream := range r.streams.all() {
		if level.ShouldSendTo(r.streams.level(sessionOf(stream))) {
			failed = append(failed, r.mcp.SendNotificationToSpecificClient(stream, string(mcp.MethodNotificationMessage), fields))
		}
	}
	return errors.Join(failed...)
}

// Watching are the sessions that want to hear of a resource.
func (r *Registry) Watching(uri string) []string { return r.watches.by(uri) }

// Watched are the resources of an upstream that sessions want to hear of.
func (r *Registry) Watched(upstream string) (uris []string) { return r.watches.of(upstream) }

// AskOnce reports whether the upstream has yet to be asked to tell of a resource, once.
func (r *Registry) AskOnce(uri string) bool { return r.watches.ask(uri) }

// Unwatch forgets that a session wants to hear of a resource, and reports whether nobody is
// left who does.
func (r *Registry) Unwatch(uri, session string) (last bool) { return r.watches.remove(uri, session) }
