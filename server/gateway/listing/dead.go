package listing

import (
	"fmt"
	"maps"
	"slices"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/server/gateway/upstream"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/x402"
)

// DeadPattern is a pattern of the config that stands for nothing.
type DeadPattern struct {
	// Where is the path of its setting, such as "upstreams.files.allow".
	Where, Pattern string
	// Hint may say what was meant.
	Hint string
}

// String is such as `prices: "get-sum" stands for nothing; clients see every_get-sum`.
func (d DeadPattern) String() string {
	text := fmt.Sprintf("%s: %q stands for nothing", d.Where, d.Pattern)
	if d.Hint != "" {
		text += "; " + d.Hint
	}
	return text
}

// findDead is called with l.mu held.
func (l *Listing) findDead(r *Report, all map[*upstream.Server]upstream.Lists, tools map[origin]string) {
	if len(r.Down) == 0 {
		names := slices.Collect(maps.Values(tools))
		for shown := range l.promptsOf(all, nil) {
			names = append(names, x402.PromptPrefix+shown)
		}
		for _, has := range all {
			names = append(names, prefixed(x402.ResourcePrefix, has.URIs())...)
		}
		r.dead("prices", slices.Sorted(maps.Keys(l.prices)), names, func(pattern string) string {
			return hint(pattern, tools, func(o origin, shown string) (string, string) { return o.name, "clients see " + shown })
		})
	}
	for _, u := range l.upstreams {
		has := all[u]
		if !has.Known {
			continue
		}
		where := "upstreams." + u.Name + "."
		var own []string
		for o := range tools {
			if o.upstream == u {
				own = append(own, o.name)
			}
		}
		own = append(append(own, prefixed(x402.ResourcePrefix, has.URIs())...), prefixed(x402.PromptPrefix, has.PromptNames())...)
		r.dead(where+"prices", slices.Sorted(maps.Keys(l.pricesOf[u])), own, func(pattern string) string {
			return hint(pattern, tools, func(o origin, shown string) (string, string) { return shown, "its own name is " + o.name })
		})
		r.dead(where+"allow", u.Allow, has.Names, nil)
		r.dead(where+"deny", u.Deny, has.Names, nil)
		r.dead(where+"resources", u.Resources, has.URIs(), nil)
		r.dead(where+"prompts", u.Prompts, has.PromptNames(), nil)
	}
}

func prefixed(prefix string, names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = prefix + name
	}
	return all
}

func (r *Report) dead(where string, patterns, names []string, hint func(pattern string) string) {
	for _, pattern := range patterns {
		if slices.ContainsFunc(names, func(name string) bool { return offer.Over(pattern, name) || offer.MayMake(name, pattern) }) {
			continue
		}
		d := DeadPattern{Where: where, Pattern: pattern}
		if hint != nil {
			d.Hint = hint(pattern)
		}
		r.Dead = append(r.Dead, d)
	}
}

// hint is for a pattern that was written for other names than those that it is held
// against.
func hint(pattern string, tools map[origin]string, of func(o origin, shown string) (meant, hint string)) string {
	var hints []string
	for o, shown := range tools {
		if meant, hint := of(o, shown); glob.Match(pattern, meant) {
			hints = append(hints, hint)
		}
	}
	if len(hints) == 0 {
		return ""
	}
	slices.Sort(hints)
	return hints[0]
}
