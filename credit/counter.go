package credit

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// counter is what was spent under one caveat. Its grant's lock guards it.
//
// On disk a counter is the sum of its lanes. A commit has a lane to itself until it
// is durable, and writes what the lane has added up to; so the counter is right in
// whatever order commits reach the disk, and a lane is only as old as its last
// commit. There are as many lanes as there ever were commits at once.
type counter struct {
	key     macaroon.Node
	limit   uint64
	used    uint64 // in all lanes, and reserved by calls in flight; of a rate, in a period
	first   lane   // the lanes, but not those of a rate
	more    *[]lane
	rate    *window // of a rate
	expires uint32  // when no token under the caveat is good any more, in Unix seconds
	kind    macaroon.Kind
	own     bool // the grant has it, and so do all sessions
}

// newCounter makes the counter of a caveat of which nothing was spent.
func newCounter(key macaroon.Node, c macaroon.Caveat, expires uint32) *counter {
	fresh := &counter{key: key, kind: c.Kind, limit: c.Limit, expires: expires}
	if c.Kind == macaroon.KindRate {
		fresh.rate = &window{period: c.Period}
	}
	return fresh
}

// lane is what its commits have charged, and whether one of them is on its way.
type lane uint64

const (
	laneBusy lane = 1 << 63
	// maxLanes is above the number of calls that a channel can have in flight.
	maxLanes = 1 << 16
)

func (l lane) charged() uint64 { return uint64(l &^ laneBusy) }

func (c *counter) lane(i int) *lane {
	if c.rate != nil {
		return &c.rate.rest.lanes[i].lane
	}
	if i == 0 {
		return &c.first
	}
	return &(*c.more)[i-1]
}

func (c *counter) lanes() int {
	if c.rate != nil {
		return len(c.rate.more().lanes)
	}
	if c.more == nil {
		return 1
	}
	return 1 + len(*c.more)
}

// cost is what a call counts for.
func (c *counter) cost(price vouchers.Amount) uint64 {
	if c.kind == macaroon.KindCalls {
		return 1
	}
	return uint64(price)
}

// stale reports whether a call that was taken at a time is counted no more.
func (c *counter) stale(at int64) bool {
	if c.rate == nil {
		return false
	}
	_, found := c.rate.find(at)
	return !found
}

func (c *counter) remaining(now int64) uint64 {
	c.forget(now)
	return c.limit - min(c.used, c.limit)
}

// refuse returns why the counter does not take a call, nil if it does.
func (c *counter) refuse(price vouchers.Amount, now int64) *Refusal {
	cost, left := c.cost(price), c.remaining(now)
	if cost <= left {
		return nil
	}
	r := &Refusal{Code: CodeBudgetExhausted, Caveat: c.caveat().String(), Required: vouchers.Amount(cost), Remaining: vouchers.Amount(left)}
	switch c.kind {
	case macaroon.KindCalls:
		r.Code = CodeCallsExhausted
	case macaroon.KindRate:
		r.Code = CodeRateLimited
		if cost <= c.limit {
			wait := time.Duration(c.freeAt(c.used-(c.limit-cost)) - now)
			r.RetryAfter = (wait + time.Second - 1).Truncate(time.Second)
		}
	}
	return r
}

func (c *counter) caveat() macaroon.Caveat {
	if c.rate != nil {
		return macaroon.Caveat{Kind: c.kind, Limit: c.limit, Period: c.rate.period}
	}
	return macaroon.Caveat{Kind: c.kind, Limit: c.limit}
}

// reserve takes a call in; refuse has allowed it.
func (c *counter) reserve(price vouchers.Amount, now int64) {
	if c.rate != nil {
		c.count(c.cost(price), now)
		return
	}
	c.used += c.cost(price)
}

// release gives back what a call that was reserved at that time has not cost.
func (c *counter) release(unspent uint64, at int64) {
	if c.rate != nil {
		c.discount(unspent, at)
		return
	}
	c.used -= unspent
}

var errLanes = errors.New("too many calls of one credit token are being committed")

// take returns a lane that is free, which is the caller's until free, for a
// call that was taken at a time.
func (c *counter) take(at int64) (int, error) {
	if c.rate != nil {
		return c.rate.take(at)
	}
	n := c.lanes()
	for i := range n {
		if l := c.lane(i); *l&laneBusy == 0 {
			*l |= laneBusy
			return i, nil
		}
	}
	if n == maxLanes {
		return 0, errLanes
	}
	if c.more == nil {
		c.more = new([]lane)
	}
	*c.more = append(*c.more, laneBusy)
	return n, nil
}

