package server

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// limitHits counts how often each limit was met, by its name.
type limitHits struct {
	logger *slog.Logger

	mu   sync.Mutex // guards what follows
	hits map[string]uint64
}

func (h *limitHits) add(limit string) {
	if h.count(limit) == 1 {
		h.logger.Warn("a limit was met, which no honest client meets by its default; `chit limits` shows how often", "limit", limit)
	}
}

func (h *limitHits) count(limit string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hits == nil {
		h.hits = make(map[string]uint64)
	}
	h.hits[limit]++
	return h.hits[limit]
}

func (h *limitHits) all() map[string]uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.hits)
}

// Limits returns the limits that apply.
func (s *Shop) Limits() Limits { return s.limits }

// MeetLimit counts that a limit was met by what the shop cannot see, such as a gateway.
func (s *Shop) MeetLimit(name string) { s.met.add(name) }

// LimitHits returns how often each limit was met since the shop was opened, by the
// limit's name. A limit that was never met is not there. The first time is logged.
func (s *Shop) LimitHits() map[string]uint64 { return s.met.all() }

// LimitView is a limit of a shop, with what it is set to and how often it was met since
// the shop was opened.
type LimitView struct {
	Limit string `json:"limit"`
	// Value is as a config may have it; sizes are in bytes.
	Value string `json:"value"`
	Met   uint64 `json:"met"`
}

// LimitViews lists all limits, those first that were met most often.
func (s *Shop) LimitViews() []LimitView {
	hits, all := s.met.all(), make([]LimitView, len(limits))
	for i, known := range limits {
		all[i] = LimitView{known.name, known.show(&s.limits), hits[known.name]}
	}
	slices.SortFunc(all, func(a, b LimitView) int {
		return cmp.Or(cmp.Compare(b.Met, a.Met), strings.Compare(a.Limit, b.Limit))
	})
	return all
}
