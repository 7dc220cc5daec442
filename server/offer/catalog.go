package offer

import (
	"maps"
	"slices"

	"github.com/chitpay/chit/glob"
)

// Catalog is what a shop does with tools, by their names in order.
type Catalog struct {
	// Priced cost something, Free nothing.
	Priced, Free []string
	// Hidden have no price: no client sees them or can call them.
	Hidden []string
	// Dead are the patterns among the prices that stand for none of the tools.
	Dead []string
}

// Catalog says what is done with tools of these names.
func (t *Tariff) Catalog(names []string) (c Catalog) {
	sold := slices.Sorted(slices.Values(names))
	for _, name := range sold {
		switch rate := t.of(name); {
		case rate == nil:
			c.Hidden = append(c.Hidden, name)
		case rate.Price == 0:
			c.Free = append(c.Free, name)
		default:
			c.Priced = append(c.Priced, name)
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(t.exact)) {
		if kindOf(pattern) == tool && !slices.Contains(sold, pattern) {
			c.Dead = append(c.Dead, pattern)
		}
	}
	for _, g := range t.globs {
		if kindOf(g.pattern) == tool && !slices.ContainsFunc(sold, func(name string) bool { return glob.Match(g.pattern, name) }) {
			c.Dead = append(c.Dead, g.pattern)
		}
	}
	return c
}

// Charges says whether any price is above 0.
func (t *Tariff) Charges() bool {
	for _, o := range t.exact {
		if o.Price > 0 {
			return true
		}
	}
	return slices.ContainsFunc(t.globs, func(g globRate) bool { return g.rate.Price > 0 })
}
