package credit

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// Errors of the changes of a grant.
var (
	// ErrRequest is what a request for a grant is refused with that cannot be met.
	ErrRequest = errors.New("invalid request for a credit token")
	// ErrNoGrant is what an unknown grant is refused with.
	ErrNoGrant = errors.New("no such grant")
	// ErrGrantEnded is what a change of a grant is refused with that has ended.
	ErrGrantEnded = errors.New("the grant has ended")
)

// MaxLabel is the length of the longest label of a grant, in bytes.
const MaxLabel = 128

// End says why a grant ended.
type End uint8

// The ends of a grant; zero is none.
const (
	EndExpired End = iota + 1
	EndRevoked
	EndUsedUp
)

var endNames = [...]string{"", EndExpired: "expired", EndRevoked: "revoked", EndUsedUp: "used_up"}

// String returns "expired", "revoked" or "used_up", and "" for none.
func (e End) String() string { return endNames[min(int(e), len(endNames)-1)] }

// MarshalText is [End.String].
func (e End) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what String returns.
func (e *End) UnmarshalText(text []byte) error {
	i := slices.Index(endNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("a grant that ended as %q", plain.Clip(string(text)))
	}
	*e = End(i)
	return nil
}

// code is what the tokens of a grant that has ended are refused with.
func (e End) code() Code {
	switch e {
	case EndExpired:
		return CodeExpired
	case EndUsedUp:
		return CodeCallsExhausted
	}
	return CodeRevoked
}

// Grant is a budget that a payer has handed out. Amounts are atomic units.
type Grant struct {
	ID      macaroon.GrantID   `json:"id"`
	Channel vouchers.ChannelID `json:"channel"`
	// Payer is who the channel's money goes back to, and Signer the key that has granted:
	// that one alone has proved anything.
	Payer  common.Address `json:"payer"`
	Signer common.Address `json:"signer"`
	Label  string         `json:"label,omitempty"`
	// Scope is the caveats that the token was minted with.
	Scope []string `json:"scope"`
	// Budget is all that was set aside, with top-ups; Spent what was charged of it.
	Budget  vouchers.Amount `json:"budget"`
	Spent   vouchers.Amount `json:"spent"`
	TopUps  []TopUp         `json:"topUps,omitempty"`
	Created time.Time       `json:"created"`
	Expires time.Time       `json:"expires"`
	// Ended and EndedAt say why and when it ended; Returned is what then went back to
	// the channel, nil while calls are in flight.
	Ended    End              `json:"ended,omitzero"`
	EndedAt  time.Time        `json:"endedAt,omitzero"`
	Returned *vouchers.Amount `json:"returned,omitempty"`
	// History is what happened to the grant, the oldest first.
	History []Event `json:"history"`

	// Key is the root key that the token is minted under; Minted names its counters.
	Key    uint32         `json:"key"`
	Minted mintedCounters `json:"minted"`
}

// TopUp is what was added to a budget. The same nonce adds once.
type TopUp struct {
	Nonce  common.Hash     `json:"nonce"`
	Amount vouchers.Amount `json:"amount"`
	At     time.Time       `json:"at"`
}

// mintedCounters are the counters of the caveats that a grant's own token has.
type mintedCounters struct {
	Budget macaroon.Node  `json:"budget"`
	Calls  *macaroon.Node `json:"calls,omitempty"`
	// MaxCalls is the limit of Calls.
	MaxCalls uint64 `json:"maxCalls,omitempty"`
}

// Remaining is what the grant has left, in atomic units.
func (g Grant) Remaining() vouchers.Amount {
	if g.Ended != 0 || g.Spent > g.Budget {
		return 0
	}
	return g.Budget - g.Spent
}

// Request is what a payer asks a grant for.
type Request struct {
	Channel vouchers.ChannelID
	Payer   common.Address
	// Nonce tells requests apart: the same request with the same nonce is granted once.
	Nonce [32]byte
	// Caveats are those of the token: a budget, when it expires, and what else limits it.
	Caveats []macaroon.Caveat
	// Label is the payer's own, at most [MaxLabel] bytes without control characters.
	Label string
}

