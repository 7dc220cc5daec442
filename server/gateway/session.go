package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common/lru"
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

var sessionForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

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
		case !sessionForm.MatchString(id):
			http.Error(w, "there is no such session", http.StatusNotFound)
			return
		case r.Header.Get(mcp.HeaderMethod) == string(mcp.MethodNotificationCancelled):
			// Newer clients have no sessions: they cancel by closing the request.
			w.WriteHeader(http.StatusAccepted)
			return
		case r.Method == http.MethodGet && len(g.upstreams) == 0:
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "there is no news to wait for", http.StatusMethodNotAllowed)
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
	levels *lru.Cache[string, mcp.LoggingLevel]

	mu      sync.Mutex // guards what follows
	open    map[string]bool
	awaited map[string]chan struct{} // closed when the stream opens
}

func newStreams() streams {
	return streams{open: make(map[string]bool), awaited: make(map[string]chan struct{}), levels: lru.NewCache[string, mcp.LoggingLevel](maxLevels)}
}

// maxLevels is of how many sessions the log level is remembered: the latest.
const maxLevels = 10_000

func (s *streams) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.open))
}

func (s *streams) opened(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[stream] = true
	if opened := s.awaited[stream]; opened != nil {
		close(opened)
		delete(s.awaited, stream)
	}
}

func (s *streams) closed(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, stream)
	s.levels.Remove(sessionOf(stream))
}

// has says whether a session has a stream.
func (s *streams) has(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[streamOf(session)]
}

// streamPatience is how long a request waits for the stream of its session: clients open
// theirs beside their first requests.
const streamPatience = 2 * time.Second

// await waits until a session has a stream, and reports whether it has.
func (s *streams) await(session string) bool {
	stream := streamOf(session)
	s.mu.Lock()
	if s.open[stream] {
		s.mu.Unlock()
		return true
	}
	opened := s.awaited[stream]
	if opened == nil {
		opened = make(chan struct{})
		s.awaited[stream] = opened
	}
	s.mu.Unlock()
	late := time.NewTimer(streamPatience)
	defer late.Stop()
	select {
	case <-opened:
		return true
	case <-late.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.awaited[stream] == opened {
		delete(s.awaited, stream)
	}
	return s.open[stream]
}

// level is what a session wants to be told of at least.
func (s *streams) level(session string) mcp.LoggingLevel {
	if level, ok := s.levels.Get(session); ok {
		return level
	}
	return mcp.LoggingLevelError
}

// httpSession is what the gateway needs of the server library's session of a request.
type httpSession interface {
	mcpserver.SessionWithLogging
	mcpserver.SessionWithClientInfo
	mcpserver.SessionWithProtocolVersion
	SetProtocolVersion(string)
	mcpserver.SessionWithStreamableHTTPConfig
	mcpserver.SessionWithSubscriptionFilter
}

// caller is the session of a request. What outlives the request is kept by the gateway:
// the library would keep it of everybody, for ever.
type caller struct {
	httpSession

	gateway *Gateway
	modern  bool
}

func (g *Gateway) asCaller(ctx context.Context, r *http.Request) context.Context {
	if session, ok := mcpserver.ClientSessionFromContext(ctx).(httpSession); ok {
		return g.mcp.WithContext(ctx, caller{session, g, mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion))})
	}
	return ctx
}

// SetLogLevel implements [mcpserver.SessionWithLogging].
func (c caller) SetLogLevel(level mcp.LoggingLevel) {
	c.gateway.streams.levels.Add(c.SessionID(), level)
}

// GetLogLevel implements [mcpserver.SessionWithLogging].
func (c caller) GetLogLevel() mcp.LoggingLevel { return c.gateway.streams.level(c.SessionID()) }

// SubscribeToResourceErr implements [mcpserver.SessionWithResourceSubscriptionsErr].
// Clients of the newest protocol name what they want to hear of with each stream, and
// it ends with that.
func (c caller) SubscribeToResourceErr(uri string) error {
	if c.modern {
		return nil
	}
	return c.gateway.wish(uri, c.SessionID())
}

// SubscribeToResource implements [mcpserver.SessionWithResourceSubscriptions].
func (c caller) SubscribeToResource(uri string) { _ = c.SubscribeToResourceErr(uri) }

// UnsubscribeFromResource implements [mcpserver.SessionWithResourceSubscriptions]. A hook
// does it, which may ask the upstream.
func (caller) UnsubscribeFromResource(string) {}

// SubscribedResources implements [mcpserver.SessionWithResourceSubscriptions].
func (c caller) SubscribedResources() []string { return c.gateway.watched.wishes(c.SessionID()) }

// IsSubscribedToResource implements [mcpserver.SessionWithResourceSubscriptions].
func (c caller) IsSubscribedToResource(uri string) bool {
	return slices.Contains(c.gateway.watched.by(uri), c.SessionID())
}

var _ mcpserver.SessionWithResourceSubscriptionsErr = caller{}
