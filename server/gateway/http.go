package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/config"
)

const (
	// settlePatience is how long an answer waits for the notifications before it.
	settlePatience = time.Second
	// heartbeat is how often an open stream is used, for the sake of proxies.
	heartbeat = 30 * time.Second
)

// Handler serves MCP at /mcp behind [server.Shop.Guard], the health at /healthz, and the
// routes. Requests for other hosts and from foreign web pages are refused (403). Open
// streams end with ctx; calls do not.
func (g *Gateway) Handler(ctx context.Context) http.Handler {
	streamable := mcpserver.NewStreamableHTTPServer(g.mcp, mcpserver.WithStateLess(true), mcpserver.WithHTTPContextFunc(g.asCaller),
		mcpserver.WithHeartbeatInterval(heartbeat),
		mcpserver.WithDisableLocalhostProtection(true), // checkOrigin does more
		mcpserver.WithStreamableHTTPLogger(g.logger))
	context.AfterFunc(ctx, func() { _ = streamable.Shutdown(context.WithoutCancel(ctx)) }) // has no listener of its own to fail on
	mux := http.NewServeMux()
	mux.Handle(config.MCPPath, endStreams(ctx, g.shop.Guard(g.separate(streamable))))
	mux.HandleFunc("GET "+config.HealthPath, g.serveHealth)
	for _, r := range g.routes {
		mux.Handle(r.Pattern(), r)
	}
	return g.shop.Bound(g.observe(g.checkOrigin(g.sharing(mux))))
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

type requestKey struct{}

// requestOf is the HTTP request that a context belongs to, nil if there is none.
func requestOf(ctx context.Context) *observed {
	seen, _ := ctx.Value(requestKey{}).(*observed)
	return seen
}

// observe logs every request, and notes what it is answered.
func (g *Gateway) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &observed{ResponseWriter: w, status: http.StatusOK, news: make(chan struct{}, 1)}
		next.ServeHTTP(seen, r.WithContext(context.WithValue(r.Context(), requestKey{}, seen)))
		if !g.logger.Enabled(r.Context(), slog.LevelDebug) {
			return
		}
		g.logger.LogAttrs(r.Context(), slog.LevelDebug, "http", slog.String("request", r.Header.Get(server.HeaderRequestID)), slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes), slog.Duration("took", time.Since(began)))
	})
}

// observed is a response that notes what is answered.
type observed struct {
	http.ResponseWriter
	status  int
	bytes   int64
	flushes atomic.Int64
	news    chan struct{} // holds one: there was a flush
}

func (o *observed) WriteHeader(status int) {
	o.status = status
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(p []byte) (int, error) {
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}

// Flush sends what is written so far.
func (o *observed) Flush() {
	_ = http.NewResponseController(o.ResponseWriter).Flush()
	o.flushes.Add(1)
	poke(o.news)
}

// settle waits until so many notifications of a call have left, each with a flush of
// its own: the server library drops those that are still on their way when the call
// ends. It does not wait long, since they are only news.
func (o *observed) settle(ctx context.Context, notifications int64) {
	late := time.NewTimer(settlePatience)
	defer late.Stop()
	for o.flushes.Load() < notifications {
		select {
		case <-o.news:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Unwrap is for [http.ResponseController].
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

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
