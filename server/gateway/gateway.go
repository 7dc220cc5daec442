package gateway

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/gateway/route"
	"github.com/chitpay/chit/server/gateway/session"
)

// Config is a gateway's config file, checked.
type Config = config.Config

// Load reads and checks a config file. The error joins a [*config.Problem] for everything
// that is wrong.
func Load(file string) (*Config, error) { return config.Load(file) }

// Options are what a gateway is run with beside its config.
type Options struct {
	// Version is the program's, told to clients and upstreams.
	Version string
	// Logger takes what the operator should know; nil is slog's default.
	Logger *slog.Logger
}

// Gateway sells upstreams through a shop. It is safe for concurrent use.
type Gateway struct {
	config *Config
	shop   *server.Shop
	// limiter bounds the upstreams: the shop, where there is one.
	limiter limiter
	mcp     *mcpserver.MCPServer
	logger  *slog.Logger
	version string
	// own are the shop's tools, for deposits and the like.
	own []mcpserver.ServerTool
	// upstreams are in the order of the config.
	upstreams []*upstream
	sessions  *session.Registry
	questions *asking.Questions
	routes    []*route.Handler
	stop      context.CancelFunc
	running   sync.WaitGroup

	mu     sync.Mutex // one rebuild or reload at a time; guards what follows, and the upstreams' prices
	prices pricing.Prices
	seen   seen
	shown  announced
	told   string // the last report in the log
	ready  bool   // nothing is shown before the first answers are in

	reading atomic.Pointer[directory]
}

// startTime is how long the gateway waits for its upstreams before it opens its doors.
const startTime = 20 * time.Second

// Open connects to the upstreams and shows what they offer. It waits for the first
// answer of each, for 20 seconds at most; one that is down is tried again. The caller
// closes the gateway, and then the shop.
func Open(ctx context.Context, shop *server.Shop, config *Config, o Options) (*Gateway, error) {
	g := newGateway(config, shop, o, shop.ServerOptions()...)
	g.shop = shop
	g.follow(g.mcp.GetHooks())
	shop.AddTools(g.mcp)
	for _, tool := range g.mcp.ListTools() {
		g.own = append(g.own, *tool)
	}
	for _, r := range config.Routes {
		g.routes = append(g.routes, route.New(shop, r, g.logger))
	}
	if err := g.setPrices(); err != nil {
		return nil, err
	}
	g.connect(ctx)
	if err := g.await(ctx); err != nil {
		g.Close()
		return nil, err
	}
	g.open()
	return g, nil
}

func newGateway(config *Config, limiter limiter, o Options, of ...mcpserver.ServerOption) *Gateway {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	g := &Gateway{
		config: config, logger: o.Logger, version: o.Version, prices: config.Prices, limiter: limiter,
		mcp: mcpserver.NewMCPServer("chit-gateway", o.Version, of...),
	}
	g.sessions = session.New(g.mcp, limiter, g.ownerOf)
	g.questions = asking.New(g.tellOwn, g.dropOwn)
	g.reading.Store(&directory{})
	for _, u := range config.Upstreams {
		g.upstreams = append(g.upstreams, newUpstream(g, u))
	}
	return g
}

// connect keeps the upstreams connected until the gateway is closed.
func (g *Gateway) connect(ctx context.Context) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	g.stop = stop
	for _, u := range g.upstreams {
		g.running.Go(func() { u.run(running) })
	}
}

// await waits until every upstream was tried.
func (g *Gateway) await(ctx context.Context) error {
	late := time.NewTimer(startTime)
	defer late.Stop()
	for _, u := range g.upstreams {
		select {
		case <-u.tried:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late.C:
			return nil
		}
	}
	return nil
}

// open shows what the upstreams offer, now that it is known what they can do.
func (g *Gateway) open() {
	for _, option := range g.capabilities() {
		option(g.mcp)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready = true
	g.show()
	g.tell()
}

// tellAgain logs what has come to be sold since the gateway began.
func (g *Gateway) tellAgain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ready {
		g.tell()
	}
}

// Close ends the connections to the upstreams and the programs that it started.
func (g *Gateway) Close() {
	g.stop()
	g.running.Wait()
	for _, r := range g.routes {
		r.Close()
	}
}

