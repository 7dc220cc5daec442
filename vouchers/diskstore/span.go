package diskstore

import (
	"math"
	"time"
)

// Span is the time of the first and of the last receipt in the history, to the second; zero if
// there is none.
func (s *Store) Span() (first, last time.Time) {
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for _, table := range s.tables.List() {
		if table.Entries > 0 {
			from, to = min(from, table.First.Unix()), max(to, table.Last.Unix())
		}
	}
	s.mu.Lock()
	for _, segment := range s.unsealed {
		if segment.count > 0 {
			from, to = min(from, int64(segment.first)), max(to, int64(segment.last))
		}
	}
	s.mu.Unlock()
	if from > to {
		return time.Time{}, time.Time{}
	}
	return time.Unix(from, 0).UTC(), time.Unix(to, 0).UTC()
}
