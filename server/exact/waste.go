package exact

import (
	"sync"
	"time"
)

// waste bounds the gas of a day of UTC that went into transfers which failed in their blocks.
type waste struct {
	most uint64 // gas units
	now  func() time.Time

	mu   sync.Mutex // guards what follows
	day  int64
	used uint64 // gas units
}

// today begins a new day where one has. Called with w.mu held.
func (w *waste) today() {
	if day := w.now().Unix() / int64((24 * time.Hour).Seconds()); day > w.day { // a clock that goes back gives nothing
		w.day, w.used = day, 0
	}
}

func (w *waste) allows() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.today()
	return w.used < w.most
}

// add counts the gas of a transfer that came to nothing.
func (w *waste) add(gas uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.today()
	w.used += gas
}
