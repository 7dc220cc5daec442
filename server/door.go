package server

import (
	"errors"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// Guard stands in front of an MCP server over HTTP and bounds what a request may hold
// and cost before anybody has paid for it: the size of its body and of all bodies
// together, the time to send it and to read the answer, the streams that are open, and
// what is decoded of a call that brings no payment. It has what [LiftPayments] has.
//
// [Shop.Handler] has it. A handler of the seller's own needs it:
//
//	handler := shop.Guard(mcpserver.NewStreamableHTTPServer(tools))
func (s *Shop) Guard(next http.Handler) http.Handler {
	next = LiftPayments(next)
	return s.Bound(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStream(r) {
			if !s.streams.enter(s.limits.Streams) {
				s.met.Add("streams")
				w.Header().Set("Retry-After", "60")
				http.Error(w, "as many streams are open as this server keeps", http.StatusServiceUnavailable)
				return
			}
			defer s.streams.leave()
		}
		if r.Method == http.MethodPost {
			var ok bool
			if r, ok = s.admitBody(w, r, s.largest(r)); !ok {
				return
			}
			defer r.Body.(*heldBody).release()
		}
		next.ServeHTTP(w, r)
	}))
}

// isStream says whether a request opens a stream that stays open for news.
func isStream(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Header.Get(mcp.HeaderMethod) == string(mcp.MethodSubscriptionsListen)
}

// streamBody is the largest request that opens a stream, in bytes: it is kept as long.
const streamBody = 16 << 10

func (s *Shop) largest(r *http.Request) int64 {
	if isStream(r) {
		return min(s.limits.Body, streamBody)
	}
	return s.limits.Body
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

// Bound bounds how long clients may take to send a request and to read its answer, and
// gives the request an id ([HeaderRequestID]). What next does not read of a body is not
// waited for longer.
func (s *Shop) Bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isPatient(w) {
			next.ServeHTTP(w, r)
			return
		}
		identify(w, r)
		p := &patient{ResponseWriter: w, control: http.NewResponseController(w), shop: s}
		if r.ContentLength != 0 {
			_ = p.control.SetReadDeadline(time.Now().Add(s.limits.BodyTime)) // not supported: not a slow connection
		}
		next.ServeHTTP(p, r)
		p.hurry() // for what is left in buffers
	})
}

// patient is a response that gives its client only so much time for each part.
type patient struct {
	http.ResponseWriter

	control *http.ResponseController
	shop    *Shop
}

// isPatient says whether a response is one already.
func isPatient(w http.ResponseWriter) bool {
	for {
		switch inner := w.(type) {
		case *patient:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = inner.Unwrap()
		default:
			return false
		}
	}
}

// answerPart is how many bytes are one part, for which a client has [Limits.ReadTime].
const answerPart = 256 << 10

// Write implements [http.ResponseWriter].
func (p *patient) Write(body []byte) (written int, err error) {
	for first := true; first || len(body) > 0; first = false {
		part := body[:min(len(body), answerPart)]
		p.hurry()
		n, err := p.ResponseWriter.Write(part)
		written += n
		if err != nil {
			return written, p.late(err)
		}
		body = body[n:]
	}
	return written, nil
}

// FlushError is for [http.ResponseController].
func (p *patient) FlushError() error {
	p.hurry()
	return p.late(p.control.Flush())
}

// Flush implements [http.Flusher].
func (p *patient) Flush() { _ = p.FlushError() }

// Unwrap is for [http.ResponseController].
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// hurry gives the client its time for what is written next. Where deadlines are not
// supported, there is no connection to hold up.
func (p *patient) hurry() {
	_ = p.control.SetWriteDeadline(time.Now().Add(p.shop.limits.ReadTime))
}

func (p *patient) late(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.shop.met.Add("readTime")
	}
	return err
}
