package clearing_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
)

// proxy stands between a house and its chain. What watches it is asked about each request before it
// is passed on and after it was carried out; one of which it says no ends without an answer.
type proxy struct {
	*httptest.Server
	watch atomic.Pointer[func(method string, carriedOut bool) bool]
}

func newProxy(t testing.TB, target string) *proxy {
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var request struct{ Method string }
		_ = json.Unmarshal(body, &request)
		p.ask(request.Method, false)
		answer, err := http.Post(target, "application/json", bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = answer.Body.Close() }()
		p.ask(request.Method, true)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) ask(method string, carriedOut bool) {
	if watch := p.watch.Load(); watch != nil && !(*watch)(method, carriedOut) {
		panic(http.ErrAbortHandler)
	}
}

// watches has requests asked about; nil ends it.
func (p *proxy) watches(watch func(method string, carriedOut bool) bool) {
	if watch == nil {
		p.watch.Store(nil)
		return
	}
	p.watch.Store(&watch)
}

// through has the world's house reach its chain through a proxy.
func (w *world) through() *proxy {
	w.Helper()
	p := newProxy(w, w.net.Anvil.URL())
	client, err := chain.Dial(w.Context(), p.URL, chain.WithErrors(escrow.ABIs()...))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(client.Close)
	w.options.Client = client
	return p
}
