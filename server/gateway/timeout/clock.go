package timeout

import (
	"context"
	"errors"
	"sync"
	"time"
)

// What ends a call whose upstream takes too long: a silence, or the time in all. The texts are
// the settings that say so.
var (
	ErrSilent  = errors.New("timeout")
	ErrOverdue = errors.New("totalTimeout")
)

// Clock ends a call whose upstream is silent for too long, or takes too long in all. It
// stands while the client of the call is asked for something: that silence is not the
// upstream's. The time for the whole goes on.
type Clock struct {
	silence *time.Timer
	whole   *time.Timer // nil if there is no such limit
	limit   time.Duration

	mu     sync.Mutex // guards what follows
	pauses int
	ended  bool
}

// Start begins a call, and returns the context of the call, whose cause is [ErrSilent] or [ErrOverdue]
// where the clock ends it. A whole of 0 is as long as it takes. The caller calls stop.
func Start(ctx context.Context, silence, whole time.Duration) (within context.Context, c *Clock, stop func()) {
	within, cancel := context.WithCancelCause(ctx)
	c = &Clock{limit: silence, silence: time.AfterFunc(silence, func() { cancel(ErrSilent) })}
	if whole > 0 {
		c.whole = time.AfterFunc(whole, func() { cancel(ErrOverdue) })
	}
	return within, c, func() {
		c.end()
		cancel(nil)
	}
}

func (c *Clock) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.silence.Stop()
	if c.whole != nil {
		c.whole.Stop()
	}
}

// Heard says that there was a sign of life: the silence begins anew.
func (c *Clock) Heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run()
}

// run lets the silence begin, unless it is not the upstream's. The lock is held.
func (c *Clock) run() {
	if c.pauses == 0 && !c.ended {
		c.silence.Reset(c.limit)
	}
}

// Pause stops the clock, and lets the silence begin anew once nothing is asked any more.
func (c *Clock) Pause() (resume func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauses++
	c.silence.Stop()
	return c.Resume
}

// Resume ends a pause.
func (c *Clock) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauses--
	c.run()
}

// Cause is why a context was ended by its clock, nil if it was not.
func Cause(within context.Context) error {
	cause := context.Cause(within)
	if errors.Is(cause, ErrSilent) || errors.Is(cause, ErrOverdue) {
		return cause
	}
	return nil
}
