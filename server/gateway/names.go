package gateway

import (
	"slices"

	"github.com/chitpay/chit/server/gateway/pricing"
)

// origin is where a name that the gateway shows comes from.
type origin struct {
	upstream *upstream
	// name is the upstream's own.
	name string
}

// showAs gives every upstream's names the ones that clients see. A name stays what it
// is unless its upstream has a prefix, or another upstream has the name, too: then
// all that have it are prefixed with the name of their upstream, so that no name ever
// moves from one upstream to another. Reserved names count as another upstream's.
// What conflicts even then is left out and reported to clash.
func showAs(all []*upstream, names func(*upstream) []string, reserved []string, clash func(shown string, o origin)) map[string]origin {
	holders := make(map[string]int)
	for _, name := range reserved {
		holders[name]++
	}
	own := make(map[*upstream][]string, len(all))
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

func shownAs(u *upstream, name string) string {
	if u.Prefix == "" {
		return name
	}
	return u.Prefix + "_" + name
}

// priceOf is what a tool costs, by its upstream's own prices or by the name that clients
// see. A tool that nothing prices is not sold. It is called with g.mu held.
func (g *Gateway) priceOf(o origin, shown string) (price pricing.Price, sold bool) {
	if pattern, ok := o.upstream.Prices.Pattern(o.name); ok {
		return o.upstream.Prices[pattern], true
	}
	pattern, ok := g.prices.Pattern(shown)
	return g.prices[pattern], ok
}
