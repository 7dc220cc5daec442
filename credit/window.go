package credit

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// windowParts is how many parts the period of a rate has. What was taken in one part
// is counted together until the period after its last call is over: no call is
// counted for less than a period, and none for a part more than one.
const windowParts = 16

// window is what a rate counts: of which times its used is, in steady nanoseconds.
// The newest part has what the older ones have not.
type window struct {
	last   int64 // time of the newest call of the newest part; 0 is nothing counted
	rest   *windowRest
	period uint32 // in seconds; 0 until the caveat of an old record is known
}

// windowRest is what a rate needs that is charged, and more than once in a period.
type windowRest struct {
	older []part // by time
	lanes []windowLane
}

// part is what was taken in one part of a period, and when last.
type part struct {
	last int64
	sum  uint64
}

// windowLane has charged what it says in its part. A lane never goes back to an
// earlier part, and begins a later one at nothing.
type windowLane struct {
	part int64
	lane
}

func (w *window) length() int64 { return int64(w.period) * int64(time.Second) }

// part numbers the part that a time is in.
func (w *window) part(at int64) int64 { return at / (w.length() / windowParts) }

func (w *window) more() *windowRest {
	if w.rest == nil {
		w.rest = new(windowRest)
	}
	return w.rest
}

func (w *window) older() []part {
	if w.rest == nil {
		return nil
	}
	return w.rest.older
}

func sumOf(parts []part) (sum uint64) {
	for _, p := range parts {
		sum += p.sum
	}
	return sum
}

// forget drops the parts that no period which ends now has a call of.
func (c *counter) forget(now int64) {
	w := c.rate
	if w == nil || w.period == 0 || w.last == 0 {
		return
	}
	before := now - w.length()
	if w.last <= before {
		w.last, c.used = 0, 0
		if w.rest != nil {
			w.rest.older = w.rest.older[:0]
		}
		return
	}
	over := 0
	for _, p := range w.older() {
		if p.last > before {
			break
		}
		c.used -= p.sum
		over++
	}
	if over > 0 {
		w.rest.older = slices.Delete(w.rest.older, 0, over)
	}
}

// count adds what was taken at a time. A part that is not the newest comes off the
// disk.
func (c *counter) count(sum uint64, at int64) {
	w := c.rate
	before := c.used
	c.used += sum
	switch {
	case w.last == 0:
		w.last = at
	case w.part(at) == w.part(w.last):
		w.last = max(w.last, at)
	case at > w.last:
		if rest := before - sumOf(w.older()); rest > 0 {
			w.more().older = append(w.more().older, part{w.last, rest})
		}
		w.last = at
	default:
		older := &w.more().older
		i, found := slices.BinarySearchFunc(*older, w.part(at), func(p part, id int64) int { return cmp.Compare(w.part(p.last), id) })
		if !found {
			*older = slices.Insert(*older, i, part{last: at})
		}
		(*older)[i].sum += sum
		(*older)[i].last = max((*older)[i].last, at)
	}
}

// find returns the older part that a time is in, nil if it is in the newest; false if
// it is counted no more.
func (w *window) find(at int64) (*part, bool) {
	if w.last == 0 {
		return nil, false
	}
	id := w.part(at)
	if id == w.part(w.last) {
		return nil, true
	}
	older := w.older()
	for i := range older {
		if w.part(older[i].last) == id {
			return &older[i], true
		}
	}
	return nil, false
}

// discount gives back what a call that was taken at a time has not cost.
func (c *counter) discount(unspent uint64, at int64) {
	p, found := c.rate.find(at)
	if !found {
		return
	}
	if p != nil {
		p.sum -= unspent
	}
	c.used -= unspent
}

// freeAt is when so much is counted no more.
func (c *counter) freeAt(need uint64) int64 {
	w := c.rate
	for _, p := range w.older() {
		if p.sum >= need {
			return p.last + w.length()
		}
		need -= p.sum
	}
	return w.last + w.length()
}