// Reload reads the config file again and takes its prices, from the next call on. What
// else has changed waits for a restart, and is logged. An error leaves everything as
// it was.
func (g *Gateway) Reload() error {
	fresh, err := Load(g.config.File)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.prices = fresh.Prices
	for _, u := range g.upstreams {
		i := slices.IndexFunc(fresh.Upstreams, func(other config.Upstream) bool { return other.Name == u.Name })
		if i < 0 {
			g.logger.Warn("an upstream is not in the config file any more: restart to close it", "upstream", u.Name)
			continue
		}
		u.Prices = fresh.Upstreams[i].Prices
	}
	for _, r := range g.routes {
		i := slices.IndexFunc(fresh.Routes, func(other config.Route) bool { return other.Pattern() == r.Pattern() })
		if i < 0 {
			g.logger.Warn("a route is not in the config file any more: restart to close it", "route", r.Pattern())
			continue
		}
		r.Sell(fresh.Routes[i].Price)
	}
	if err := g.setPrices(); err != nil {
		return err
	}
	g.logger.Info("prices reloaded", "file", g.config.File)
	if g.ready {
		g.show()
		g.tell()
	}
	return nil
}

// setPrices hands the shop the price of every tool that is shown or was a moment ago, so
// that a call that was on its way when a name went away is never free. It is called with
// g.mu held.
func (g *Gateway) setPrices() error {
	rates := make(server.Rates)
	for pattern, price := range g.prices {
		rates[pattern] = price.Rate(pattern)
	}
	for name, o := range g.seen.origins() {
		if pattern, ok := o.upstream.Prices.Pattern(o.name); ok {
			price := o.upstream.Prices[pattern]
			rates[name] = price.Rate(o.upstream.Name + "/" + pattern)
		}
	}
	return g.shop.SetRates(nil, rates)
}

// health is what /healthz says.
type health struct {
	// Status is "ok", "degraded" while an upstream is down, or "down" when no payment
	// can be taken.
	Status    string                    `json:"status"`
	Error     string                    `json:"error,omitempty"`
	Upstreams map[string]upstreamHealth `json:"upstreams"`
}

type upstreamHealth struct {
	Up bool `json:"up"`
	// Since is when it came up or went down.
	Since time.Time `json:"since"`
}

func (g *Gateway) health(ctx context.Context) health {
	h := health{Status: "ok", Upstreams: make(map[string]upstreamHealth)}
	for _, u := range g.upstreams {
		u.mu.Lock()
		state := upstreamHealth{Up: u.link != nil, Since: u.since.UTC()}
		u.mu.Unlock()
		h.Upstreams[u.Name] = state
		if !state.Up {
			h.Status = "degraded"
		}
	}
	if err := g.shop.Healthy(ctx); err != nil {
		h.Status, h.Error = "down", err.Error()
	}
	return h
}

// capabilities are those of the upstreams together, with what they tell models about
// themselves. While one has not answered yet, it is taken to be capable of everything,
// since clients ask once.
func (g *Gateway) capabilities() []mcpserver.ServerOption {
	var resources, subscribe, prompts, completions, logging bool
	var instructions []string
	for _, u := range g.upstreams {
		reads, prompted := len(u.Resources) > 0, len(u.Prompts) > 0
		l := u.current()
		if l == nil {
			resources, subscribe, prompts = resources || reads, subscribe || reads, prompts || prompted
			completions, logging = completions || reads || prompted, true
			continue
		}
		caps := l.hello.Capabilities
		resources = resources || reads && caps.Resources != nil
		subscribe = subscribe || reads && caps.Resources != nil && caps.Resources.Subscribe
		prompts = prompts || prompted && caps.Prompts != nil
		completions = completions || (reads || prompted) && caps.Completions != nil
		logging = logging || caps.Logging != nil
		if l.hello.Instructions != "" {
			instructions = append(instructions, l.hello.Instructions)
		}
	}
	options := []mcpserver.ServerOption{mcpserver.WithInstructions(strings.Join(instructions, "\n\n"))}
	if resources {
		options = append(options, mcpserver.WithResourceCapabilities(subscribe, true))
	}
	if prompts {
		options = append(options, mcpserver.WithPromptCapabilities(true))
	}
	if completions {
		options = append(options, mcpserver.WithCompletions(), mcpserver.WithPromptCompletionProvider(g), mcpserver.WithResourceCompletionProvider(g))
	}
	if logging {
		options = append(options, mcpserver.WithLogging())
	}
	return options
}
