package door

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// Why a body was not read to its end.
var (
	ErrBodyTooLarge = errors.New("the body is too large")
	ErrBodyLate     = errors.New("the body did not come in time")
	errBodyBroken   = errors.New("the body broke off")
	ErrBodiesFull   = errors.New("too many large requests are being served at the moment; send it again in a second")
)

// smallBody is how many bytes of each body are let in while more than half of
// [limits.Limits.Bodies] is taken, so that large requests keep none but large ones out.
const smallBody = 64 << 10

// bodies counts the bytes of request bodies that are in memory.
type bodies struct{ held atomic.Int64 }

// take takes more bytes for a body that then has so many, and reports false where all
// bodies would take more than most.
func (b *bodies) take(more, then, most int64) bool {
	if then > smallBody {
		most /= 2
	}
	if b.held.Add(more) <= most {
		return true
	}
	b.held.Add(-more)
	return false
}

// Body is a request's body in memory.
type Body struct {
	bytes.Reader
	all   []byte
	taken int64 // of the shop's bodies
	from  *bodies
}

// Close does nothing: the body is released with its request.
func (*Body) Close() error { return nil }

// Release gives back what the body has taken of the limit. It may be called again.
func (h *Body) Release() {
	if h.taken > 0 {
		h.from.held.Add(-h.taken)
		h.taken = 0
	}
}

// Bytes is all of the body.
func (h *Body) Bytes() []byte { return h.all }

// Replace puts other bytes in the place of the body, to be read from their beginning.
func (h *Body) Replace(all []byte) {
	h.all = all
	h.Reset(all)
}

// Again is the same body, from its beginning. It is released with the first.
func Again(body []byte) *Body {
	h := &Body{all: body}
	h.Reset(body)
	return h
}

// TakeBody reads the body of each request into memory before next sees it, as far as
// [limits.Limits.Body] and [limits.Limits.Bodies] allow, and refuses the request where they do not.
func (d *Door) TakeBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held, err := d.Hold(w, r, d.limits.Body)
		defer held.Release()
		if err != nil {
			d.RefuseBody(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Hold reads the body of a request, of so many bytes at most, within
// [limits.Limits.BodyTime], and puts it in the place of the one that comes over the line. The
// caller releases it with the request, also after an error. A body that is held already
// is not read again.
func (d *Door) Hold(w http.ResponseWriter, r *http.Request, most int64) (*Body, error) {
	if held, ok := r.Body.(*Body); ok {
		if int64(len(held.all)) > most {
			return Again(nil), ErrBodyTooLarge
		}
		return Again(held.all), nil
	}
	held := &Body{from: &d.bodies}
	if r.Body == nil || r.Body == http.NoBody {
		return held, nil
	}
	if r.ContentLength > most {
		return held, ErrBodyTooLarge
	}
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(d.limits.BodyTime)) // not supported: not a slow connection
	if err := d.fill(held, r, most); err != nil {
		return held, err
	}
	_ = deadline.SetReadDeadline(time.Time{})
	held.Reset(held.all)
	r.Body = held
	return held, nil
}

// fill reads the body. What is set aside for it follows what has come, not what was
// announced.
func (d *Door) fill(held *Body, r *http.Request, most int64) error {
	const usual = 16 << 10
	if r.ContentLength >= 0 {
		most = r.ContentLength // there is no more
	}
	for size := int64(usual); ; size *= 2 {
		if size = min(size, most+1); !d.bodies.take(size-held.taken, size, d.limits.Bodies) {
			return ErrBodiesFull
		}
		held.taken = size
		held.all = append(make([]byte, 0, size), held.all...)
		end, err := held.readOn(r.Body)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return ErrBodyLate
		case err != nil:
			return errors.Join(errBodyBroken, err)
		case int64(len(held.all)) > most:
			return ErrBodyTooLarge
		case end:
			return nil
		}
	}
}

// readOn fills what room there is, and reports whether the body has come to its end.
func (h *Body) readOn(from io.Reader) (end bool, err error) {
	for len(h.all) < cap(h.all) {
		n, err := from.Read(h.all[len(h.all):cap(h.all)])
		h.all = h.all[:len(h.all)+n]
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// RefuseBody answers a request whose body was not read to its end.
func (d *Door) RefuseBody(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, ErrBodyTooLarge):
		d.met.Add("body")
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrBodyLate):
		d.met.Add("bodyTime")
		status = http.StatusRequestTimeout
	case errors.Is(err, ErrBodiesFull):
		d.met.Add("bodies")
		w.Header().Set("Retry-After", "1")
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Connection", "close")
	WriteProblem(w, status, err.Error())
}
