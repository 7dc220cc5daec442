package gateway

import (
	"context"
	"errors"
	"sync"
	"time"
)

// What ends a call whose upstream takes too long. The texts are the settings that say so.
var (
	errSilent  = errors.New("timeout")
	errOverdue = errors.New("totalTimeout")
)

// clock ends a call whose upstream is silent for too long, or takes too long in all. It
// stands while the client of the call is asked for something: that silence is not the
// upstream's. The time for the whole goes on.
type clock struct {
	silence *time.Timer
	whole   *time.Timer // nil if there is no such limit
	limit   time.Duration

	mu     sync.Mutex // guards what follows
	pauses int
	ended  bool
}

// startClock returns the context of the call, whose cause is [errSilent] or [errOverdue]
// where the clock ends it. A whole of 0 is as long as it takes. The caller calls stop.
func startClock(ctx context.Context, silence, whole time.Duration) (within context.Context, c *clock, stop func()) {
	within, cancel := context.WithCancelCause(ctx)
	c = &clock{limit: silence, silence: time.AfterFunc(silence, func() { cancel(errSilent) })}
	if whole > 0 {
		c.whole = time.AfterFunc(whole, func() { cancel(errOverdue) })
	}
	return within, c, func() {
		c.end()
		cancel(nil)
	}
}

func (c *clock) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.silence.Stop()
	if c.whole != nil {
		c.whole.Stop()
	}
}

// heard says that there was a sign of life: the silence begins anew.
func (c *clock) heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run()
}

// run lets the silence begin, unless it is not the upstream's. The lock is held.
func (c *clock) run() {
	if c.pauses == 0 && !c.ended {
		c.silence.Reset(c.limit)
	}
}

// pause stops the clock, and lets the silence begin anew once nothing is asked any more.
func (c *clock) pause() (resume func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauses++
	c.silence.Stop()
	return c.resume
}

func (c *clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauses--
	c.run()
}

// tooSlow is why a context was ended by its clock, nil if it was not.
func tooSlow(within context.Context) error {
	cause := context.Cause(within)
	if errors.Is(cause, errSilent) || errors.Is(cause, errOverdue) {
		return cause
	}
	return nil
}
