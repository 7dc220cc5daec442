package agent

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// way is what is known of how far the requests of a payment went. One that got no
// connection has not left this machine; of one that is made over a caller's own connection
// nothing is known.
type way struct {
	asked     atomic.Bool // a request was made over a connection of this client's
	connected atomic.Bool // one of them got a connection
}

type wayKey struct{}

// onWay is a context that follows the requests made with it, over all tries.
func onWay(ctx context.Context) (context.Context, *way) {
	if w, there := ctx.Value(wayKey{}).(*way); there {
		return ctx, w
	}
	w := new(way)
	return context.WithValue(ctx, wayKey{}, w), w
}

// neverLeft says that no try got a connection: nobody has seen the payment.
func (w *way) neverLeft() bool { return w.asked.Load() && !w.connected.Load() }

// follow notes how far a request comes.
func follow(r *http.Request) context.Context {
	w, there := r.Context().Value(wayKey{}).(*way)
	if !there {
		return r.Context()
	}
	w.asked.Store(true)
	return httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) }})
}
