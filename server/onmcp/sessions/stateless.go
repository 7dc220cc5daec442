package sessions

import (
	"context"
	"crypto/rand"
	"net/http"

	mcpserver "github.com/mark3labs/mcp-go/server"
)

func withoutStreams(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "there is no stream: every answer comes with its request", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func streamable(tools *mcpserver.MCPServer) http.Handler {
	return mcpserver.NewStreamableHTTPServer(tools, mcpserver.WithStateLess(true),
		mcpserver.WithHTTPContextFunc(func(ctx context.Context, _ *http.Request) context.Context {
			if session, ok := mcpserver.ClientSessionFromContext(ctx).(httpSession); ok {
				return tools.WithContext(ctx, mute{session})
			}
			return ctx
		}))
}

// apart gives each request a session of its own. Without one, all clients of a server
// without sessions are the same one, and each could cancel the calls of the others by
// their numbers. A client cancels by closing its request.
func apart(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set(mcpserver.HeaderKeySessionID, rand.Text())
		next.ServeHTTP(w, r)
	})
}

// Stateless serves an MCP server over streamable HTTP, without sessions: whoever asks for anything in
// a call gets [ErrCannotAsk]. What is around the library's own handler comes by around.
func Stateless(tools *mcpserver.MCPServer, around func(streamable http.Handler) http.Handler) http.Handler {
	return withoutStreams(apart(around(streamable(tools))))
}
