package session

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/gateway/asking"
)

// A client of the 2025 protocol has a session, under which it sends its requests and
// may hold one stream open for news. The server library would let both read from one
// queue, so that what belongs to a call may go astray on the stream. The gateway
// gives the stream an id of its own: the session's with an ending.
const streamEnding = "/stream"

func streamOf(session string) string { return session + streamEnding }
func sessionOf(stream string) string { return strings.TrimSuffix(stream, streamEnding) }

var sessionForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Separate hands out session ids, and keeps streams and requests apart. A request
// without a session gets one for itself, so that one client cannot cancel the
// requests of another by their numbers. Sessions that can be asked go by questions; without
// news, no stream is opened to wait for them.
func Separate(next http.Handler, questions *asking.Questions, news bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(mcpserver.HeaderKeySessionID)
		fresh := id == ""
		if fresh {
			id = "chit-" + rand.Text()
		}
		switch {
		case !sessionForm.MatchString(id):
			http.Error(w, "there is no such session", http.StatusNotFound)
			return
		case r.Header.Get(mcp.HeaderMethod) == string(mcp.MethodNotificationCancelled):
			// Newer clients have no sessions: they cancel by closing the request.
			w.WriteHeader(http.StatusAccepted)
			return
		case r.Method == http.MethodGet && !news:
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "there is no news to wait for", http.StatusMethodNotAllowed)
			return
		case r.Method == http.MethodGet:
			id = streamOf(id)
		case r.Method == http.MethodPost && fresh:
			if able, ok := asking.Initializing(r); ok {
				id = able.NewSession()
				w.Header().Set(mcpserver.HeaderKeySessionID, id)
			}
		}
		r.Header.Set(mcpserver.HeaderKeySessionID, id)
		if session := sessionOf(id); !fresh && asking.InSession(session) != "" {
			questions.Serve(next, session, w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
