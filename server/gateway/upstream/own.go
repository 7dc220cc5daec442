package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/time/rate"

	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/link"
)

// An upstream asks its client for something without saying for which call. A client
// that can be asked therefore has a connection of its own to each upstream that it
// uses, on which nobody else's calls are made.

// ownIdle is how long a connection of a client's own is kept for the next call.
const ownIdle = 10 * time.Minute

// So many connections of clients' own are opened a second, after so many at once:
// sessions cost nothing, and each may start a program.
const (
	openRate  = 2
	openBurst = 32
)

// ownLinks are the connections to an upstream that belong to one client each.
type ownLinks struct {
	of      *Server
	opening *rate.Limiter
	closing sync.WaitGroup

	mu     sync.Mutex // guards what follows
	ctx    context.Context
	all    map[string]*ownLink // by session; nil while the gateway does not run
	closed bool
	again  time.Time // when a link may be opened after one that could not
}

// ownLink is one of them, from the moment that it is asked for.
type ownLink struct {
	session string
	opened  chan struct{} // closed once link or err is set
	link    *link.Link
	err     error

	// guarded by ownLinks.mu
	busy int
	used time.Time
	idle *time.Timer
	gone bool // no call takes it any more
}

var (
	errFull     = errors.New("as many clients as allowed have connections of their own, and use them")
	errTooFast  = errors.New("too many connections of clients' own were opened a moment ago")
	errNotAgain = errors.New("the upstream did not take another connection a moment ago")
)

// lease is the link of a session, opened if there is none. The caller calls done.
func (o *ownLinks) lease(ctx context.Context, session string, able asking.Abilities) (l *link.Link, done func(), err error) {
	entry, err := o.enter(session, able)
	if err != nil {
		return nil, nil, err
	}
	done = func() { o.leave(entry) }
	select {
	case <-entry.opened:
	case <-ctx.Done():
		done()
		return nil, nil, ctx.Err()
	}
	if entry.err != nil {
		done()
		return nil, nil, entry.err
	}
	return entry.link, done, nil
}

func (o *ownLinks) enter(session string, able asking.Abilities) (*ownLink, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.ctx == nil {
		return nil, errors.New("the gateway stops")
	}
	entry := o.all[session]
	if entry == nil {
		if time.Now().Before(o.again) {
			return nil, errNotAgain
		}
		if len(o.all) >= int(o.of.OwnConnections) && !o.makeRoom() {
			return nil, errFull
		}
		if !o.opening.Allow() {
			return nil, errTooFast
		}
		entry = &ownLink{session: session, opened: make(chan struct{})}
		o.all[session] = entry
		ctx := o.ctx
		o.closing.Go(func() { o.open(ctx, entry, able) })
	}
	if entry.idle != nil {
		entry.idle.Stop()
		entry.idle = nil
	}
	entry.busy++
	return entry, nil
}

func (o *ownLinks) open(ctx context.Context, entry *ownLink, able asking.Abilities) {
	entry.link, entry.err = o.of.dialer.ConnectFor(ctx, link.Owner{Session: entry.session, Able: able})
	close(entry.opened)
	if entry.err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.again = time.Now().Add(lastRetry)
		o.remove(entry)
	}
}

func (o *ownLinks) leave(entry *ownLink) {
	o.mu.Lock()
	defer o.mu.Unlock()
	entry.busy--
	entry.used = time.Now()
	switch {
	case entry.busy > 0:
	case entry.gone:
		o.close(entry)
	default:
		entry.idle = time.AfterFunc(ownIdle, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			if entry.busy == 0 {
				o.remove(entry)
			}
		})
	}
}

// makeRoom closes the link that was idle for longest, if one is idle. It is called with
// o.mu held.
func (o *ownLinks) makeRoom() bool {
	var oldest *ownLink
	for _, entry := range o.all {
		if entry.busy == 0 && (oldest == nil || entry.used.Before(oldest.used)) {
			oldest = entry
		}
	}
	if oldest == nil {
		return false
	}
	o.remove(oldest)
	return true
}

