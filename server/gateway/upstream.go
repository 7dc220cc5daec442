package gateway

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/time/rate"

	"github.com/chitpay/chit/glob"
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

// upstream is an MCP server that is sold, connected or not.
type upstream struct {
	Upstream

	gateway *Gateway
	logger  *slog.Logger
	calls   calls
	own     ownLinks
	// tried is closed once the first attempt to connect has come to an end.
	tried chan struct{}

	mu     sync.Mutex // guards what follows
	link   *link      // nil while it is down
	lists  lists      // as they were last known
	able   []mcp.Tool // what it shows to clients that it can ask
	since  time.Time  // of the state
	failed bool       // the state was logged as down
}

// lists are what an upstream offers.
type lists struct {
	tools     []mcp.Tool
	resources []mcp.Resource
	templates []mcp.ResourceTemplate
	prompts   []mcp.Prompt
}

func newUpstream(g *Gateway, config Upstream) *upstream {
	u := &upstream{
		Upstream: config, gateway: g, logger: g.logger.With("upstream", config.Name), tried: make(chan struct{}), since: time.Now(),
	}
	u.own.upstream, u.own.opening = u, rate.NewLimiter(openRate, openBurst)
	return u
}

// run keeps the upstream connected until ctx ends.
func (u *upstream) run(ctx context.Context) {
	tried := sync.OnceFunc(func() { close(u.tried) })
	defer u.own.start(ctx)()
	wait := firstRetry
	for ctx.Err() == nil {
		began := time.Now()
		u.live(ctx, tried)
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
func (u *upstream) live(ctx context.Context, tried func()) {
	defer tried()
	l, err := u.connect(ctx)
	if err != nil {
		u.down(ctx, err)
		return
	}
	defer l.close()
	u.up(ctx, l)
	tried()
	u.down(ctx, u.tend(ctx, l))
}

// tend watches a link until it is dead, and returns why, or until ctx ends.
func (u *upstream) tend(ctx context.Context, l *link) error {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.news:
			u.list(ctx, l)
			u.gateway.rebuild()
			continue
		case <-l.suspect:
		case <-ticker.C:
		}
		err := l.alive(ctx, min(pingTimeout, u.Timeout))
		if errors.Is(err, context.DeadlineExceeded) && u.calls.busy(l) {
			continue // it may answer one request after the other
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// up takes a new link into use: first the lists, then the calls.
func (u *upstream) up(ctx context.Context, l *link) {
	able := u.sellable(l, u.scout(ctx))
	u.mu.Lock()
	u.able = able
	u.mu.Unlock()
	u.list(ctx, l)
	u.mu.Lock()
	u.link, u.since, u.failed = l, time.Now(), false
	u.mu.Unlock()
	u.gateway.rebuild()
	for _, uri := range u.gateway.watched.of(u) {
		u.subscribe(ctx, l, uri)
	}
	u.logger.Info("upstream is up", "server", l.hello.ServerInfo.Name, "version", l.hello.ServerInfo.Version)
}

// down notes that the upstream cannot be reached, unless the gateway itself is at its
// end. It is logged once.
func (u *upstream) down(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	u.mu.Lock()
	known := u.failed
	if u.link != nil || !known {
		u.since = time.Now()
	}
	u.link, u.failed = nil, true
	u.mu.Unlock()
	if !known {
		u.logger.Warn("upstream is down: its tools answer errors until it is back", "error", reason(err))
	}
}

// current is the link in use, nil while the upstream is down.
func (u *upstream) current() *link {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.link
}

// list asks for everything that the upstream offers. A list that does not come stays
// as it was.
func (u *upstream) list(ctx context.Context, l *link) {
	ctx, cancel := context.WithTimeout(ctx, u.Timeout)
	defer cancel()
	u.mu.Lock()
	fresh := u.lists
	u.mu.Unlock()
	caps := l.hello.Capabilities
	if caps.Tools != nil {
		if tools, err := l.listTools(ctx); u.listed("tools", err) {
			fresh.tools = u.withAble(u.sellable(l, tools))
		}
	}
	if caps.Resources != nil {
		if resources, err := l.listResources(ctx); u.listed("resources", err) {
			fresh.resources = resources
		}
		if templates, err := l.listTemplates(ctx); u.listed("resource templates", err) {
			fresh.templates = templates
		}
	}
	if caps.Prompts != nil {
		if prompts, err := l.listPrompts(ctx); u.listed("prompts", err) {
			fresh.prompts = prompts
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lists = fresh
}

// withAble are the tools that all clients are shown, and those that only clients are
// shown that can be asked.
func (u *upstream) withAble(tools []mcp.Tool) []mcp.Tool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, tool := range u.able {
		if !slices.ContainsFunc(tools, func(other mcp.Tool) bool { return other.Name == tool.Name }) {
			tools = append(tools, tool)
		}
	}
	return tools
}

func (u *upstream) listed(what string, err error) bool {
	if err != nil {
		u.logger.Warn("a list did not come; the last one stays", "list", what, "error", reason(err))
	}
	return err == nil
}

// sellable leaves out the tools that the config denies, and those that cannot be called.
func (u *upstream) sellable(l *link, tools []mcp.Tool) []mcp.Tool {
	return slices.DeleteFunc(tools, func(tool mcp.Tool) bool {
		if len(u.Allow) > 0 && !glob.MatchAny(u.Allow, tool.Name) || glob.MatchAny(u.Deny, tool.Name) {
			return true
		}
		if glob.Is(tool.Name) || glob.Check(tool.Name) != nil {
			u.logger.Warn("a tool is left out: its name has characters that patterns are made of, or none at all", "tool", tool.Name)
			return true
		}
		if err := mcp.ValidateParamHeaderAnnotations(&tool); err != nil {
			u.logger.Warn("a tool is left out", "tool", tool.Name, "error", err)
			return true
		}
		if onlyAsTask(tool) && l.modern() {
			u.logger.Warn("a tool is left out: it only runs as a task, which the protocol that its upstream speaks has no more", "tool", tool.Name)
			return true
		}
		return false
	})
}
