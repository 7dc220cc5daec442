package facilitator

import (
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"
)

// tab is what each caller has under way, and the gas that is set aside for it.
type tab struct {
	most int // of one caller

	mu   sync.Mutex // guards what follows
	open map[common.Hash]*entry
	of   map[string]int // how many each caller has
}

// entry is a payment that is under way.
type entry struct {
	caller string
	done   func(used uint64)
}

func newTab(most int) *tab {
	return &tab{most: most, open: make(map[common.Hash]*entry), of: make(map[string]int)}
}

// begin notes a payment of a caller. It is false, and nothing is noted, where the payment is under
// way already, and refused where the caller has as many as it may.
func (t *tab) begin(key common.Hash, caller string, done func(uint64)) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.open[key] != nil:
		return false, nil
	case t.of[caller] >= t.most:
		return false, &LimitError{What: fmt.Sprintf("%d payments wait to be settled, which is the most", t.most)}
	}
	t.add(key, caller, done)
	return true, nil
}

// add is called with t.mu held.
func (t *tab) add(key common.Hash, caller string, done func(uint64)) {
	t.open[key] = &entry{caller, done}
	t.of[caller]++
}

// resume notes a payment that an earlier process has begun.
func (t *tab) resume(key common.Hash, caller string, done func(uint64)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[key] == nil {
		t.add(key, caller, done)
	}
}

// end closes a payment's entry with what gas it has used. It is false where there is none.
func (t *tab) end(key common.Hash, used uint64) bool {
	t.mu.Lock()
	e := t.open[key]
	if e != nil {
		delete(t.open, key)
		if t.of[e.caller]--; t.of[e.caller] == 0 {
			delete(t.of, e.caller)
		}
	}
	t.mu.Unlock()
	if e == nil {
		return false
	}
	e.done(used)
	return true
}