// remove lets no further call take a link, and closes it after the last one. It is
// called with o.mu held.
func (o *ownLinks) remove(entry *ownLink) {
	if entry.gone {
		return
	}
	entry.gone = true
	delete(o.all, entry.session)
	if entry.idle != nil {
		entry.idle.Stop()
	}
	if entry.busy == 0 {
		o.close(entry)
	}
}

// close is called with o.mu held, once.
func (o *ownLinks) close(entry *ownLink) {
	o.closing.Go(func() {
		<-entry.opened
		if entry.link != nil {
			entry.link.Close()
		}
	})
}

// drop closes the link of a session after its last call.
func (o *ownLinks) drop(session string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if entry := o.all[session]; entry != nil {
		o.remove(entry)
	}
}

// lost closes a link that does not answer.
func (o *ownLinks) lost(l *link.Link) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, entry := range o.all {
		select {
		case <-entry.opened:
			if entry.link == l {
				o.remove(entry)
			}
		default: // has had no calls yet
		}
	}
}

// suspect looks whether a link still lives on which a call took too long.
func (o *ownLinks) suspect(l *link.Link) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l.Owner.Session == "" || o.closed {
		return
	}
	o.closing.Go(func() {
		if l.Alive(l.Context(), min(pingTimeout, o.of.Timeout)) != nil {
			o.lost(l)
		}
	})
}

// get is the link of a session, nil if it has none that is open.
func (o *ownLinks) get(session string) *link.Link {
	o.mu.Lock()
	defer o.mu.Unlock()
	entry := o.all[session]
	if entry == nil {
		return nil
	}
	select {
	case <-entry.opened:
		return entry.link
	default:
		return nil
	}
}

// start lets links be opened, until ctx ends and stop is called.
func (o *ownLinks) start(ctx context.Context) (stop func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ctx, o.all = ctx, make(map[string]*ownLink)
	return func() {
		o.mu.Lock()
		o.closed = true
		for _, entry := range o.all {
			o.remove(entry)
		}
		o.mu.Unlock()
		o.closing.Wait()
	}
}

// canAsk says whether the upstream is given clients of its own to ask. Over the older
// SSE it has no way to.
func (s *Server) canAsk() bool { return !s.SSE && s.OwnConnections > 0 }

// linkFor is the link that a client's request takes. The caller calls done.
func (s *Server) linkFor(ctx context.Context) (l *link.Link, done func(), err error) {
	shared := s.current()
	if shared == nil {
		return nil, nil, &unavailableError{text: fmt.Sprintf("the upstream %q is down at the moment", s.Name), cause: "down"}
	}
	session, able := asking.Client(ctx)
	if able == "" || !s.canAsk() {
		return shared, func() {}, nil
	}
	l, done, err = s.own.lease(ctx, session, able)
	switch {
	case err == nil:
		return l, done, nil
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	}
	s.logger.Warn("a client has no connection of its own to the upstream: it cannot be asked for anything", "error", link.Reason(err))
	return shared, func() {}, nil
}

// onOwn does something on the connection of a client's own, if it has one.
func (s *Server) onOwn(ctx context.Context, do func(*link.Link)) {
	l, done, err := s.linkFor(ctx)
	if err != nil {
		return
	}
	defer done()
	if l.Owner.Session != "" {
		do(l)
	}
}

// RootsChanged passes on that the roots of a client are others than before, if it has a
// connection of its own.
func (s *Server) RootsChanged(ctx context.Context, session string) {
	const method = mcp.MethodNotificationRootsListChanged
	if l := s.own.get(session); l != nil {
		note := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION, Notification: mcp.Notification{Method: method}}
		s.passOn(method, l.Client.GetTransport().SendNotification(ctx, note))
	}
}

// Ended closes the connection of a client that has ended its session.
func (s *Server) Ended(session string) { s.own.drop(session) }
