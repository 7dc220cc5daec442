package clearing

import (
	"container/heap"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
)

// linger is for how long payments wait for others to go with while some are on their way. One
// that comes when nothing is does not wait.
const linger = 40 * time.Millisecond

// idle is how long the house sleeps at most.
const idle = time.Minute

// load is rows that somebody works on, with a place at a sender.
type load struct {
	ship *ship
	rows []*row
	// lone is a load of one row, in a transaction of its own, and wild one whose payer's code runs.
	lone, wild bool
	// sent is what it has become, nil before that.
	sent *shipment
	// ahead are rows of the same payers on their way. What they move is gone when this load's is moved.
	ahead []*row
}

// take returns what can be sent now, or how long there is nothing. Called with h.mu held.
func (h *House) take() (*load, time.Duration) {
	now := time.Now()
	for len(h.late) > 0 && !h.late[0].due.After(now) {
		h.enqueue(h.late[0])
	}
	pause := idle
	if len(h.late) > 0 {
		pause = min(pause, h.late[0].due.Sub(now))
	}
	if len(h.ready) == 0 {
		return nil, pause
	}
	if left := linger - now.Sub(h.ready[0].ready); left > 0 && len(h.loads) > 0 && len(h.ready) < h.options.Batch {
		return nil, min(pause, left)
	}
	l := h.pick()
	if l == nil {
		return nil, pause // one that comes back wakes the house
	}
	h.begin(l)
	return l, 0
}

// pick returns the rows that go next: the first that may, and with it those behind it that may go in
// the same transaction. Called with h.mu held.
func (h *House) pick() *load {
	out := h.underWay()
	for _, r := range h.ready {
		lone := h.goesAlone(r)
		if out[r.transfer.From].keeps(lone, h.options.Batch) {
			continue
		}
		s := h.shipFor(r, lone)
		switch {
		case s == nil:
		case lone:
			return &load{ship: s, rows: []*row{r}, lone: true, wild: r.isWild()}
		default:
			l := &load{ship: s}
			h.fill(l, out)
			return l
		}
	}
	return nil
}

// underWay is what each payer has on its way. Called with h.mu held.
func (h *House) underWay() map[common.Address]held {
	out := make(map[common.Address]held)
	for l := range h.loads {
		for _, r := range l.rows {
			of := out[r.transfer.From]
			of.lone = of.lone || l.lone
			of.rows = append(of.rows, r)
			out[r.transfer.From] = of
		}
	}
	return out
}

// fill adds to a load what may go with it.
func (h *House) fill(l *load, out map[common.Address]held) {
	seen := make(map[common.Address]bool)
	for _, r := range h.ready {
		if len(l.rows) == h.options.Batch {
			return
		}
		payer := r.transfer.From
		if h.goesAlone(r) || out[payer].keeps(false, h.options.Batch) || !seen[payer] && len(l.ahead)+len(out[payer].rows) > h.options.Batch {
			continue
		}
		l.rows = append(l.rows, r)
		if !seen[payer] {
			seen[payer] = true
			l.ahead = append(l.ahead, out[payer].rows...)
		}
	}
}

// held is what a payer has on its way.
type held struct {
	lone bool // one of them by itself
	rows []*row
}

// keeps reports whether a row has to wait for what its payer has on its way: what may be left
// of the payer's money cannot be told otherwise.
func (h held) keeps(lone bool, most int) bool {
	return h.lone || lone && len(h.rows) > 0 || len(h.rows) > most
}

// goesAlone reports whether a row goes in a transaction of its own. With Permit2's upto only the
// account that the payer has named may be the one that calls.
func (h *House) goesAlone(r *row) bool {
	return r.lone || h.options.Batch == 1 || r.transfer.Method == transfer.Upto
}

// shipFor is the sender that a row goes with, nil if there is none now. Called with h.mu held.
func (h *House) shipFor(r *row, lone bool) *ship {
	wild := lone && r.isWild()
	if r.transfer.Method != transfer.Upto {
		return h.freest(wild)
	}
	if s := h.shipOf(r.transfer.Facilitator); s != nil && s.isFree(wild) {
		return s
	}
	return nil
}

// begin takes the rows of a load out of what waits.
func (h *House) begin(l *load) {
	taken := make(map[*row]bool, len(l.rows))
	for _, r := range l.rows {
		taken[r], r.phase = true, sailing
	}
	left := h.ready[:0]
	for _, r := range h.ready {
		if !taken[r] {
			left = append(left, r)
		}
	}
	clear(h.ready[len(left):])
	h.ready = left
	h.board(l)
}

// board gives a load its place. Called with h.mu held.
func (h *House) board(l *load) {
	h.loads[l] = struct{}{}
	l.ship.flying++
	if l.wild {
		l.ship.wild++
	}
}

// unload gives a load's place free.
func (h *House) unload(l *load) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.loads, l)
	l.ship.flying--
	if l.wild {
		l.ship.wild--
	}
	h.rouse()
}

// again lets a row wait that came to nothing this time, for a pause.
func (h *House) again(r *row, pause time.Duration, reason string) {
	record := r.read()
	if reason = clip(reason); reason != record.Reason {
		record.Reason, record.refusal = reason, nil
		r.tell(record, false)
	}
	h.mu.Lock()
	h.delay(r, waiting, pause)
	h.mu.Unlock()
	h.rouse()
}

// delay has a row tried again after a pause. Called with h.mu held.
func (h *House) delay(r *row, phase phase, pause time.Duration) {
	r.attempts++
	r.phase, r.due = phase, time.Now().Add(pause)
	heap.Push(&h.late, r)
}
