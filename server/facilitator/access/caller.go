package access

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/time/rate"

	"github.com/chitpay/chit/server/facilitator"
)

// underway is when to come back where what waits to be settled has the rest of the day's gas: it
// gives back what it does not use.
const underway = 5 * time.Second

// caller is a key with what it has used.
type caller struct {
	key    Key
	minute *rate.Limiter
	of     *Access

	mu       sync.Mutex // guards what follows
	today    sums
	written  uint64            // the calls that the store has, or will have
	reserved map[string]uint64 // gas of payments under way, by chain
	total    map[string]uint64 // gas since the process began, by chain
}

var _ facilitator.Caller = (*caller)(nil)

func newCaller(k Key, of *Access) *caller {
	k.Limits = k.Limits.withDefaults()
	perMinute := int(min(k.CallsPerMinute, 1<<30))
	return &caller{
		key: k, of: of, minute: rate.NewLimiter(rate.Limit(float64(perMinute)/time.Minute.Seconds()), perMinute),
		reserved: make(map[string]uint64), total: make(map[string]uint64),
	}
}

// Name is that of the key.
func (c *caller) Name() string { return c.key.Name }

// SignsFor reports whether the receiver is one of the key's.
func (c *caller) SignsFor(receiver common.Address) bool {
	return slices.Contains(c.key.Receivers, receiver)
}

// call counts a call.
func (c *caller) call() error {
	now := c.of.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now)
	if c.today.Calls >= c.key.CallsPerDay {
		return &facilitator.LimitError{What: fmt.Sprintf("callsPerDay, %d calls in a day of UTC", c.key.CallsPerDay), RetryAfter: untilTomorrow(now)}
	}
	turn := c.minute.ReserveN(now, 1)
	if wait := turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
		return &facilitator.LimitError{What: fmt.Sprintf("callsPerMinute, %d calls in a minute", c.key.CallsPerMinute), RetryAfter: wait}
	}
	if c.today.Calls++; c.today.Calls > c.written {
		c.submit(c.today.Calls + c.stride() - 1)
	}
	return nil
}

// Reserve sets gas aside for a payment on a chain, within the gas of the day. Errors wrap
// [facilitator.ErrLimit], or [facilitator.ErrForbidden] where no day has so much.
func (c *caller) Reserve(network string, gas uint64) (done func(used uint64), err error) {
	if gas > c.key.GasPerDay {
		return nil, fmt.Errorf("%w: this payment may take %d gas, and gasPerDay is %d", facilitator.ErrForbidden, gas, c.key.GasPerDay)
	}
	now := c.of.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now)
	used := c.today.Gas[network]
	if limit := c.key.GasPerDay; used > limit-gas || c.reserved[network] > limit-gas-used {
		after := underway
		if used > limit-gas {
			after = untilTomorrow(now)
		}
		return nil, &facilitator.LimitError{What: fmt.Sprintf("gasPerDay, %d gas on %s in a day of UTC", limit, network), RetryAfter: after}
	}
	c.reserved[network] += gas
	return func(used uint64) { c.release(network, gas, used) }, nil
}

// release gives back what was set aside, and counts what was used.
func (c *caller) release(network string, gas, used uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reserved[network] -= gas
	c.count(network, used)
}

// spend counts gas that was used.
func (c *caller) spend(network string, gas uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(network, gas)
}

// count is called with c.mu held.
func (c *caller) count(network string, gas uint64) {
	if gas == 0 {
		return
	}
	c.turn(c.of.now())
	c.today.Gas[network] += gas
	c.total[network] += gas
	c.submit(c.written)
}

func (c *caller) usage() Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(c.of.now())
	return Usage{
		Name: c.key.Name, Limits: c.key.Limits, Calls: c.today.Calls,
		Gas: maps.Clone(c.today.Gas), Reserved: maps.Clone(c.reserved), Total: maps.Clone(c.total),
	}
}
