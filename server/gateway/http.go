package gateway

import (
	"context"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/session"
	"github.com/chitpay/chit/server/onmcp/rawmcp"
	"github.com/chitpay/chit/server/storefront"
)

// Handler serves MCP at /mcp behind [server.Shop.Guard], the health at /healthz, what
// [server.Shop.Storefront] shows, and the routes. Requests for other hosts and from foreign web pages are refused (403). Open
// streams end with ctx; calls do not.
func (g *Gateway) Handler(ctx context.Context) http.Handler {
	streamable := mcpserver.NewStreamableHTTPServer(g.mcp, mcpserver.WithStateLess(true), mcpserver.WithHTTPContextFunc(g.sessions.AsCaller),
		mcpserver.WithHeartbeatInterval(asking.Heartbeat),
		mcpserver.WithDisableLocalhostProtection(true), // checkOrigin does more
		mcpserver.WithStreamableHTTPLogger(g.logger))
	context.AfterFunc(ctx, func() { _ = streamable.Shutdown(context.WithoutCancel(ctx)) }) // has no listener of its own to fail on
	mux := http.NewServeMux()
	mux.Handle(config.MCPPath, endStreams(ctx, g.shop.Guard(session.Separate(rawmcp.PassNotes(g.mcp, streamable), g.questions, len(g.upstreams) > 0))))
	mux.HandleFunc("GET "+config.HealthPath, g.serveHealth)
	front := g.shop.Storefront(server.Front{Tools: g.mcp, MCPPath: config.MCPPath, Routes: g.soldRoutes})
	for _, path := range storefront.Paths() {
		mux.Handle("GET "+path, front)
	}
	for _, r := range g.routes {
		mux.Handle(r.Pattern(), r)
	}
	return g.shop.Bound(session.Observe(g.checkOrigin(g.sharing(mux)), g.logger))
}

// soldRoutes are the routes, at their prices of the moment.
func (g *Gateway) soldRoutes() (sold []server.SoldRoute) {
	for _, r := range g.routes {
		sold = append(sold, server.SoldRoute{Method: r.Method, Path: r.Path, Offer: r.Offer()})
	}
	return sold
}

// endStreams lets streams that only wait for news end with ctx, so that a server can
// drain: they would stay open for as long as their client likes.
func endStreams(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Header.Get(mcp.HeaderMethod) != string(mcp.MethodSubscriptionsListen) {
			next.ServeHTTP(w, r)
			return
		}
		streaming, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		next.ServeHTTP(w, r.WithContext(streaming))
	})
}
