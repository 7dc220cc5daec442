package access

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
)

const day = 24 * time.Hour

// sums are what a key has used in a day.
type sums struct {
	// Day counts from the Unix epoch on, in UTC.
	Day   int64             `json:"day"`
	Calls uint64            `json:"calls"`
	Gas   map[string]uint64 `json:"gas"`
}

func dayOf(at time.Time) int64 { return at.Unix() / int64(day/time.Second) }

func untilTomorrow(now time.Time) time.Duration {
	return time.Unix((dayOf(now)+1)*int64(day/time.Second), 0).Sub(now)
}

// turn begins a new day where it is one. A clock that is set back over midnight begins none, and one
// that was days ahead does. It is called with c.mu held.
func (c *caller) turn(now time.Time) {
	if today := dayOf(now); today > c.today.Day || today < c.today.Day-1 || c.today.Gas == nil {
		c.today, c.written = sums{Day: today, Gas: make(map[string]uint64)}, 0
	}
}

// strides is in how many steps the calls of a day are written.
const strides = 256

// stride is how many calls one write stands for.
func (c *caller) stride() uint64 { return c.key.CallsPerDay/strides + 1 }

// submit queues the sums, with calls up to where they are admitted without another write. It is
// called with c.mu held.
func (c *caller) submit(calls uint64) vouchers.Ticket {
	c.written = min(calls, c.key.CallsPerDay)
	raw, err := json.Marshal(sums{c.today.Day, c.written, c.today.Gas})
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", c.today, err)) // numbers and texts alone
	}
	return c.of.bucket.Submit([]byte(c.key.Name), raw)
}

// write queues the sums as they are.
func (c *caller) write() vouchers.Ticket {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(c.of.now())
	return c.submit(c.today.Calls)
}

// load takes up the sums of today.
func (c *caller) load() error {
	raw, err := c.of.bucket.Get([]byte(c.key.Name))
	if err != nil {
		return fmt.Errorf("read what the key %s has used: %w", c.key.Name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if raw != nil {
		if err := json.Unmarshal(raw, &c.today); err != nil {
			return fmt.Errorf("read what the key %s has used: %w", c.key.Name, err)
		}
		c.written = c.today.Calls
	}
	c.turn(c.of.now())
	return nil
}

// sweep removes the sums of keys that are there no more, once their day is over.
func (a *Access) sweep() error {
	known := make(map[string]bool)
	for _, c := range a.callers {
		known[c.key.Name] = true
	}
	var old [][]byte
	if err := a.bucket.ForEach(nil, func(key, value []byte) error {
		var s sums
		if err := json.Unmarshal(value, &s); !known[string(key)] && (err != nil || s.Day < dayOf(a.now())) {
			old = append(old, append([]byte(nil), key...))
		}
		return nil
	}); err != nil {
		return fmt.Errorf("read what keys have used: %w", err)
	}
	for _, key := range old {
		if err := a.bucket.Delete(context.Background(), key); err != nil {
			return fmt.Errorf("remove what a key has used that is there no more: %w", err)
		}
	}
	return nil
}
