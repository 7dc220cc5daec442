package limits

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// PerSecond lets so many through each second, and ten times as many at once.
func PerSecond(n int) *rate.Limiter { return rate.NewLimiter(rate.Limit(n), 10*n) }

// NewRates are rates of so much a second, and so much at once, for each key.
func NewRates[K comparable](limit rate.Limit, burst int) *Rates[K] {
	return &Rates[K]{limit: limit, burst: burst, all: make(map[K]*rate.Limiter)}
}

// Rates are rates of many keys. Those that are not in use are forgotten.
type Rates[K comparable] struct {
	limit rate.Limit
	burst int

	mu  sync.Mutex // guards what follows
	all map[K]*rate.Limiter
}

// maxKeyedRates is how many are remembered before those are dropped that are full again.
const maxKeyedRates = 1 << 14

// Allow takes one of what the key may have now, and reports whether there was one.
func (r *Rates[K]) Allow(key K, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	limiter := r.all[key]
	if limiter == nil {
		if len(r.all) >= maxKeyedRates && !r.forget(now) {
			return false
		}
		limiter = rate.NewLimiter(r.limit, r.burst)
		r.all[key] = limiter
	}
	return limiter.AllowN(now, 1)
}

// forget drops the rates that are full again, and reports whether there were any.
// Called with r.mu held.
func (r *Rates[K]) forget(now time.Time) bool {
	before := len(r.all)
	for key, limiter := range r.all {
		if limiter.TokensAt(now) >= float64(r.burst) {
			delete(r.all, key)
		}
	}
	return len(r.all) < before
}
