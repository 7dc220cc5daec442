package dial

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// fault is why the answer to a request was given up, for callers below whom a library
// says something else.
type fault struct {
	mu  sync.Mutex // guards err
	err error
}

type faultKey struct{}

// Watched is a context for a request, with what says why it failed: the error of the
// limit that was met, or else the one that is given.
func Watched(ctx context.Context) (context.Context, func(error) error) {
	f := new(fault)
	return context.WithValue(ctx, faultKey{}, f), func(err error) error {
		f.note(context.Cause(ctx))
		f.mu.Lock()
		defer f.mu.Unlock()
		if err == nil || f.err == nil || errors.Is(err, ErrLimit) {
			return err
		}
		return fmt.Errorf("%w: %w", f.err, err)
	}
}

func faultOf(ctx context.Context) *fault {
	f, _ := ctx.Value(faultKey{}).(*fault)
	return f
}

func (f *fault) note(err error) {
	if f == nil || !errors.Is(err, ErrLimit) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}
