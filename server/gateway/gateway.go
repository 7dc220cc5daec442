package gateway

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/link"
	"github.com/chitpay/chit/server/gateway/listing"
	"github.com/chitpay/chit/server/gateway/route"
	"github.com/chitpay/chit/server/gateway/session"
	"github.com/chitpay/chit/server/gateway/upstream"
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
	mcp    *mcpserver.MCPServer
	logger *slog.Logger
	// upstreams are in the order of the config.
	upstreams []*upstream.Server
	listing   *listing.Listing
	sessions  *session.Registry
	questions *asking.Questions
	routes    []*route.Handler
	stop      context.CancelFunc
	running   sync.WaitGroup

	reloading sync.Mutex // one at a time
}

// startTime is how long the gateway waits for its upstreams before it opens its doors.
const startTime = 20 * time.Second

// Open connects to the upstreams and shows what they offer. It waits for the first
// answer of each, for 20 seconds at most; one that is down is tried again. The caller
// closes the gateway, and then the shop.
func Open(ctx context.Context, shop *server.Shop, config *Config, o Options) (*Gateway, error) {
	of := mcpserver.NewMCPServer(implementation, o.Version)
	shop.Sell(of)
	g := newGateway(config, shop, shop, of, o)
	g.sessions.Follow(of.GetHooks())
	g.listing.Follow(of.GetHooks())
	for _, r := range config.Routes {
		g.routes = append(g.routes, route.New(shop, r, g.logger))
	}
	if err := g.listing.Price(config); err != nil {
		return nil, err
	}
	g.connect(ctx)
	if err := g.await(ctx); err != nil {
		g.Close()
		return nil, err
	}
	g.listing.Open()
	return g, nil
}

// implementation is what the gateway calls itself.
const implementation = "chit-gateway"

// newGateway puts the rooms together. Upstreams are bounded by limits; without a shop
// nothing is sold.
func newGateway(config *Config, shop *server.Shop, limits link.Limiter, on *mcpserver.MCPServer, o Options) *Gateway {
	g := &Gateway{config: config, shop: shop, mcp: on, logger: o.Logger}
	if g.logger == nil {
		g.logger = slog.Default()
	}
	g.sessions = session.New(on, limits, func(uri string) string { return g.listing.Owner(uri) })
	g.questions = asking.New(g.rootsChanged, g.ended)
	around := upstream.Around{
		Version: o.Version, Logger: g.logger, Limiter: limits, Sessions: g.sessions, Questions: g.questions,
		Listed: func() { g.listing.Rebuild() }, Up: func() { g.listing.TellAgain() },
	}
	for _, u := range config.Upstreams {
		g.upstreams = append(g.upstreams, upstream.New(u, around))
	}
	g.listing = listing.New(g.upstreams, on, shop, g.logger)
	return g
}

func (g *Gateway) rootsChanged(ctx context.Context, session string) {
	for _, u := range g.upstreams {
		u.RootsChanged(ctx, session)
	}
}

func (g *Gateway) ended(session string) {
	for _, u := range g.upstreams {
		u.Ended(session)
	}
}

// connect keeps the upstreams connected until the gateway is closed.
func (g *Gateway) connect(ctx context.Context) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	g.stop = stop
	for _, u := range g.upstreams {
		g.running.Go(func() { u.Run(running) })
	}
}

// await waits until every upstream was tried.
func (g *Gateway) await(ctx context.Context) error {
	late := time.NewTimer(startTime)
	defer late.Stop()
	for _, u := range g.upstreams {
		select {
		case <-u.Tried():
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late.C:
			return nil
		}
	}
	return nil
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
	g.reloading.Lock()
	defer g.reloading.Unlock()
	for _, r := range g.routes {
		i := slices.IndexFunc(fresh.Routes, func(other config.Route) bool { return other.Pattern() == r.Pattern() })
		if i < 0 {
			g.logger.Warn("a route is not in the config file any more: restart to close it", "route", r.Pattern())
			continue
		}
		r.Sell(fresh.Routes[i].Price)
	}
	if err := g.listing.Price(fresh); err != nil {
		return err
	}
	g.logger.Info("prices reloaded", "file", g.config.File)
	return nil
}