// one returns the limit of the only caveat of a kind. Errors wrap [ErrRequest].
func (r Request) one(kind macaroon.Kind) (macaroon.Caveat, error) {
	var found []macaroon.Caveat
	for _, c := range r.Caveats {
		if c.Kind == kind {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return macaroon.Caveat{}, fmt.Errorf("%w: %d caveats of %s, want one", ErrRequest, len(found), kind)
	}
	return found[0], nil
}

// Budget is what the request asks for, in atomic units. Errors wrap [ErrRequest].
func (r Request) Budget() (vouchers.Amount, error) {
	c, err := r.one(macaroon.KindBudget)
	return vouchers.Amount(c.Limit), err
}

// id names the grant, so that asking twice for the same is asking once.
func (r Request) id() macaroon.GrantID {
	h := sha256.New()
	h.Write([]byte("chit credit grant"))
	h.Write(r.Channel[:])
	h.Write(r.Nonce[:])
	return macaroon.GrantID(h.Sum(nil)[:len(macaroon.GrantID{})])
}

// maxRequested is how many caveats a request may have.
const maxRequested = 16

// caveats returns those of the token to mint. Errors wrap [ErrRequest].
func (r Request) caveats() ([]macaroon.Caveat, error) {
	if _, err := r.Budget(); err != nil {
		return nil, err
	}
	if _, err := r.one(macaroon.KindExpires); err != nil {
		return nil, err
	}
	if len(r.Caveats) > maxRequested || len(r.Label) > MaxLabel {
		return nil, fmt.Errorf("%w: %d caveats and a label of %d bytes, at most %d and %d", ErrRequest, len(r.Caveats), len(r.Label), maxRequested, MaxLabel)
	}
	if !plain.Is(r.Label) {
		return nil, fmt.Errorf("%w: the label %q has control characters", ErrRequest, r.Label)
	}
	calls := 0
	for _, c := range r.Caveats {
		if _, err := macaroon.ParseCaveat(c.String()); err != nil || c.Kind == macaroon.KindChannel {
			return nil, fmt.Errorf("%w: the caveat %q: %w", ErrRequest, c, orUnasked(err))
		}
		if c.Kind == macaroon.KindCalls {
			calls++
		}
	}
	if calls > 1 {
		return nil, fmt.Errorf("%w: %d caveats of %s, want one at most", ErrRequest, calls, macaroon.KindCalls)
	}
	return append([]macaroon.Caveat{{Kind: macaroon.KindChannel, Channel: r.Channel}}, r.Caveats...), nil
}

// orUnasked is why a caveat that can be read is refused all the same.
func orUnasked(err error) error {
	if err == nil {
		return errors.New("the channel is the one that pays")
	}
	return err
}

// grant is a live grant in memory, or one that has ended and waits for its last call.
type grant struct {
	id macaroon.GrantID
	on *shelf // of its channel

	mu       sync.Mutex // held for microseconds, never while anything is awaited; guards what follows
	epoch    uint32     // of revocations; sessions of an earlier one are stale
	inFlight int32
	budget   *counter // of the token as minted; top-ups raise its limit
	calls    *counter // the same, nil if it has no such limit
	counters counters // all others
	latest   int64    // the time of the newest call, in steady nanoseconds
	expires  uint32   // Unix seconds
	tidied   uint16   // how many counters were left when those that say nothing were forgotten
	ended    End
}

// newGrant makes the grant of a record, without what was spent, on the shelf of its
// channel.
func newGrant(r *Grant, on *shelf) *grant {
	g := &grant{on: on, id: r.ID, expires: unix(r.Expires.Unix()), ended: r.Ended}
	g.budget = newCounter(r.Minted.Budget, macaroon.Caveat{Kind: macaroon.KindBudget, Limit: uint64(r.Budget)}, g.expires)
	g.budget.own = true
	if r.Minted.Calls != nil {
		g.calls = newCounter(*r.Minted.Calls, macaroon.Caveat{Kind: macaroon.KindCalls, Limit: r.Minted.MaxCalls}, g.expires)
		g.calls.own = true
	}
	return g
}

// find returns a counter of the grant, nil if it has not got it. Called with g.mu held.
func (g *grant) find(key macaroon.Node) *counter {
	switch {
	case g.budget.key == key:
		return g.budget
	case g.calls != nil && g.calls.key == key:
		return g.calls
	}
	return g.counters.find(key)
}

// count is how many counters the grant has. Called with g.mu held.
func (g *grant) count() int {
	if g.calls != nil {
		return 2 + len(g.counters)
	}
	return 1 + len(g.counters)
}

// add takes a counter in. Called with g.mu held.
func (g *grant) add(c *counter) {
	g.counters.add(c)
	g.on.counters.Add(1)
}

// drop takes counters out. Called with g.mu held.
func (g *grant) drop(gone func(*counter) bool) {
	before := len(g.counters)
	g.counters = slices.DeleteFunc(g.counters, gone)
	g.on.counters.Add(int64(len(g.counters) - before))
}

// leastTidy is from how many counters on those are looked for that say nothing.
const leastTidy = 32

// isCrowded reports whether more counters are worth a look for those that say nothing.
// Called with g.mu held.
func (g *grant) isCrowded(more, most int) bool {
	return len(g.counters) >= max(leastTidy, 2*int(g.tidied)) || most > 0 && more+g.count() > most
}

// tidy forgets the counters of which nothing was ever charged, and nothing is reserved.
// Called with g.mu held.
func (g *grant) tidy(at int64) {
	g.drop(func(c *counter) bool {
		if c.forget(at); !c.saysNothing() {
			return false
		}
		c.own = false // a session that has it still registers it again, or finds the new one
		return true
	})
	g.tidied = uint16(min(len(g.counters), math.MaxUint16))
}

// at is the time of a call that comes now: not before that of another that was
// counted. Called with g.mu held.
func (g *grant) at(now moment) int64 { return max(g.latest, now.steady) }

// turn starts another epoch.
func (g *grant) turn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.epoch++
}

