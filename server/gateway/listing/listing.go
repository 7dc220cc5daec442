package listing

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/gateway/upstream"
)

// Listing is what clients are shown. It is safe for concurrent use.
type Listing struct {
	upstreams []*upstream.Server // in the order of the config
	mcp       *mcpserver.MCPServer
	shop      *server.Shop // nil where nothing is sold
	logger    *slog.Logger
	// own are the shop's tools, for deposits and the like.
	own []mcpserver.ServerTool

	mu       sync.Mutex // one change of what is shown at a time; guards what follows
	prices   pricing.Prices
	pricesOf map[*upstream.Server]pricing.Prices
	seen     seen
	shown    announced
	told     string // the last report in the log
	ready    bool   // nothing is shown before the first answers are in

	reading atomic.Pointer[directory]
}

// New lists what upstreams offer on an MCP server, beside the tools that it has. It needs
// [Listing.Price], and shows nothing before [Listing.Open]. Without a shop there is only a
// report.
func New(of []*upstream.Server, on *mcpserver.MCPServer, shop *server.Shop, logger *slog.Logger) *Listing {
	l := &Listing{upstreams: of, mcp: on, shop: shop, logger: logger, pricesOf: make(map[*upstream.Server]pricing.Prices)}
	for _, tool := range on.ListTools() {
		l.own = append(l.own, *tool)
	}
	l.reading.Store(&directory{})
	return l
}

// Open shows what the upstreams offer, now that it is known what they can do.
func (l *Listing) Open() {
	for _, option := range l.capabilities() {
		option(l.mcp)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready = true
	l.show()
	l.tell()
}

// Price takes the prices of a config, from the next call on. An upstream that is not in it
// keeps those that it has.
func (l *Listing) Price(c *config.Config) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prices = c.Prices
	for _, u := range l.upstreams {
		i := slices.IndexFunc(c.Upstreams, func(other config.Upstream) bool { return other.Name == u.Name })
		if i < 0 {
			l.logger.Warn("an upstream is not in the config file any more: restart to close it", "upstream", u.Name)
			continue
		}
		l.pricesOf[u] = c.Upstreams[i].Prices
	}
	if l.shop == nil {
		return nil
	}
	if err := l.setPrices(); err != nil {
		return err
	}
	if l.ready {
		l.show()
		l.tell()
	}
	return nil
}

// setPrices hands the shop the price of all that is read, and of every tool that is shown or was a moment ago, so
// that a call that was on its way when a name went away is never free. It is called with
// l.mu held.
func (l *Listing) setPrices() error {
	rates := make(server.Rates)
	for pattern, price := range l.prices {
		rates[pattern] = price.Rate(pattern)
	}
	for name, o := range l.seen.origins() {
		if pattern, ok := l.pricesOf[o.upstream].Pattern(o.name); ok {
			price := l.pricesOf[o.upstream][pattern]
			rates[name] = price.Rate(o.upstream.Name + "/" + pattern)
		}
	}
	l.rateReads(rates)
	return l.shop.SetRates(nil, rates)
}
