package upstream

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/link"
	"github.com/chitpay/chit/server/gateway/pool"
	"github.com/chitpay/chit/server/gateway/session"
)

const (
	// firstRetry and lastRetry bound how long the gateway waits before it tries an
	// upstream again.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
	// pingEvery is how often an upstream is asked for a sign of life, pingTimeout how
	// long that may take.
	pingEvery   = 15 * time.Second
	pingTimeout = 5 * time.Second
)

// Server is an MCP server that is sold, connected or not. It is safe for concurrent use.
type Server struct {
	config.Upstream

	around Around
	dialer link.Dialer
	logger *slog.Logger
	calls  calls
	own    *pool.Pool // of clients' own connections
	// tried is closed once the first attempt to connect has come to an end.
	tried chan struct{}

	mu     sync.Mutex // guards what follows
	link   *link.Link // nil while it is down
	lists  Lists      // as they were last known
	able   []mcp.Tool // what it shows to clients that it can ask
	since  time.Time  // of the state
	failed bool       // the state was logged as down
	why    string     // it is down
}

// Around is what the upstreams of a gateway have around them.
type Around struct {
	// Version is the gateway's, told to upstreams.
	Version string
	Logger  *slog.Logger
	Limiter link.Limiter
	// Sessions are told the news of upstreams, and Questions ask clients what upstreams ask.
	Sessions  *session.Registry
	Questions *asking.Questions
	// Listed is called when an upstream has listed what it offers, and Up, after that, when it
	// can be called again.
	Listed, Up func()
}

// New is the upstream that the config names, which [Server.Run] connects.
func New(of config.Upstream, around Around) *Server {
	s := &Server{Upstream: of, around: around, logger: around.Logger.With("upstream", of.Name), tried: make(chan struct{}), since: time.Now()}
	s.dialer = link.Dialer{
		Upstream: of, Version: around.Version, Limiter: around.Limiter, Logger: s.logger, Notified: s.notified, Asked: s.answer,
		Watched: func() []string { return around.Sessions.Watched(of.Name) },
	}
	s.own = pool.New(s.dialer.ConnectFor, int(of.OwnConnections), min(pingTimeout, of.Timeout))
	return s
}

// Run keeps the upstream connected until ctx ends.
func (s *Server) Run(ctx context.Context) {
	tried := sync.OnceFunc(func() { close(s.tried) })
	defer s.own.Start(ctx)()
	wait := firstRetry
	for ctx.Err() == nil {
		began := time.Now()
		s.live(ctx, tried)
		if time.Since(began) >= lastRetry {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, lastRetry)
	}
}

// live connects once and stays until the link is dead. It calls tried once it is
// known whether there is a link.
func (s *Server) live(ctx context.Context, tried func()) {
	defer tried()
	l, err := s.dialer.Connect(ctx)
	if err != nil {
		s.down(ctx, err)
		return
	}
	defer l.Close()
	s.up(ctx, l)
	tried()
	s.down(ctx, s.tend(ctx, l))
}

// tend watches a link until it is dead, and returns why, or until ctx ends.
func (s *Server) tend(ctx context.Context, l *link.Link) error {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.News():
			s.list(ctx, l)
			s.around.Listed()
			continue
		case <-l.Suspected():
		case <-ticker.C:
		}
		err := l.Alive(ctx, min(pingTimeout, s.Timeout))
		if errors.Is(err, context.DeadlineExceeded) && s.calls.busy(l) {
			continue // it may answer one request after the other
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// up takes a new link into use: first the lists, then the calls.
func (s *Server) up(ctx context.Context, l *link.Link) {
	able, _ := s.sellable(l, s.scout(ctx))
	s.mu.Lock()
	s.able = able
	s.mu.Unlock()
	s.list(ctx, l)
	s.mu.Lock()
	s.link, s.since, s.failed = l, time.Now(), false
	s.mu.Unlock()
	s.around.Listed()
	s.around.Up()
	for _, uri := range s.around.Sessions.Watched(s.Name) {
		s.subscribe(ctx, l, uri)
	}
	s.logger.Info("upstream is up", "server", l.Hello.ServerInfo.Name, "version", l.Hello.ServerInfo.Version)
}

// down notes that the upstream cannot be reached, unless the gateway itself is at its
// end. It is logged once.
func (s *Server) down(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	known := s.failed
	if s.link != nil || !known {
		s.since = time.Now()
	}
	s.link, s.failed, s.why = nil, true, link.Reason(err)
	s.mu.Unlock()
	if !known {
		s.logger.Warn("upstream is down: its tools answer errors until it is back", "error", link.Reason(err))
	}
}

// ReasonDown is why the upstream is down.
func (s *Server) ReasonDown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.why, "no answer yet")
}

// current is the link in use, nil while the upstream is down.
func (s *Server) current() *link.Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

// Tried is closed once the first attempt to connect has come to an end.
func (s *Server) Tried() <-chan struct{} { return s.tried }

// State says whether the upstream is up, and since when it is that or down.
func (s *Server) State() (up bool, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link != nil, s.since
}

// Hello is what the upstream says of itself, nil while it is down.
func (s *Server) Hello() *mcp.InitializeResult {
	if l := s.current(); l != nil {
		return l.Hello
	}
	return nil
}
