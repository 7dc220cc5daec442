package demo

import (
	"slices"
	"sync"
	"time"
)

// timings collects durations from many goroutines.
type timings struct {
	mu  sync.Mutex // guards all
	all []time.Duration
}

func (t *timings) add(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, d)
}

// percentile returns the smallest duration that p of a hundred do not exceed, in
// microseconds; 0 if there is none.
func (t *timings) percentile(p int) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) == 0 {
		return 0
	}
	slices.Sort(t.all)
	return t.all[(len(t.all)*p+99)/100-1].Microseconds()
}
