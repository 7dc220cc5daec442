package credit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// The buckets of the store that this room has for itself, beside that of the root keys.
const (
	grantsBucket   = "credit-grants"   // grants as JSON, by id
	countersBucket = "credit-counters" // what was spent, by grant, counter and lane
	revokedBucket  = "credit-revoked"  // revoked tokens, by grant and node
	clockBucket    = "credit-clock"    // the latest time that was ever relied on
)

// Book is the seller's side of credit tokens: it grants, checks and spends them.
// It is safe for concurrent use.
type Book struct {
	ledger *ledger.Ledger
	store  vouchers.Store
	keys   *macaroon.Keyring
	clock  *steady

	limits Limits
	met    func(limit string)

	sessions sessions
	wake     chan struct{} // holds one token when a grant may have to be ended

	changing  sync.Mutex // held for a change of a grant until it is durable; guards forgotten
	forgotten uint32     // when ended grants were last looked through, in Unix seconds

	mu      sync.RWMutex // guards what follows
	grants  map[macaroon.GrantID]*grant
	shelves map[vouchers.ChannelID]*shelf // all grants that are remembered
	// revoked are points in the chains of live grants, each with the point of the token
	// that was narrowed first; the zero point is not known.
	revoked map[macaroon.GrantID]map[macaroon.Node]macaroon.Node
	// fixed are counters whose records are of before windows slid; nil after opening.
	fixed map[*counter]*fixedWindow
}

// Option configures a book.
type Option func(*settings)

type settings struct {
	clock  Clock
	limits Limits
	met    func(limit string)
}

// WithClock sets what tells the time; the default is the machine's.
func WithClock(clock Clock) Option { return func(s *settings) { s.clock = clock } }

// OpenBook reads the grants and the counters of the store, which is that of the
// ledger. The book owns neither.
func OpenBook(ctx context.Context, ledger *ledger.Ledger, store vouchers.Store, opts ...Option) (*Book, error) {
	s := settings{clock: systemClock(), met: func(string) {}}
	for _, set := range opts {
		set(&s)
	}
	b := &Book{
		ledger: ledger, store: store, limits: s.limits, met: s.met, wake: make(chan struct{}, 1),
		grants: map[macaroon.GrantID]*grant{}, shelves: map[vouchers.ChannelID]*shelf{}, revoked: map[macaroon.GrantID]map[macaroon.Node]macaroon.Node{},
	}
	b.sessions.init(s.limits.SessionBytes, func() { s.met(LimitSessions) })
	var err error
	if b.keys, err = macaroon.OpenKeyring(ctx, store); err != nil {
		return nil, err
	}
	b.fixed = map[*counter]*fixedWindow{}
	floor, err := b.load(s.clock)
	if err != nil {
		return nil, fmt.Errorf("open the book of credit tokens: %w", err)
	}
	b.clock = newSteady(s.clock, floor)
	b.slide()
	return b, nil
}

// Keys are the root keys of the tokens.
func (b *Book) Keys() *macaroon.Keyring { return b.keys }

// load reads the live grants. It returns the latest time that an earlier process
// has relied on, in Unix nanoseconds.
func (b *Book) load(clock Clock) (floor int64, err error) {
	err = b.store.Bucket(grantsBucket).ForEach(nil, func(_, value []byte) error {
		r, err := readGrant(value)
		if err == nil {
			b.file(r)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	now, _ := clock()
	for _, on := range b.shelves {
		slices.SortFunc(on.ended, func(x, y filed) int { return cmp.Compare(x.at, y.at) })
		on.settle(unix(now.Unix()))
	}
	err = b.store.Bucket(countersBucket).ForEach(nil, func(key, value []byte) error {
		r, err := readLane(key, value)
		if err == nil {
			floor = max(floor, b.loadLane(r))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := b.store.Bucket(revokedBucket).ForEach(nil, b.loadRevoked); err != nil {
		return 0, err
	}
	last, err := b.readClock()
	return max(floor, int64(seconds(last))), err
}

// loadLane takes a lane off the disk, and returns the time that it relies on.
func (b *Book) loadLane(r laneRecord) (at int64) {
	g := b.grants[r.grant]
	if g == nil {
		return 0
	}
	c := g.find(r.counter)
	if c == nil {
		c = &counter{key: r.counter}
		g.add(c)
	}
	switch {
	case r.period != 0:
		c.restoreWindow(r)
	case r.window != 0:
		if b.fixed[c] == nil {
			b.fixed[c] = new(fixedWindow)
		}
		b.fixed[c].add(r)
		c.expires = r.expires
	default:
		c.restore(r)
	}
	return max(r.last, int64(seconds(r.window)))
}

// slide turns the counters of old records into those of today, and drops what no
// period has any more.
func (b *Book) slide() {
	now := b.clock.now().steady
	for c, fixed := range b.fixed {
		c.slide(*fixed, now)
	}
	b.fixed = nil
	for _, g := range b.grants {
		g.latest = now
		for _, c := range g.counters {
			c.forget(now)
		}
	}
}

func (b *Book) loadRevoked(key, value []byte) error {
	var branch macaroon.Node // of old records it is not known
	if len(key) != len(macaroon.GrantID{})+len(macaroon.Node{}) || len(value) != 0 && len(value) != len(branch) {
		return errors.New("the record of a revoked credit token is damaged")
	}
	copy(branch[:], value)
	if id := macaroon.GrantID(key); b.grants[id] != nil {
		b.revoke(id, macaroon.Node(key[len(id):]), branch)
	}
	return nil
}

// revoke ends every token whose chain has this point, which is on a branch.
func (b *Book) revoke(id macaroon.GrantID, n, branch macaroon.Node) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.revoked[id] == nil {
		b.revoked[id] = map[macaroon.Node]macaroon.Node{}
	}
	b.revoked[id][n] = branch
	b.grants[id].turn()
}

func (b *Book) isRevoked(id macaroon.GrantID, nodes []macaroon.Node) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, n := range nodes {
		if _, found := b.revoked[id][n]; found {
			return true
		}
	}
	return false
}

// find returns a grant whose tokens may be live, or nil.
func (b *Book) find(id macaroon.GrantID) *grant {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.grants[id]
}

// Lookup returns a grant, also one that has ended. The error wraps [ErrNoGrant] if
// there is none.
func (b *Book) Lookup(id macaroon.GrantID) (*Grant, error) { return b.record(id) }

// record reads the record of a grant, with what was spent up to now.
func (b *Book) record(id macaroon.GrantID) (*Grant, error) {
	value, err := b.store.Bucket(grantsBucket).Get(id[:])
	if err != nil {
		return nil, fmt.Errorf("read grant %s: %w", id, err)
	}
	if value == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoGrant, id)
	}
	r, err := readGrant(value)
	if err != nil {
		return nil, err
	}
	b.bring(r)
	return r, nil
}

// bring fills in what the record of a grant does not know.
func (b *Book) bring(r *Grant) {
	if ch, known := b.ledger.Channel(r.Channel); known {
		r.Signer = ch.Config.VoucherSigner()
	}
	if g := b.find(r.ID); g != nil && r.Returned == nil {
		g.mu.Lock()
		r.Spent = g.charged()
		g.mu.Unlock()
	}
}
