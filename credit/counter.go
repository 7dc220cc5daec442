package credit

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// counter is what was spent under one caveat. Its grant's lock guards it.
//
// On disk a counter is the sum of its lanes. A commit has a lane to itself until it
// is durable, and writes what the lane has added up to; so the counter is right in
// whatever order commits reach the disk, and a lane is only as old as its last
// commit. There are as many lanes as there ever were commits at once.
type counter struct {
	key     node
	limit   uint64
	used    uint64 // in all lanes, and reserved by calls in flight
	first   lane
	more    *[]lane
	period  uint32 // of a rate, in seconds
	window  uint32 // when the period of a rate began, in steady Unix seconds
	expires uint32 // when no token under the caveat is good any more, in Unix seconds
	kind    Kind
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
	if i == 0 {
		return &c.first
	}
	return &(*c.more)[i-1]
}

func (c *counter) lanes() int {
	if c.more == nil {
		return 1
	}
	return 1 + len(*c.more)
}

// cost is what a call counts for.
func (c *counter) cost(price vouchers.Amount) uint64 {
	if c.kind == KindCalls {
		return 1
	}
	return uint64(price)
}

// over reports whether the period of a rate is over.
func (c *counter) over(now uint32) bool {
	return c.kind == KindRate && (c.window == 0 || uint64(now) >= uint64(c.window)+uint64(c.period))
}

// stale reports whether the period that a call was reserved in, at that time, is over.
func (c *counter) stale(at uint32) bool { return c.kind == KindRate && c.window > at }

func (c *counter) remaining(now uint32) uint64 {
	if c.over(now) {
		return c.limit
	}
	return c.limit - min(c.used, c.limit)
}

// refuse returns why the counter does not take a call, nil if it does.
func (c *counter) refuse(price vouchers.Amount, now uint32) *Refusal {
	cost, left := c.cost(price), c.remaining(now)
	if cost <= left {
		return nil
	}
	r := &Refusal{Code: CodeBudgetExhausted, Caveat: c.caveat().String(), Required: vouchers.Amount(cost), Remaining: vouchers.Amount(left)}
	switch c.kind {
	case KindCalls:
		r.Code = CodeCallsExhausted
	case KindRate:
		r.Code = CodeRateLimited
		if cost <= c.limit {
			r.RetryAfter = time.Duration(uint64(c.window)+uint64(c.period)-uint64(now)) * time.Second
		}
	}
	return r
}

func (c *counter) caveat() Caveat { return Caveat{Kind: c.kind, Limit: c.limit, Period: c.period} }

// reserve takes a call in; refuse has allowed it.
func (c *counter) reserve(price vouchers.Amount, now uint32) {
	if c.over(now) {
		c.window, c.used = now, 0
		for i := range c.lanes() {
			*c.lane(i) &= laneBusy
		}
	}
	c.used += c.cost(price)
}

// release gives back what a call that was reserved at that time has not cost.
func (c *counter) release(unspent uint64, at uint32) {
	if !c.stale(at) {
		c.used -= unspent
	}
}

// take returns a lane that is free, which is the caller's until free.
func (c *counter) take() (int, error) {
	n := c.lanes()
	for i := range n {
		if l := c.lane(i); *l&laneBusy == 0 {
			*l |= laneBusy
			return i, nil
		}
	}
	if n == maxLanes {
		return 0, errors.New("too many calls of one credit token are being committed")
	}
	if c.more == nil {
		c.more = new([]lane)
	}
	*c.more = append(*c.more, laneBusy)
	return n, nil
}

// free ends the use of a lane, in which cost was charged and is durable.
func (c *counter) free(i int, cost uint64, at uint32) {
	l := c.lane(i)
	*l &^= laneBusy
	if !c.stale(at) {
		*l += lane(cost)
	}
}

// idle reports whether no call is in flight that has reserved here.
func (c *counter) idle() bool {
	sum := uint64(0)
	for i := range c.lanes() {
		l := *c.lane(i)
		if l&laneBusy != 0 {
			return false
		}
		sum += l.charged()
	}
	return sum == c.used
}

// On disk: grant, counter and lane make the key; what the lane has charged, the begin
// of the period that it was charged in, and when the counter expires, the value.
const (
	laneKeyLength   = len(GrantID{}) + len(node{}) + 2
	laneValueLength = 8 + 4 + 4
)

func laneKey(grant GrantID, key node, i int) []byte {
	b := make([]byte, 0, laneKeyLength)
	b = append(append(b, grant[:]...), key[:]...)
	return binary.BigEndian.AppendUint16(b, uint16(i))
}

// put returns the record of a lane in which cost is charged on top.
func (c *counter) put(grant GrantID, i int, cost uint64) vouchers.Put {
	value := make([]byte, 0, laneValueLength)
	value = binary.BigEndian.AppendUint64(value, c.lane(i).charged()+cost)
	value = binary.BigEndian.AppendUint32(value, c.window)
	value = binary.BigEndian.AppendUint32(value, c.expires)
	return vouchers.Put{Bucket: countersBucket, Key: laneKey(grant, c.key, i), Value: value}
}

// laneRecord is a lane as it is on disk.
type laneRecord struct {
	grant           GrantID
	counter         node
	lane            int
	charged         uint64
	window, expires uint32
}

// restore takes a lane off the disk. Lanes of a period before the latest are empty.
func (c *counter) restore(r laneRecord) {
	if r.window > c.window {
		c.window, c.used, c.first, c.more = r.window, 0, 0, nil
	}
	c.expires = r.expires
	for c.lanes() <= r.lane {
		if c.more == nil {
			c.more = new([]lane)
		}
		*c.more = append(*c.more, 0)
	}
	if r.window == c.window {
		*c.lane(r.lane) = lane(r.charged)
		c.used += r.charged
	}
}

var errLane = errors.New("the record of a credit token's counter is damaged")

// readLane takes a record apart.
func readLane(key, value []byte) (laneRecord, error) {
	if len(key) != laneKeyLength || len(value) != laneValueLength {
		return laneRecord{}, errLane
	}
	r := laneRecord{grant: GrantID(key), charged: binary.BigEndian.Uint64(value), window: binary.BigEndian.Uint32(value[8:]), expires: binary.BigEndian.Uint32(value[12:])}
	r.counter = node(key[len(r.grant):])
	r.lane = int(binary.BigEndian.Uint16(key[len(r.grant)+len(r.counter):]))
	if r.charged >= uint64(laneBusy) {
		return laneRecord{}, errLane
	}
	return r, nil
}

// counters are the counters of a grant, by key.
type counters []*counter

func (all counters) search(key node) (int, bool) {
	return slices.BinarySearchFunc(all, key, func(c *counter, key node) int { return slices.Compare(c.key[:], key[:]) })
}

func (all counters) find(key node) *counter {
	if i, found := all.search(key); found {
		return all[i]
	}
	return nil
}

func (all *counters) add(c *counter) {
	i, _ := all.search(c.key)
	*all = slices.Insert(*all, i, c)
}
