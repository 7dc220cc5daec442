package dial

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// Way is what is known of how far the requests of a payment went. One that got no
// connection has not left this machine; of one that is made over a caller's own connection
// nothing is known.
type Way struct {
	asked     atomic.Bool // a request was made over a connection of this client's
	connected atomic.Bool // one of them got a connection
}

type wayKey struct{}

// OnWay is a context that follows the requests made with it, over all tries.
func OnWay(ctx context.Context) (context.Context, *Way) {
	if w, there := ctx.Value(wayKey{}).(*Way); there {
		return ctx, w
	}
	w := new(Way)
	return context.WithValue(ctx, wayKey{}, w), w
}

// NeverLeft says that no try got a connection: nobody has seen the payment.
func (w *Way) NeverLeft() bool { return w.asked.Load() && !w.connected.Load() }

// follow notes how far a request comes.
func follow(r *http.Request) context.Context {
	w, there := r.Context().Value(wayKey{}).(*Way)
	if !there {
		return r.Context()
	}
	w.asked.Store(true)
	return httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) }})
}
