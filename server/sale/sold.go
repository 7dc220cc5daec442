package sale

import (
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/vouchers"
)

// sold counts the calls since the shop was opened, for the summary when it stops.
type sold struct {
	charged atomic.Uint64 // atomic USDC
	ok      atomic.Int64

	mu   sync.Mutex       // guards the others
	ends map[string]int64 // calls that did not end well, by their codes
	not  map[string]int64 // calls that were refused, by their codes
}

func (s *sold) add(code string, charged vouchers.Amount) {
	if charged > 0 {
		s.charged.Add(uint64(charged))
	}
	if code == CodeOK {
		s.ok.Add(1)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends == nil {
		s.ends = make(map[string]int64)
	}
	s.ends[code]++
}

func (s *sold) refuse(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.not == nil {
		s.not = make(map[string]int64)
	}
	s.not[code]++
}

// log writes the summary, unless nobody has asked for anything.
func (s *sold) log(logger *slog.Logger) {
	s.mu.Lock()
	ends, not := maps.Clone(s.ends), maps.Clone(s.not)
	s.mu.Unlock()
	calls, refused := s.ok.Load()+sum(ends), sum(not)
	if calls+refused == 0 {
		return
	}
	logger.Info("sold", "calls", calls, "charged", vouchers.Amount(s.charged.Load()), "failed", ends[CodeFailed], "cancelled", ends[CodeCancelled],
		"repeated", ends[codeRepeated], "withheld", ends[codeWithheld], "refused", refused, slog.Any("codes", not))
}

func sum(counts map[string]int64) (all int64) {
	for _, n := range counts {
		all += n
	}
	return all
}
