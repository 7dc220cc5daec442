package pool

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/chitpay/chit/server/gateway/link"
)

const (
	// idleTime is how long a connection is kept for the next call.
	idleTime = 10 * time.Minute
	// againAfter is how long no connection is opened after one that could not be.
	againAfter = 30 * time.Second
	// So many are opened a second, after so many at once.
	openRate  = 2
	openBurst = 32
)

// Pool is of one upstream. It is safe for concurrent use.
type Pool struct {
	dial    func(context.Context, link.Owner) (*link.Link, error)
	most    int
	alive   time.Duration
	opening *rate.Limiter
	closing sync.WaitGroup

	mu     sync.Mutex // guards what follows, and parts of each slot
	ctx    context.Context
	all    map[string]*slot // by session; nil while the pool does not run
	closed bool
	again  time.Time // when a link may be opened after one that could not
}

// slot is of one session, from the moment that its link is asked for.
type slot struct {
	session string
	opened  chan struct{} // closed once link or err is set
	link    *link.Link
	err     error

	// guarded by Pool.mu
	busy int
	used time.Time
	idle *time.Timer
	gone bool // no call takes it any more
}

var (
	errFull     = errors.New("as many clients as allowed have connections of their own, and use them")
	errTooFast  = errors.New("too many connections of clients' own were opened a moment ago")
	errNotAgain = errors.New("the upstream did not take another connection a moment ago")
	errStopped  = errors.New("the gateway stops")
)

// New opens links by dial, at most so many at once. A link that is suspected to be dead has
// the time alive to give a sign of life.
func New(dial func(context.Context, link.Owner) (*link.Link, error), most int, alive time.Duration) *Pool {
	return &Pool{dial: dial, most: most, alive: alive, opening: rate.NewLimiter(openRate, openBurst)}
}

// Start lets links be opened, until ctx ends and stop is called, which closes them all.
func (p *Pool) Start(ctx context.Context) (stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx, p.all = ctx, make(map[string]*slot)
	return func() {
		p.mu.Lock()
		p.closed = true
		for _, s := range p.all {
			p.remove(s)
		}
		p.mu.Unlock()
		p.closing.Wait()
	}
}

// Lease is the link of a client, opened if it has none. The caller calls done.
func (p *Pool) Lease(ctx context.Context, of link.Owner) (l *link.Link, done func(), err error) {
	s, err := p.enter(of)
	if err != nil {
		return nil, nil, err
	}
	done = func() { p.leave(s) }
	select {
	case <-s.opened:
	case <-ctx.Done():
		done()
		return nil, nil, ctx.Err()
	}
	if s.err != nil {
		done()
		return nil, nil, s.err
	}
	return s.link, done, nil
}

func (p *Pool) enter(of link.Owner) (*slot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.ctx == nil {
		return nil, errStopped
	}
	s := p.all[of.Session]
	if s == nil {
		if time.Now().Before(p.again) {
			return nil, errNotAgain
		}
		if len(p.all) >= p.most && !p.makeRoom() {
			return nil, errFull
		}
		if !p.opening.Allow() {
			return nil, errTooFast
		}
		s = &slot{session: of.Session, opened: make(chan struct{})}
		p.all[of.Session] = s
		ctx := p.ctx
		p.closing.Go(func() { p.open(ctx, s, of) })
	}
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	s.busy++
	return s, nil
}

func (p *Pool) open(ctx context.Context, s *slot, of link.Owner) {
	s.link, s.err = p.dial(ctx, of)
	close(s.opened)
	if s.err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.again = time.Now().Add(againAfter)
		p.remove(s)
	}
}

func (p *Pool) leave(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.busy--
	s.used = time.Now()
	switch {
	case s.busy > 0:
	case s.gone:
		p.close(s)
	default:
		s.idle = time.AfterFunc(idleTime, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if s.busy == 0 {
				p.remove(s)
			}
		})
	}
}

// Of is the link of a session, nil if it has none that is open.
func (p *Pool) Of(session string) *link.Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.all[session]; s != nil && s.isOpen() {
		return s.link
	}
	return nil
}

func (s *slot) isOpen() bool {
	select {
	case <-s.opened:
		return true
	default:
		return false
	}
}
