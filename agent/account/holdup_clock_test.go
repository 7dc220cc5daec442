package account

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestAClockThatIsMovedBackHoldsUpNoChannel(t *testing.T) {
	a := newAccount(100, 0, 0)
	a.hold, a.heldUp = 50*time.Millisecond, errors.New("held up")
	if _, err := a.reserve(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	a.lock()
	a.await()
	a.waits = time.Now().Add(time.Hour).UnixNano() // by the clock as it was
	a.unlock()
	ctx, answered := a.Patient(t.Context())
	defer answered()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
	}
	if err := ctx.Err(); err == nil || !errors.Is(context.Cause(ctx), a.heldUp) {
		t.Errorf("after %s the call that others wait for goes on: %v", a.hold, err)
	}
}
