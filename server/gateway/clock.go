package gateway

import (
	"context"
	"errors"
	"sync"
	"time"
)

// clock ends a call whose upstream takes too long. It stands while the client of the
// call is asked for something: that time is not the upstream's.
type clock struct {
	timer *time.Timer
	limit time.Duration

	mu     sync.Mutex // guards pauses
	pauses int
}

var errLate = errors.New("the upstream took too long")

// startClock returns the context of the call. The caller calls stop.
func startClock(ctx context.Context, limit time.Duration) (within context.Context, c *clock, stop func()) {
	within, cancel := context.WithCancelCause(ctx)
	c = &clock{limit: limit, timer: time.AfterFunc(limit, func() { cancel(errLate) })}
	return within, c, func() {
		c.timer.Stop()
		cancel(nil)
	}
}

// pause stops the clock, and lets it run from the beginning once nothing is asked any
// more.
func (c *clock) pause() (resume func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pauses++; c.pauses == 1 {
		c.timer.Stop()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.pauses--; c.pauses == 0 {
			c.timer.Reset(c.limit)
		}
	}
}
