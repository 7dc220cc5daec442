package vouchers

import (
	"sync"
	"time"
)

const (
	recentShards   = 16
	recentOverhead = 512 // bytes that an answer costs besides its own
)

// recent keeps the latest answers to payments without an identifier in memory, so
// that the same voucher with the same request gets its answer again. It holds a
// bounded number of bytes; the oldest go first.
type recent struct {
	shards [recentShards]recentShard
}

type recentShard struct {
	order  sync.Mutex // guards what follows
	budget int        // bytes
	held   int        // bytes
	queue  []*keptAnswer
	byCall map[callKey]*keptAnswer
}

// callKey names a payment and what it was for.
type callKey struct {
	voucher     Voucher
	fingerprint [32]byte
}

type keptAnswer struct {
	key     callKey
	body    []byte
	expires time.Time
}

func (a *keptAnswer) cost() int { return len(a.body) + recentOverhead }

func newRecent(bytes int) *recent {
	var r recent
	for i := range r.shards {
		r.shards[i].budget = bytes / recentShards
		r.shards[i].byCall = map[callKey]*keptAnswer{}
	}
	return &r
}

func (k *recent) shard(key *callKey) *recentShard {
	return &k.shards[spread(&key.voucher.Channel, recentShards)]
}

func (k *recent) keep(key callKey, body []byte, expires time.Time) {
	s := k.shard(&key)
	a := &keptAnswer{key, body, expires}
	s.order.Lock()
	defer s.order.Unlock()
	if a.cost() > s.budget {
		return
	}
	s.queue = append(s.queue, a)
	s.byCall[key] = a
	s.held += a.cost()
	for s.held > s.budget {
		oldest := s.queue[0]
		s.queue[0], s.queue = nil, s.queue[1:]
		s.held -= oldest.cost()
		if s.byCall[oldest.key] == oldest {
			delete(s.byCall, oldest.key)
		}
	}
}

func (k *recent) answer(key callKey, now time.Time) ([]byte, bool) {
	s := k.shard(&key)
	s.order.Lock()
	defer s.order.Unlock()
	a := s.byCall[key]
	if a == nil || !now.Before(a.expires) {
		return nil, false
	}
	return a.body, true
}