// take returns a lane that is free for a time, which is the caller's until free.
func (w *window) take(at int64) (int, error) {
	id, rest := w.part(at), w.more()
	for i := range rest.lanes {
		l := &rest.lanes[i]
		if l.lane&laneBusy != 0 || l.part > id {
			continue
		}
		if l.part < id {
			l.part, l.lane = id, 0
		}
		l.lane |= laneBusy
		return i, nil
	}
	if len(rest.lanes) == maxLanes {
		return 0, errLanes
	}
	rest.lanes = append(rest.lanes, windowLane{id, laneBusy})
	return len(rest.lanes) - 1, nil
}

// On disk each lane has a record for each part of a period: a part that begins takes
// the place of one that is over. The key of a lane and the place make the key; what
// the lane has charged in the part, the time of the part's last call in nanoseconds,
// the period, and when the counter expires, the value.
const windowValueLength = 8 + 8 + 4 + 4

func (w *window) put(grant macaroon.GrantID, c *counter, i int, cost uint64, at int64) vouchers.Put {
	l, last := &w.rest.lanes[i], w.last
	if p, found := w.find(at); found && p != nil {
		last = p.last
	}
	value := make([]byte, 0, windowValueLength)
	value = binary.BigEndian.AppendUint64(value, l.charged()+cost)
	value = binary.BigEndian.AppendUint64(value, uint64(last))
	value = binary.BigEndian.AppendUint32(value, w.period)
	value = binary.BigEndian.AppendUint32(value, c.expires)
	return vouchers.Put{Bucket: countersBucket, Key: append(laneKey(grant, c.key, i), byte(l.part%(windowParts+1))), Value: value}
}

// readWindow reads what put has written.
func readWindow(r *laneRecord, value []byte) error {
	r.charged, r.last = binary.BigEndian.Uint64(value), int64(binary.BigEndian.Uint64(value[8:]))
	r.period, r.expires = binary.BigEndian.Uint32(value[16:]), binary.BigEndian.Uint32(value[20:])
	if r.period == 0 || r.period > uint32(macaroon.MaxPeriod/time.Second) || r.last <= 0 {
		return errLane
	}
	return nil
}

// restoreWindow takes a part of a lane off the disk.
func (c *counter) restoreWindow(r laneRecord) {
	if c.rate == nil {
		c.rate = new(window)
	}
	w := c.rate
	w.period, c.expires = r.period, r.expires
	c.count(r.charged, r.last)
	rest, id := w.more(), w.part(r.last)
	for len(rest.lanes) <= r.lane {
		rest.lanes = append(rest.lanes, windowLane{})
	}
	if l := &rest.lanes[r.lane]; l.part < id {
		*l = windowLane{id, lane(r.charged)}
	}
}

// fixedWindow is what records of before windows slid say: what was charged in a
// period, and when that began, in steady Unix seconds.
type fixedWindow struct {
	began   uint32
	charged uint64
}

// add takes over the record of a lane. Lanes of a period before the latest are empty.
func (f *fixedWindow) add(r laneRecord) {
	if r.window > f.began {
		*f = fixedWindow{began: r.window}
	}
	if r.window == f.began {
		f.charged += r.charged
	}
}

// slide counts an old record as if all of it had been charged at the end of its
// period, or now if that is earlier. Where the period is not known yet, settle does.
func (c *counter) slide(f fixedWindow, now int64) {
	began := int64(f.began) * int64(time.Second)
	if c.rate != nil {
		c.count(f.charged, min(began+c.rate.length(), now))
		return
	}
	c.rate, c.used = &window{last: began}, f.charged
}

// settle is told the period of a record that did not have it.
func (w *window) settle(period uint32, now int64) {
	if w.period == 0 {
		w.period = period
		w.last = min(w.last+w.length(), now)
	}
}
