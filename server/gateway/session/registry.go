package session

import (
	"context"

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

// Streaming are the sessions that have a stream.
func (r *Registry) Streaming() []string {
	sessions := r.streams.all()
	for i, stream := range sessions {
		sessions[i] = sessionOf(stream)
	}
	return sessions
}

// Level is what a session wants to be told of at least.
func (r *Registry) Level(session string) mcp.LoggingLevel { return r.streams.level(session) }

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

// Watching are the sessions that want to hear of a resource.
func (r *Registry) Watching(uri string) []string { return r.watches.by(uri) }

// Watched are the resources of an upstream that sessions want to hear of.
func (r *Registry) Watched(upstream string) (uris []string) { return r.watches.of(upstream) }

// AskOnce reports whether the upstream has yet to be asked to tell of a resource, once.
func (r *Registry) AskOnce(uri string) bool { return r.watches.ask(uri) }

// Unwatch forgets that a session wants to hear of a resource, and reports whether nobody is
// left who does.
func (r *Registry) Unwatch(uri, session string) (last bool) { return r.watches.remove(uri, session) }
