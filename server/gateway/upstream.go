package gateway

import (
	"cmp"
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
	"github.com/chitpay/chit/server/gateway/config"
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
	config.Upstream

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
	why    string     // it is down
}

// lists are what an upstream offers.
type lists struct {
	known bool // it has answered once
	// tools are those that can be sold, names those that there are, and left says why the
	// others are not.
	tools     []mcp.Tool
	names     []string
	left      map[string]string
	resources []mcp.Resource
	templates []mcp.ResourceTemplate
	prompts   []mcp.Prompt
}

func newUpstream(g *Gateway, of config.Upstream) *upstream {
	u := &upstream{
		Upstream: of, gateway: g, logger: g.logger.With("upstream", of.Name), tried: make(chan struct{}), since: time.Now(),
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
	able, _ := u.sellable(l, u.scout(ctx))
	u.mu.Lock()
	u.able = able
	u.mu.Unlock()
	u.list(ctx, l)
	u.mu.Lock()
	u.link, u.since, u.failed = l, time.Now(), false
	u.mu.Unlock()
	u.gateway.rebuild()
	u.gateway.tellAgain()
	for _, uri := range u.gateway.sessions.Watched(u.Name) {
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
	u.link, u.failed, u.why = nil, true, reason(err)
	u.mu.Unlock()
	if !known {
		u.logger.Warn("upstream is down: its tools answer errors until it is back", "error", reason(err))
	}
}

// reasonDown is why the upstream is down.
func (u *upstream) reasonDown() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return cmp.Or(u.why, "no answer yet")
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
			fresh.names = namesOf(tools)
			fresh.tools, fresh.left = u.sellable(l, tools)
			fresh.tools = u.withAble(fresh.tools)
			fresh.names = slices.Compact(slices.Sorted(slices.Values(append(fresh.names, namesOf(fresh.tools)...))))
		}
	}
	if caps.Resources != nil {
		if resources, err := l.listResources(ctx); u.listed("resources", err) {
			fresh.resources = resources
		}
		switch templates, err := l.listTemplates(ctx); {
		case errors.Is(err, mcp.ErrMethodNotFound): // it has none
			fresh.templates = nil
		case u.listed("resource templates", err):
			fresh.templates = templates
		}
	}
	if caps.Prompts != nil {
		if prompts, err := l.listPrompts(ctx); u.listed("prompts", err) {
			fresh.prompts = prompts
		}
	}
	fresh.known = true
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lists = fresh
}

func namesOf(tools []mcp.Tool) (names []string) {
	for _, tool := range tools {
		names = append(names, tool.Name)
	}
	return names
}

// uris are those of the resources and templates.
func (l *lists) uris() (all []string) {
	for _, resource := range l.resources {
		all = append(all, resource.URI)
	}
	for _, t := range l.templates {
		all = append(all, rawTemplate(&t))
	}
	return all
}

func (l *lists) promptNames() (names []string) {
	for _, prompt := range l.prompts {
		names = append(names, prompt.Name)
	}
	return names
}

// rawTemplate is the text of a template, empty if it has none.
func rawTemplate(t *mcp.ResourceTemplate) string {
	if t.URITemplate == nil || t.URITemplate.Template == nil {
		return ""
	}
	return t.URITemplate.Raw()
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

// sellable are the tools that can be sold, and why the others cannot.
func (u *upstream) sellable(l *link, tools []mcp.Tool) (kept []mcp.Tool, left map[string]string) {
	left = make(map[string]string)
	kept = slices.DeleteFunc(slices.Clone(tools), func(tool mcp.Tool) bool {
		why := u.chosen(tool.Name)
		if why == "" {
			if why = unsellable(l, &tool); why != "" {
				u.logger.Warn("a tool is left out", "tool", tool.Name, "why", why)
			}
		}
		if why != "" {
			left[tool.Name] = why
		}
		return why != ""
	})
	return kept, left
}

// chosen says why the config leaves a tool out, "" if it does not.
func (u *upstream) chosen(name string) string {
	switch {
	case len(u.Allow) > 0 && !glob.MatchAny(u.Allow, name):
		return "not in allow"
	case glob.MatchAny(u.Deny, name):
		return "in deny"
	}
	return ""
}

// unsellable says why a tool cannot be sold, "" if it can.
func unsellable(l *link, tool *mcp.Tool) string {
	if glob.Is(tool.Name) || glob.Check(tool.Name) != nil {
		return "its name has characters that patterns are made of, or none at all"
	}
	if err := mcp.ValidateParamHeaderAnnotations(tool); err != nil {
		return err.Error()
	}
	if onlyAsTask(*tool) && l.modern() {
		return "it only runs as a task, which the protocol that its upstream speaks has no more"
	}
	return ""
}
