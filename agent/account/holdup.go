package account

import (
	"context"
	"math"
	"time"
)

// A call in flight may hold up the others of its channel, those of other processes too:
// while the server's correction waits for it, or the server takes one call at a time. A
// server that keeps it alive, byte by byte, would hold the channel for ever.

// await notes that a call waits for those in flight.
func (a *Account) await() {
	if a.waits == 0 {
		a.waits = time.Now().UnixNano()
	}
}

// waited notes that one of them has landed. A correction waits for the last one.
func (a *Account) waited() {
	if !a.draining || a.flying == 0 {
		a.waits = 0
	}
}

// Patient is the context of a call in flight. It ends when others have waited for the call
// for as long as they may; done ends it when the call has been answered.
func (a *Account) Patient(ctx context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var look *time.Timer
	look = time.AfterFunc(math.MaxInt64, func() {
		if ctx.Err() != nil {
			return
		}
		if patience := a.patience(); patience > 0 {
			look.Reset(patience)
			return
		}
		cancel(a.heldUp)
	})
	look.Reset(a.hold)
	return ctx, func() {
		look.Stop()
		cancel(nil)
	}
}

// patience is for how long the calls in flight may still go on, at least. A clock that was
// moved back since makes that no longer than the time since this process has noticed.
func (a *Account) patience() time.Duration {
	a.lock()
	defer a.look()
	if a.waits == 0 {
		return a.hold
	}
	if a.noted != a.waits {
		a.noted, a.noticed = a.waits, time.Now()
	}
	return a.hold - max(time.Since(time.Unix(0, a.waits)), time.Since(a.noticed))
}
