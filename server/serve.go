package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/storefront"
)

// The limits of the HTTP transport.
const (
	// MaxBody is the largest request that is read, in bytes, where [Limits.Body] is not set.
	MaxBody = 4 << 20
	// drainTime is how long calls in flight may take to finish after a stop is asked for.
	drainTime     = 30 * time.Second
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// mcpPath is where [Shop.Handler] serves MCP.
const mcpPath = "/mcp"

// Handler serves an MCP server over streamable HTTP at /mcp, behind [Shop.Guard], and
// answers GET /healthz, and what [Shop.Storefront] shows.
//
// It keeps no sessions, so that a stream (GET) would have nothing to say: it is refused
// with 405. What runs behind it cannot ask its client for anything:
// RequestSampling, RequestElicitation and RequestRoots fail with [sessions.ErrCannotAsk] at once.
// A tool that asks returns an input_required result, which clients of the 2026-07-28
// protocol understand and which costs nothing; or the shop is served with sessions:
//
//	handler := shop.Guard(mcpserver.NewStreamableHTTPServer(tools))
//	shop.ServeHandler(ctx, listeners, handler, time.Hour)
//
// A [http.Server] of the caller's own should have a ReadHeaderTimeout, as that of [Serve] has.
// It panics with what [Shop.CheckTools] refuses: a mistake in the program.
func (s *Shop) Handler(tools *mcpserver.MCPServer) http.Handler {
	if err := s.paywall.Begin(tools); err != nil {
		panic(err)
	}
	return s.handler(tools)
}

func (s *Shop) handler(tools *mcpserver.MCPServer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(mcpPath, s.Guard(s.paywall.Stateless(tools)))
	front := s.Storefront(Front{Tools: tools, MCPPath: mcpPath})
	for _, path := range storefront.Paths() {
		mux.Handle("GET "+path, front)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Healthy(r.Context()); err != nil {
			door.WriteProblem(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		door.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	return s.Bound(mux)
}

// Serve serves a handler on a listener until the context ends, then lets the calls
// in flight finish. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger) error {
	httpServer := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- httpServer.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := httpServer.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(fmt.Errorf("calls were still running after %s", drainTime), httpServer.Close())
	}
	<-served
	return err
}

// Listeners are where a shop is reached: by its customers, and by its operator.
type Listeners struct {
	Public net.Listener
	// Admin serves Operator, such as an operate.Handler of the shop; nil is none.
	Admin    net.Listener
	Operator http.Handler
}

// Serve serves the tools over HTTP, follows the chain, and settles at the interval (0
// never) and as the policy says until the context ends; then it lets the calls in
// flight finish, and logs what was sold. It refuses to start with what [Shop.CheckTools] refuses.
func (s *Shop) Serve(ctx context.Context, on Listeners, tools *mcpserver.MCPServer, settleEvery time.Duration) error {
	if err := s.paywall.Begin(tools); err != nil {
		return errors.Join(err, on.close())
	}
	return s.ServeHandler(ctx, on, s.handler(tools), settleEvery)
}

func (on Listeners) close() error {
	err := on.Public.Close()
	if on.Admin != nil {
		err = errors.Join(err, on.Admin.Close())
	}
	return err
}

// ServeHandler is [Shop.Serve] for a handler of the caller's own. The MCP servers that it
// checks are those that [Shop.Sell] was called for.
func (s *Shop) ServeHandler(ctx context.Context, on Listeners, public http.Handler, settleEvery time.Duration) error {
	if err := errors.Join(s.paywall.CheckAll(), on.check()); err != nil {
		return errors.Join(err, on.close())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return Serve(ctx, on.Public, public, s.logger) })
	if on.Admin != nil {
		group.Go(func() error { return Serve(ctx, on.Admin, on.Operator, s.logger) })
	}
	group.Go(func() error {
		s.Run(ctx, settleEvery)
		return nil
	})
	err := group.Wait()
	s.register.Summary()
	return errors.Join(err, s.settleLast(ctx))
}
