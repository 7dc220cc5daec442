package ledger

import (
	"cmp"
	"slices"

	"github.com/chitpay/chit/vouchers"
)

// ceilings remembers which ceilings of a channel have bought a call: one voucher,
// one call. Everything up to the floor counts as used; above it, each ceiling is
// known on its own, so that vouchers may arrive in any order.
type ceilings struct {
	floor vouchers.Amount
	used  []usedCeiling // ascending
	crowd int           // how many calls were in flight of late, at most
}

type usedCeiling struct {
	ceiling vouchers.Amount
	call    *Reservation // that is in flight; nil once it was charged
}

// history is how many ceilings are remembered of a payer who makes one call after another,
// and ofCrowd how many more for each of the calls that were in flight at once: how far
// vouchers may overtake one another on their way.
const (
	history = 512
	ofCrowd = 4
)

func (c *ceilings) search(ceiling vouchers.Amount) (int, bool) {
	if n := len(c.used); n > 0 && c.used[n-1].ceiling < ceiling {
		return n, false
	}
	return slices.BinarySearchFunc(c.used, ceiling, func(u usedCeiling, want vouchers.Amount) int { return cmp.Compare(u.ceiling, want) })
}

// holder returns the call in flight that uses the ceiling, or nil.
func (c *ceilings) holder(ceiling vouchers.Amount) *Reservation {
	if i, found := c.search(ceiling); found {
		return c.used[i].call
	}
	return nil
}

// inFlight returns the call in flight with the highest ceiling, or nil.
func (c *ceilings) inFlight() *Reservation {
	for _, u := range slices.Backward(c.used) {
		if u.call != nil {
			return u.call
		}
	}
	return nil
}

// lowestInFlight returns the lowest ceiling of a call in flight, and false if there is none.
func (c *ceilings) lowestInFlight() (vouchers.Amount, bool) {
	for _, u := range c.used {
		if u.call != nil {
			return u.ceiling, true
		}
	}
	return 0, false
}

// isUsed reports whether the ceiling has bought a call, or is buying one.
func (c *ceilings) isUsed(ceiling vouchers.Amount) bool {
	_, found := c.search(ceiling)
	return found || ceiling <= c.floor
}

// take gives the ceiling to a call.
func (c *ceilings) take(r *Reservation, inFlight int) {
	c.crowd = max(c.crowd-1, inFlight)
	if limit := history + ofCrowd*c.crowd; len(c.used) >= limit {
		c.forget(limit/2, 2*limit)
	}
	ceiling := r.voucher.Ceiling
	i, found := c.search(ceiling)
	if found {
		r.again = true
		c.used[i].call = r
		return
	}
	c.used = slices.Insert(c.used, i, usedCeiling{ceiling, r})
}

// forget raises the floor over the lowest ceilings until keep are left. It stops
// at one in flight, which may yet be free again, unless more than most are left.
func (c *ceilings) forget(keep, most int) {
	k := 0
	for left := len(c.used); left > keep && (c.used[k].call == nil || left > most); left-- {
		k++
	}
	if k > 0 {
		c.floor = max(c.floor, c.used[k-1].ceiling)
		c.used = slices.Delete(c.used, 0, k)
	}
}

// spend notes that the call has bought something with its ceiling.
func (c *ceilings) spend(r *Reservation) {
	if i, found := c.search(r.voucher.Ceiling); found && c.used[i].call == r {
		c.used[i].call = nil
	}
}

// free makes the ceiling of a call that was not charged what it was before.
func (c *ceilings) free(r *Reservation) {
	i, found := c.search(r.voucher.Ceiling)
	if !found || c.used[i].call != r {
		return
	}
	if r.again {
		c.used[i].call = nil
		return
	}
	c.used = slices.Delete(c.used, i, i+1)
}
