package listing

import (
	"slices"

	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/gateway/upstream"
)

// origin is where a name that the gateway shows comes from.
type origin struct {
	upstream *upstream.Server
	// name is the upstream's own.
	name string
}

// showAs gives every upstream's names the ones that clients see. A name stays what it
// is unless its upstream has a prefix, or another upstream has the name, too: then
// all that have it are prefixed with the name of their upstream, so that no name ever
// moves from one upstream to another. Reserved names count as another upstream's.
// What conflicts even then is left out and reported to clash.
func showAs(all []*upstream.Server, names func(*upstream.Server) []string, reserved []string, clash func(shown string, o origin)) map[string]origin {
	holders := make(map[string]int)
	for _, name := range reserved {
		holders[name]++
	}
	own := make(map[*upstream.Server][]string, len(all))
	for _, u := range all {
		own[u] = slices.Compact(slices.Sorted(slices.Values(names(u)))) // pages of a list may overlap
		for _, name := range own[u] {
			holders[shownAs(u, name)]++
		}
	}
	shown := make(map[string]origin)
	for _, u := range all {
		for _, name := range own[u] {
			as := shownAs(u, name)
			if holders[as] > 1 {
				as = u.Name + "_" + as
			}
			if _, taken := shown[as]; taken || slices.Contains(reserved, as) {
				clash(as, origin{u, name})
				continue
			}
			shown[as] = origin{u, name}
		}
	}
	return shown
}

func shownAs(u *upstream.Server, name string) string {
	if u.Prefix == "" {
		return name
	}
	return u.Prefix + "_" + name
}

// priceOf is what a tool costs, by its upstream's own prices or by the name that clients
// see. A tool that nothing prices is not sold. It is called with l.mu held.
func (l *Listing) priceOf(o origin, shown string) (price pricing.Price, sold bool) {
	if pattern, ok := l.pricesOf[o.upstream].Pattern(o.name); ok {
		return l.pricesOf[o.upstream][pattern], true
	}
	pattern, ok := l.prices.Pattern(shown)
	return l.prices[pattern], ok
}
