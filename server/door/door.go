package door

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/chitpay/chit/server/limits"
)

// Door stands in front of what a shop sells over HTTP.
type Door struct {
	limits limits.Limits
	met    *limits.Hits
	bodies bodies
}

// New returns a door with these limits, which counts those that are met.
func New(l limits.Limits, met *limits.Hits) *Door { return &Door{limits: l, met: met} }

// Bound bounds how long clients may take to send a request and to read its answer, and
// gives the request an id ([HeaderRequestID]). What next does not read of a body is not
// waited for longer.
func (d *Door) Bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if IsPatient(w) {
			next.ServeHTTP(w, r)
			return
		}
		Identify(w, r)
		p := &patient{ResponseWriter: w, control: http.NewResponseController(w), door: d}
		if r.ContentLength != 0 {
			_ = p.control.SetReadDeadline(time.Now().Add(d.limits.BodyTime)) // not supported: not a slow connection
		}
		next.ServeHTTP(p, r)
		p.hurry() // for what is left in buffers
	})
}

// patient is a response that gives its client only so much time for each part.
type patient struct {
	http.ResponseWriter

	control *http.ResponseController
	door    *Door
}

// IsPatient says whether a response is one already.
func IsPatient(w http.ResponseWriter) bool {
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

// answerPart is how many bytes are one part, for which a client has [limits.Limits.ReadTime].
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
	_ = p.control.SetWriteDeadline(time.Now().Add(p.door.limits.ReadTime))
}

func (p *patient) late(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.door.met.Add("readTime")
	}
	return err
}
