package onmcp

import (
	"net/http"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/onmcp/rawmcp"
	"github.com/chitpay/chit/server/onmcp/sessions"
)

// Guard stands in front of an MCP server over HTTP and bounds what a request may hold
// and cost before anybody has paid for it: the size of its body and of all bodies
// together, the time to send it and to read the answer, the streams that are open, and
// what is decoded of a call that brings no payment. It has what [rawmcp.LiftPayments] has.
//
// server.Shop.Handler has it. A handler of the seller's own needs it:
//
//	handler := shop.Guard(mcpserver.NewStreamableHTTPServer(tools))
func (p *Paywall) Guard(next http.Handler) http.Handler {
	next = p.Errors.Handler(rawmcp.LiftPayments(next))
	return p.Door.Bound(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStream(r) {
			if !p.streams.enter(p.Limits.Streams) {
				p.Met("streams")
				w.Header().Set("Retry-After", "60")
				http.Error(w, "as many streams are open as this server keeps", http.StatusServiceUnavailable)
				return
			}
			defer p.streams.leave()
		}
		if r.Method == http.MethodPost {
			var ok bool
			if r, ok = p.admitBody(w, r, p.largest(r)); !ok {
				return
			}
			defer r.Body.(*door.Body).Release()
		}
		next.ServeHTTP(w, r)
	}))
}

// Stateless serves an MCP server behind the paywall over streamable HTTP, without sessions.
func (p *Paywall) Stateless(tools *mcpserver.MCPServer) http.Handler {
	return sessions.Stateless(tools, func(streamable http.Handler) http.Handler {
		if p.wired.passes(tools) {
			return rawmcp.PassNotes(tools, streamable)
		}
		return rawmcp.PassingNotes(streamable)
	})
}

// isStream says whether a request opens a stream that stays open for news.
func isStream(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Header.Get(mcp.HeaderMethod) == string(mcp.MethodSubscriptionsListen)
}

// streamBody is the largest request that opens a stream, in bytes: it is kept as long.
const streamBody = 16 << 10

func (p *Paywall) largest(r *http.Request) int64 {
	if isStream(r) {
		return min(p.Limits.Body, streamBody)
	}
	return p.Limits.Body
}

// streams counts those that are open.
type streams struct{ open atomic.Int64 }

func (s *streams) enter(most int) bool {
	if s.open.Add(1) <= int64(most) {
		return true
	}
	s.leave()
	return false
}

func (s *streams) leave() { s.open.Add(-1) }
