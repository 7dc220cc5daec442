package exact

import (
	"context"
	"sync"

	"github.com/ethereum/go-ethereum/common"
)

// turns give the calls of one payment their turn, one after another.
type turns struct {
	mu    sync.Mutex // guards taken
	taken map[common.Hash]chan struct{}
}

// take waits until nobody else has the payment with a key; give ends the turn.
func (t *turns) take(ctx context.Context, key common.Hash) (give func(), err error) {
	for {
		t.mu.Lock()
		other, taken := t.taken[key]
		if !taken {
			mine := make(chan struct{})
			t.taken[key] = mine
			t.mu.Unlock()
			return sync.OnceFunc(func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				delete(t.taken, key)
				close(mine)
			}), nil
		}
		t.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
