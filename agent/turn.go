package agent

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// turn is a lock that is waited for until a context ends. The zero one is ready.
type turn struct {
	once sync.Once
	held chan struct{}
}

func (t *turn) slot() chan struct{} {
	t.once.Do(func() { t.held = make(chan struct{}, 1) })
	return t.held
}

// take tries once at least.
func (t *turn) take(ctx context.Context) error {
	select {
	case t.slot() <- struct{}{}:
		return nil
	default:
	}
	select {
	case t.slot() <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBookBusy, context.Cause(ctx))
	}
}

func (t *turn) give() { <-t.held }

// bookWait is how long one process waits for another to be done with a file of the book.
const bookWait = 5 * time.Second

// errHeld is why a wait ends for a file that another process does not give back.
var errHeld = fmt.Errorf("another chit process has held it for %s", bookWait)

// The time between two looks at a file that is held: its holder has it for some
// microseconds, unless it is stopped.
const (
	firstLook = 50 * time.Microsecond
	laterLook = 5 * time.Millisecond
)

// take locks a file. It tries once at least, and waits until the context ends.
func take(ctx context.Context, lock *flock.Flock) error {
	for wait := firstLook; ; wait = min(2*wait, laterLook) {
		if ok, err := lock.TryLock(); err != nil || ok {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("waiting for another chit process: %w", context.Cause(ctx))
		}
	}
}

// takeSoon is take for no longer than other processes are waited for.
func takeSoon(ctx context.Context, lock *flock.Flock) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bookWait, errHeld)
	defer cancel()
	return take(ctx, lock)
}
