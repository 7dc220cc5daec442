package onhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/chitpay/chit/server/door"
)

// heldAnswer is what a handler answers, held back until it is paid for.
type heldAnswer struct {
	Status int         `json:"status"`
	Head   http.Header `json:"header"`
	Body   []byte      `json:"body"`
	// ours says that the shop has made it, since the handler's cannot be sold.
	ours bool
	// sent says that it has left already, as it came, and broken that its end is missing: its Head
	// is what follows then.
	sent, broken bool
}

// record runs a handler and holds its answer back. Where it breaks off, as a reverse
// proxy does when its upstream goes away, or is too long, the answer is 502.
func (s *Seller) record(next http.Handler, r *http.Request) (answer *heldAnswer) {
	recorder := &recorder{answer: &heldAnswer{Head: http.Header{}}, most: s.Limits.Answer}
	defer func() {
		switch reason := recover(); {
		case recorder.tooLong != nil:
			s.Met("answer")
			answer = failedAnswer(recorder.tooLong)
		case reason == http.ErrAbortHandler:
			answer = failedAnswer(errors.New("the answer broke off"))
		case reason != nil:
			panic(reason)
		}
	}()
	next.ServeHTTP(recorder, r)
	recorder.WriteHeader(http.StatusOK)
	return recorder.answer
}

func ownAnswer(text string) *heldAnswer {
	body, err := json.Marshal(door.Problem{Error: text})
	if err != nil {
		panic(err) // a string always encodes
	}
	return &heldAnswer{Status: http.StatusBadGateway, Head: http.Header{"Content-Type": {"application/json"}}, Body: body, ours: true}
}

func (a *heldAnswer) send(w http.ResponseWriter) {
	if a.sent {
		a.end(w)
		return
	}
	for name, values := range a.Head {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client has gone: what it paid for is kept for it
}

// recorder is the [http.ResponseWriter] of a held answer.
type recorder struct {
	answer  *heldAnswer
	most    int64 // bytes of the body
	tooLong error
}

func (r *recorder) Header() http.Header { return r.answer.Head }

func (r *recorder) WriteHeader(status int) {
	if r.answer.Status == 0 && status >= http.StatusOK {
		r.answer.Status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if int64(len(r.answer.Body)+len(p)) > r.most {
		r.tooLong = fmt.Errorf("the answer is longer than %d bytes, which is the most that is sold", r.most)
		return 0, r.tooLong
	}
	r.answer.Body = append(r.answer.Body, p...)
	return len(p), nil
}

func failedAnswer(why error) *heldAnswer { return ownAnswer(why.Error() + "; you were not charged") }
