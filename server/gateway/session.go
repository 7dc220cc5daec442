package gateway

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// A client of the 2025 protocol has a session, under which it sends its requests and
// may hold one stream open for news. The server library would let both read from one
// queue, so that what belongs to a call may go astray on the stream. The gateway
// gives the stream an id of its own: the session's with an ending.
const streamEnding = "/stream"

func streamOf(session string) string { return session + streamEnding }
func sessionOf(stream string) string { return strings.TrimSuffix(stream, streamEnding) }

// separate hands out session ids, and keeps streams and requests apart. A request
// without a session gets one for itself, so that one client cannot cancel the
// requests of another by their numbers.
func (g *Gateway) separate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(mcpserver.HeaderKeySessionID)
		fresh := id == ""
		if fresh {
			id = "chit-" + rand.Text()
		}
		switch {
		case !requestForm.MatchString(id):
			http.Error(w, "there is no such session", http.StatusNotFound)
			return
		case r.Header.Get(mcp.HeaderMethod) == string(mcp.MethodNotificationCancelled):
			// Newer clients have no sessions: they cancel by closing the request.
			w.WriteHeader(http.StatusAccepted)
			return
		case r.Method == http.MethodGet:
			id = streamOf(id)
		case r.Method == http.MethodPost && fresh:
			if able, ok := initializing(r); ok {
				id = able.newSession()
				w.Header().Set(mcpserver.HeaderKeySessionID, id)
			}
		}
		r.Header.Set(mcpserver.HeaderKeySessionID, id)
		if session := sessionOf(id); !fresh && inSession(session) != "" {
			g.converse(next, session, w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// initializing says whether a request begins a session, and what the client says that
// it can be asked for.
func initializing(r *http.Request) (abilities, bool) {
	body, err := reread(r)
	var m struct {
		Method string
		Params struct{ Capabilities json.RawMessage }
	}
	if err != nil || json.Unmarshal(body, &m) != nil || m.Method != string(mcp.MethodInitialize) {
		return "", false
	}
	var declared mcp.ClientCapabilities
	if json.Unmarshal(m.Params.Capabilities, &declared) != nil {
		return "", true // nothing that it could be asked for
	}
	return abilitiesOf(&declared), true
}

// streams are those that clients hold open, and the log level that each session asked
// for.
type streams struct {
	mu     sync.Mutex // guards what follows
	open   map[string]mcpserver.ClientSession
	levels map[string]mcp.LoggingLevel
}

func newStreams() streams {
	return streams{open: make(map[string]mcpserver.ClientSession), levels: make(map[string]mcp.LoggingLevel)}
}

// maxLevels is how many sessions without a stream are remembered.
const maxLevels = 10_000

func (s *streams) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.open))
}

func (s *streams) opened(stream mcpserver.ClientSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[stream.SessionID()] = stream
	if level, ok := s.levels[sessionOf(stream.SessionID())]; ok {
		tune(stream, level)
	}
}

func (s *streams) closed(stream mcpserver.ClientSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, stream.SessionID())
	delete(s.levels, sessionOf(stream.SessionID()))
}

// setLevel takes the level that a session asked for to its stream, now or when it opens.
func (s *streams) setLevel(session string, level mcp.LoggingLevel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stream := s.open[streamOf(session)]; stream != nil {
		tune(stream, level)
	} else if len(s.levels) < maxLevels {
		s.levels[session] = level
	}
}

func tune(stream mcpserver.ClientSession, level mcp.LoggingLevel) {
	if logging, ok := stream.(mcpserver.SessionWithLogging); ok {
		logging.SetLogLevel(level)
	}
}
