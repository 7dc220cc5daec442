package onhttp

import (
	"net/http"

	"github.com/chitpay/chit/server/foreign"
)

// disown is [foreign.Disown] for an answer that is held back.
func (a *heldAnswer) disown() *heldAnswer {
	if a.Status == http.StatusPaymentRequired {
		return failedAnswer(foreign.ErrAsksItself)
	}
	foreign.DisownHeaders(a.Head)
	a.Head.Del("Set-Cookie") // an answer is kept, and given again
	return a
}

// disowning is [foreign.Disown] for an answer that costs nothing, and is not held back.
type disowning struct {
	http.ResponseWriter
	begun, refused bool
	status         int // the last
}

func (d *disowning) WriteHeader(status int) {
	if d.begun {
		return
	}
	foreign.DisownHeaders(d.Header())
	d.status = status
	if d.begun = status >= http.StatusOK; status != http.StatusPaymentRequired {
		d.ResponseWriter.WriteHeader(status)
		return
	}
	d.refused = true
	for _, name := range []string{"Content-Encoding", "Content-Language", "Etag", "Set-Cookie"} {
		d.Header().Del(name)
	}
	failedAnswer(foreign.ErrAsksItself).send(d.ResponseWriter)
}

func (d *disowning) Write(p []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	if d.refused {
		return len(p), nil
	}
	return d.ResponseWriter.Write(p)
}

// Flush sends what is written so far.
func (d *disowning) Flush() {
	d.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(d.ResponseWriter).Flush() // not supported: it is sent in the end
}

// Unwrap is for [http.ResponseController].
func (d *disowning) Unwrap() http.ResponseWriter { return d.ResponseWriter }
