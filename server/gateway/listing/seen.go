package listing

import (
	"maps"
	"slices"
	"time"
)

// goneTime is for how long a tool that went away keeps its price: longer than a call is
// on its way between the list of tools and the paywall, which finds the price by name.
const goneTime = time.Minute

// seen are the names of the tools that are shown, and of those that went away a moment
// ago.
type seen struct {
	shown map[string]origin
	gone  []goneTool // the oldest first
}

type goneTool struct {
	name string
	from origin
	at   time.Time
}

// show takes what is shown from now on. At most so many of those that are gone are kept.
func (s *seen) show(shown map[string]origin, now time.Time, most int) {
	for name, from := range s.shown {
		if _, still := shown[name]; !still {
			s.gone = append(s.gone, goneTool{name, from, now})
		}
	}
	s.shown = shown
	fresh := slices.IndexFunc(s.gone, func(g goneTool) bool { return now.Sub(g.at) < goneTime })
	if fresh < 0 {
		fresh = len(s.gone)
	}
	s.gone = slices.Clone(s.gone[max(fresh, len(s.gone)-most):])
}

// origins are all of them.
func (s *seen) origins() map[string]origin {
	all := make(map[string]origin, len(s.gone)+len(s.shown))
	for _, g := range s.gone {
		all[g.name] = g.from
	}
	maps.Copy(all, s.shown)
	return all
}
