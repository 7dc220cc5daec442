package gateway

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/session"
)

// Handler serves MCP at /mcp behind [server.Shop.Guard], the health at /healthz, and the
// routes. Requests for other hosts and from foreign web pages are refused (403). Open
// streams end with ctx; calls do not.
func (g *Gateway) Handler(ctx context.Context) http.Handler {
	streamable := mcpserver.NewStreamableHTTPServer(g.mcp, mcpserver.WithStateLess(true), mcpserver.WithHTTPContextFunc(g.sessions.AsCaller),
		mcpserver.WithHeartbeatInterval(asking.Heartbeat),
		mcpserver.WithDisableLocalhostProtection(true), // checkOrigin does more
		mcpserver.WithStreamableHTTPLogger(g.logger))
	context.AfterFunc(ctx, func() { _ = streamable.Shutdown(context.WithoutCancel(ctx)) }) // has no listener of its own to fail on
	mux := http.NewServeMux()
	mux.Handle(config.MCPPath, endStreams(ctx, g.shop.Guard(session.Separate(streamable, g.questions, len(g.upstreams) > 0))))
	mux.HandleFunc("GET "+config.HealthPath, g.serveHealth)
	for _, r := range g.routes {
		mux.Handle(r.Pattern(), r)
	}
	return g.shop.Bound(session.Observe(g.checkOrigin(g.sharing(mux)), g.logger))
}

func (g *Gateway) serveHealth(w http.ResponseWriter, r *http.Request) {
	h := g.health(r.Context())
	w.Header().Set("Content-Type", "application/json")
	if h.Status == "down" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // the client has gone: nobody is left to tell
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

// checkOrigin refuses requests for names that are not the gateway's: a web page that
// lets its own name point to this address could otherwise call it from a browser.
func (g *Gateway) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.isOwn(r.Host) {
			http.Error(w, "this gateway does not answer for that host; its operator can add it to hosts", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			u, err := url.Parse(origin)
			if (err != nil || !g.isOwn(u.Host)) && !g.isShared(origin) {
				http.Error(w, "this gateway does not answer to pages of that origin; its operator can add it to origins", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isOwn says whether a host, with or without a port, is loopback or configured.
func (g *Gateway) isOwn(host string) bool {
	name := hostName(host)
	if name == "localhost" || slices.Contains(g.config.Hosts, "*") {
		return name != ""
	}
	if address, err := netip.ParseAddr(name); err == nil && address.IsLoopback() {
		return true
	}
	if own := hostName(g.config.Listen); own != "" && own == name {
		return true
	}
	return slices.ContainsFunc(g.config.Hosts, func(configured string) bool { return strings.EqualFold(configured, name) })
}

func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}