// free ends the use of a lane, in which cost was charged and is durable.
func (c *counter) free(i int, cost uint64) {
	l := c.lane(i)
	*l = *l&^laneBusy + lane(cost)
}

// idle reports whether no call is in flight that has reserved here; of a rate,
// whether none is being committed.
func (c *counter) idle() bool {
	sum := uint64(0)
	for i := range c.lanes() {
		l := *c.lane(i)
		if l&laneBusy != 0 {
			return false
		}
		sum += l.charged()
	}
	return c.rate != nil || sum == c.used
}

// saysNothing reports whether nothing was ever charged here, and nothing is reserved.
func (c *counter) saysNothing() bool {
	if c.used != 0 || c.kind == 0 {
		return false
	}
	for i := range c.lanes() {
		if *c.lane(i) != 0 {
			return false
		}
	}
	return true
}

// On disk: grant, counter and lane make the key; what the lane has charged, and when
// the counter expires, the value. Between them is when the period began of a rate
// that was written before windows slid, and 0 otherwise.
const (
	laneKeyLength   = len(macaroon.GrantID{}) + len(macaroon.Node{}) + 2
	laneValueLength = 8 + 4 + 4
)

func laneKey(grant macaroon.GrantID, key macaroon.Node, i int) []byte {
	b := make([]byte, 0, laneKeyLength+1) // one more for the place of a part
	b = append(append(b, grant[:]...), key[:]...)
	return binary.BigEndian.AppendUint16(b, uint16(i))
}

// put returns the record of a lane in which cost is charged on top, for a call that
// was taken at a time.
func (c *counter) put(grant macaroon.GrantID, i int, cost uint64, at int64) vouchers.Put {
	if c.rate != nil {
		return c.rate.put(grant, c, i, cost, at)
	}
	value := make([]byte, 0, laneValueLength)
	value = binary.BigEndian.AppendUint64(value, c.lane(i).charged()+cost)
	value = binary.BigEndian.AppendUint32(value, 0)
	value = binary.BigEndian.AppendUint32(value, c.expires)
	return vouchers.Put{Bucket: countersBucket, Key: laneKey(grant, c.key, i), Value: value}
}

// laneRecord is a lane as it is on disk.
type laneRecord struct {
	grant   macaroon.GrantID
	counter macaroon.Node
	lane    int
	charged uint64
	expires uint32
	window  uint32 // of an old record of a rate
	// Of a rate.
	last   int64
	period uint32
}

// restore takes a lane off the disk.
func (c *counter) restore(r laneRecord) {
	c.expires = r.expires
	for c.lanes() <= r.lane {
		if c.more == nil {
			c.more = new([]lane)
		}
		*c.more = append(*c.more, 0)
	}
	*c.lane(r.lane) = lane(r.charged)
	c.used += r.charged
}

var errLane = errors.New("the record of a credit token's counter is damaged")

// readLane takes a record apart.
func readLane(key, value []byte) (laneRecord, error) {
	var r laneRecord
	switch {
	case len(key) == laneKeyLength && len(value) == laneValueLength:
		r.charged, r.window, r.expires = binary.BigEndian.Uint64(value), binary.BigEndian.Uint32(value[8:]), binary.BigEndian.Uint32(value[12:])
	case len(key) == laneKeyLength+1 && len(value) == windowValueLength:
		if err := readWindow(&r, value); err != nil {
			return laneRecord{}, err
		}
	default:
		return laneRecord{}, errLane
	}
	r.grant = macaroon.GrantID(key)
	r.counter = macaroon.Node(key[len(r.grant):])
	r.lane = int(binary.BigEndian.Uint16(key[len(r.grant)+len(r.counter):]))
	if r.charged >= uint64(laneBusy) {
		return laneRecord{}, errLane
	}
	return r, nil
}

// counters are counters of a grant, by key.
type counters []*counter

func (all counters) search(key macaroon.Node) (int, bool) {
	return slices.BinarySearchFunc(all, key, func(c *counter, key macaroon.Node) int { return slices.Compare(c.key[:], key[:]) })
}

func (all counters) find(key macaroon.Node) *counter {
	if i, found := all.search(key); found {
		return all[i]
	}
	return nil
}

func (all *counters) add(c *counter) {
	c.own = true
	i, _ := all.search(c.key)
	*all = slices.Insert(*all, i, c)
}
