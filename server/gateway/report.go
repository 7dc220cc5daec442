package gateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/limits"
)

// Report is what a gateway does with everything that its upstreams offer, and what of its
// config does nothing.
type Report struct {
	// Entries are in the order of the upstreams, of each its tools, resources and prompts.
	Entries []Entry
	// Dead are patterns that stand for nothing that there is.
	Dead []DeadPattern
	// Down are the upstreams that did not answer, and why. Nothing is known of what they
	// offer.
	Down map[string]string
}

// Entry is something that an upstream offers.
type Entry struct {
	// Kind is "tool", "resource", "template" or "prompt".
	Kind, Upstream string
	// Own is the upstream's name for it, Shown that which clients see; empty if none does.
	Own, Shown string
	// Price says what a call costs; of what is no tool it is "free". It is empty if the
	// entry is not shown, and Hidden says why.
	Price, Hidden string
}

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

// Survey connects to the upstreams of a config, and says what a gateway would sell of
// them. It needs no shop, and ends the connections again.
func Survey(ctx context.Context, config *Config, o Options) (*Report, error) {
	bounds, err := limitsOf(config)
	if err != nil {
		return nil, err
	}
	g := newGateway(config, bounds, o)
	g.connect(ctx)
	defer g.Close()
	if err := g.await(ctx); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.report(), nil
}

// limiter says what bounds upstreams, and is told when they meet a limit.
type limiter interface {
	Limits() server.Limits
	MeetLimit(name string)
}

// limitsAlone are limits where there is no shop.
type limitsAlone server.Limits

func (l limitsAlone) Limits() server.Limits { return server.Limits(l) }

// MeetLimit counts nothing: nobody reads it.
func (l limitsAlone) MeetLimit(string) {}

func limitsOf(c *Config) (limitsAlone, error) {
	var bounds server.Limits
	for _, texts := range []map[string]string{limits.Defaults(), c.Limits} {
		for name, text := range texts {
			if err := bounds.Set(name, text); err != nil {
				return limitsAlone{}, err
			}
		}
	}
	return limitsAlone(bounds), nil
}

// report is called with g.mu held.
func (g *Gateway) report() *Report {
	r := &Report{Down: make(map[string]string)}
	all := g.listed()
	tools := g.named(all, func(string, origin) {}) // the report says it
	for _, u := range g.upstreams {
		l := all[u]
		if !l.known {
			r.Down[u.Name] = u.reasonDown()
			continue
		}
		for _, name := range l.names {
			r.Entries = append(r.Entries, g.reportTool(origin{u, name}, tools, l.left))
		}
		for _, resource := range l.resources {
			r.open("resource", u, resource.URI, "resources", u.Resources)
		}
		for _, t := range l.templates {
			r.open("template", u, rawTemplate(&t), "resources", u.Resources)
		}
		for _, prompt := range l.prompts {
			r.open("prompt", u, prompt.Name, "prompts", u.Prompts)
		}
	}
	r.findDead(g.prices, g.upstreams, all, tools)
	return r
}

func (g *Gateway) reportTool(o origin, tools map[origin]string, left map[string]string) Entry {
	e := Entry{Kind: "tool", Upstream: o.upstream.Name, Own: o.name, Hidden: left[o.name]}
	if e.Hidden != "" {
		return e
	}
	name, named := tools[o]
	price, priced := g.priceOf(o, name)
	switch {
	case !named:
		e.Hidden = "another upstream has a tool of the same name: set a prefix"
	case !priced:
		e.Hidden = fmt.Sprintf("no price for %s: give it one, which may be free", name)
	default:
		e.Shown, e.Price = name, price.String()
	}
	return e
}

// open adds what costs nothing, and is shown where the config names it.
func (r *Report) open(kind string, u *upstream, name, setting string, shown []string) {
	e := Entry{Kind: kind, Upstream: u.Name, Own: name}
	if glob.MatchAny(shown, name) {
		e.Shown, e.Price = name, server.Free
	} else {
		e.Hidden = "not in " + setting
	}
	r.Entries = append(r.Entries, e)
}

func (r *Report) findDead(prices pricing.Prices, upstreams []*upstream, all map[*upstream]lists, tools map[origin]string) {
	if len(r.Down) == 0 {
		r.dead("prices", slices.Sorted(maps.Keys(prices)), slices.Collect(maps.Values(tools)), func(pattern string) string {
			return hint(pattern, tools, func(o origin, shown string) (string, string) { return o.name, "clients see " + shown })
		})
	}
	for _, u := range upstreams {
		l := all[u]
		if !l.known {
			continue
		}
		where := "upstreams." + u.Name + "."
		var own []string
		for o := range tools {
			if o.upstream == u {
				own = append(own, o.name)
			}
		}
		r.dead(where+"prices", slices.Sorted(maps.Keys(u.Prices)), own, func(pattern string) string {
			return hint(pattern, tools, func(o origin, shown string) (string, string) { return shown, "its own name is " + o.name })
		})
		r.dead(where+"allow", u.Allow, l.names, nil)
		r.dead(where+"deny", u.Deny, l.names, nil)
		r.dead(where+"resources", u.Resources, l.uris(), nil)
		r.dead(where+"prompts", u.Prompts, l.promptNames(), nil)
	}
}

func (r *Report) dead(where string, patterns, names []string, hint func(pattern string) string) {
	for _, pattern := range patterns {
		if slices.ContainsFunc(names, func(name string) bool { return glob.Match(pattern, name) }) {
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

// Table is the entries for people: rows of what there is, its price, and what clients see.
func (r *Report) Table() (head []string, rows [][]string) {
	for _, e := range r.Entries {
		price := e.Price
		if e.Hidden != "" {
			price = "not shown: " + e.Hidden
		}
		rows = append(rows, []string{e.Upstream, e.Kind, e.Own, e.Shown, price})
	}
	return []string{"UPSTREAM", "KIND", "ITS NAME", "CLIENTS SEE", "PRICE"}, rows
}

// maxNamed is how many names a line of the log has.
const maxNamed = 50

// tell logs a report that says something new. It is called with g.mu held.
func (g *Gateway) tell() {
	r := g.report()
	var priced, free, hidden, open, dead []string
	for _, e := range r.Entries {
		switch {
		case e.Hidden != "" && e.Kind == "tool":
			hidden = append(hidden, e.Upstream+": "+e.Own+" ("+e.Hidden+")")
		case e.Hidden != "":
			open = append(open, e.Upstream+": "+e.Own)
		case e.Price == server.Free:
			free = append(free, e.Shown)
		default:
			priced = append(priced, e.Shown)
		}
	}
	for _, d := range r.Dead {
		dead = append(dead, d.String())
	}
	told := fmt.Sprint(priced, free, hidden, open, dead)
	if told == g.told {
		return
	}
	g.told = told
	g.logger.Info("for sale", "priced", few(priced), "free", few(free))
	if len(hidden) > 0 {
		g.logger.Warn("tools that are not shown", "tools", few(hidden))
	}
	if len(open) > 0 {
		g.logger.Info("resources and prompts that are not shown: an upstream's settings resources and prompts name those that are", "names", few(open))
	}
	if len(dead) > 0 {
		g.logger.Warn("patterns that stand for nothing", "patterns", few(dead))
	}
}

func few(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
