package lock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrBusy says that another process has the channel book open.
var ErrBusy = errors.New("the channel book is in use")

// Turn is a lock that is waited for until a context ends. The zero one is ready.
type Turn struct {
	once sync.Once
	held chan struct{}
}

func (t *Turn) slot() chan struct{} {
	t.once.Do(func() { t.held = make(chan struct{}, 1) })
	return t.held
}

// Take waits for the turn until the context ends, and tries once at least. Errors wrap
// [ErrBusy].
func (t *Turn) Take(ctx context.Context) error {
	select {
	case t.slot() <- struct{}{}:
		return nil
	default:
	}
	select {
	case t.slot() <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))
	}
}

// Give ends what Take began.
func (t *Turn) Give() { <-t.held }

// Patience is how long one process waits for another to be done with a file of the book.
const Patience = 5 * time.Second

// errHeld is why a wait ends for a file that another process does not give back.
var errHeld = fmt.Errorf("another chit process has held it for %s", Patience)

// The time between two looks at a file that is held: its holder has it for some
// microseconds, unless it is stopped.
const (
	firstLook = 50 * time.Microsecond
	laterLook = 5 * time.Millisecond
)

// Locker is a lock on a file.
type Locker interface{ TryLock() (bool, error) }

// File locks a file. It tries once at least, and waits until the context ends.
func File(ctx context.Context, lock Locker) error {
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

// FileSoon is [File] for no longer than other processes are waited for.
func FileSoon(ctx context.Context, lock Locker) error {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, errHeld)
	defer cancel()
	return File(ctx, lock)
}
