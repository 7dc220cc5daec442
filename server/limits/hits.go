package limits

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// NewHits returns a count of nothing yet; the first time that a limit is met is logged.
func NewHits(logger *slog.Logger) *Hits {
	return &Hits{logger: logger, hits: make(map[string]uint64)}
}

// Hits counts how often each limit was met, by its name.
type Hits struct {
	logger *slog.Logger

	mu   sync.Mutex // guards what follows
	hits map[string]uint64
}

// Add counts that a limit was met.
func (h *Hits) Add(limit string) {
	if h.count(limit) == 1 {
		h.logger.Warn("a limit was met, which no honest client meets by its default; `chit limits` shows how often", "limit", limit)
	}
}

func (h *Hits) count(limit string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hits[limit]++
	return h.hits[limit]
}

// All returns how often each limit was met; one that never was is not there.
func (h *Hits) All() map[string]uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.hits)
}

// Views lists all limits as they are set, those first that were met most often.
func (h *Hits) Views(set Limits) []View {
	hits, all := h.All(), make([]View, len(known))
	for i, limit := range known {
		all[i] = View{limit.name, limit.show(&set), hits[limit.name]}
	}
	slices.SortFunc(all, func(a, b View) int {
		return cmp.Or(cmp.Compare(b.Met, a.Met), strings.Compare(a.Limit, b.Limit))
	})
	return all
}

// View is a limit of a shop, with what it is set to and how often it was met since
// the shop was opened.
type View struct {
	// Limit is its name in configs.
	Limit string `json:"limit"`
	// Value is as a config may have it; sizes are in bytes.
	Value string `json:"value"`
	Met   uint64 `json:"met"`
}
