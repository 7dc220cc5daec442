package session

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common/lru"
	"github.com/mark3labs/mcp-go/mcp"
)

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