// now is the epoch.
func (g *grant) now() uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.epoch
}

// usedUp reports whether no call can follow, whatever the budget has left. Called
// with g.mu held.
func (g *grant) usedUp() bool {
	return g.calls != nil && g.inFlight == 0 && g.calls.used >= g.calls.limit
}

// charged is what the grant's calls have cost that are durable. Called with g.mu held.
func (g *grant) charged() vouchers.Amount {
	sum := uint64(0)
	for i := range g.budget.lanes() {
		sum += g.budget.lane(i).charged()
	}
	return vouchers.Amount(sum)
}

func (r *Grant) put() (vouchers.Put, error) {
	value, err := json.Marshal(r)
	if err != nil {
		return vouchers.Put{}, fmt.Errorf("encode grant %s: %w", r.ID, err)
	}
	id := r.ID
	return vouchers.Put{Bucket: grantsBucket, Key: id[:], Value: value}, nil
}

func readGrant(value []byte) (*Grant, error) {
	r := new(Grant)
	if err := json.Unmarshal(value, r); err != nil {
		return nil, fmt.Errorf("read a grant: %w", err)
	}
	r.recall()
	return r, nil
}

// Find returns the grant of a list that has the id. The error wraps [ErrNoGrant] if none
// has it.
func Find(grants []Grant, id macaroon.GrantID) (Grant, error) {
	i := slices.IndexFunc(grants, func(g Grant) bool { return g.ID == id })
	if i < 0 {
		return Grant{}, fmt.Errorf("%w: %s", ErrNoGrant, id)
	}
	return grants[i], nil
}
