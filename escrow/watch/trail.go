package watch

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// step is a block that was the head of the chain when the watcher looked, and when
// that was.
type step struct {
	Number uint64      `json:"-"`
	Hash   common.Hash `json:"hash"`
	Seen   time.Time   `json:"seen"`
}

func (s step) number() *big.Int { return new(big.Int).SetUint64(s.Number) }

func (s step) key() []byte { return binary.BigEndian.AppendUint64(nil, s.Number) }

// trailLength is how many steps are kept: how far back a reorganization is followed
// without reading every channel again.
const trailLength = 128

// trail is where a watcher has been, the latest step last. It is the watcher's
// checkpoint: everything up to the last step is in the ledger.
type trail struct {
	bucket vouchers.Bucket
	loaded bool
	steps  []step
}

// load reads the trail from the store, once.
func (t *trail) load() error {
	if t.loaded {
		return nil
	}
	t.steps = nil
	err := t.bucket.ForEach(nil, func(key, value []byte) error {
		var s step
		if len(key) != 8 {
			return fmt.Errorf("the watcher's checkpoint has a key of %d bytes", len(key))
		}
		if err := json.Unmarshal(value, &s); err != nil {
			return fmt.Errorf("read the watcher's checkpoint: %w", err)
		}
		s.Number = binary.BigEndian.Uint64(key)
		t.steps = append(t.steps, s)
		return nil
	})
	t.loaded = err == nil
	return err
}

func (t *trail) last() (step, bool) {
	if len(t.steps) == 0 {
		return step{}, false
	}
	return t.steps[len(t.steps)-1], true
}

func (t *trail) backward() iter.Seq[step] {
	return func(yield func(step) bool) {
		for _, s := range slices.Backward(t.steps) {
			if !yield(s) {
				return
			}
		}
	}
}

// add makes a step durable, and forgets the oldest one beyond the length.
func (t *trail) add(ctx context.Context, s step) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write the watcher's checkpoint: %w", err)
	}
	if err := t.bucket.Put(ctx, s.key(), value); err != nil {
		return fmt.Errorf("write the watcher's checkpoint: %w", err)
	}
	t.steps = append(t.steps, s)
	if len(t.steps) > trailLength {
		t.bucket.Submit(t.steps[0].key(), nil)
		t.steps = slices.Delete(t.steps, 0, 1)
	}
	return nil
}

// cut forgets every step after the fork, durably.
func (t *trail) cut(ctx context.Context, fork step) error {
	for len(t.steps) > 0 && t.steps[len(t.steps)-1] != fork {
		if err := t.bucket.Delete(ctx, t.steps[len(t.steps)-1].key()); err != nil {
			return fmt.Errorf("cut the watcher's checkpoint: %w", err)
		}
		t.steps = t.steps[:len(t.steps)-1]
	}
	return nil
}
