package listing

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/upstream"
	"github.com/chitpay/chit/x402"
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

// Err says which upstreams did not answer, nil if all did.
func (r *Report) Err() error {
	var down []error
	for _, name := range slices.Sorted(maps.Keys(r.Down)) {
		down = append(down, fmt.Errorf("the upstream %q does not answer: %s", name, r.Down[name]))
	}
	return errors.Join(down...)
}

// Entry is something that an upstream offers.
type Entry struct {
	// Kind is "tool", "resource", "template" or "prompt".
	Kind, Upstream string
	// Own is the upstream's name for it, Shown that which clients see; empty if none does.
	Own, Shown string
	// Price says what a call costs; It is empty if the
	// entry is not shown, and Hidden says why.
	Price, Hidden string
}

// Report says what is sold of what the upstreams offer.
func (l *Listing) Report() *Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.report()
}

// report is called with l.mu held.
func (l *Listing) report() *Report {
	r := &Report{Down: make(map[string]string)}
	all := l.listed()
	tools := l.named(all, func(string, origin) {}) // the report says it
	for _, u := range l.upstreams {
		has := all[u]
		if !has.Known {
			r.Down[u.Name] = u.ReasonDown()
			continue
		}
		for _, name := range has.Names {
			r.Entries = append(r.Entries, l.reportTool(origin{u, name}, tools, has.Left))
		}
		for _, resource := range has.Resources {
			r.Entries = append(r.Entries, l.reportRead("resource", u, x402.ResourcePrefix, resource.URI))
		}
		for _, t := range has.Templates {
			r.Entries = append(r.Entries, l.reportRead("template", u, x402.ResourcePrefix, upstream.RawTemplate(&t)))
		}
		for _, prompt := range has.Prompts {
			r.Entries = append(r.Entries, l.reportRead("prompt", u, x402.PromptPrefix, prompt.Name))
		}
	}
	l.findDead(r, all, tools)
	return r
}

func (l *Listing) reportTool(o origin, tools map[origin]string, left map[string]string) Entry {
	e := Entry{Kind: "tool", Upstream: o.upstream.Name, Own: o.name, Hidden: left[o.name]}
	if e.Hidden != "" {
		return e
	}
	name, named := tools[o]
	price, priced := l.priceOf(o, name)
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

// reportRead says what is done with a resource, a template or a prompt.
func (l *Listing) reportRead(kind string, u *upstream.Server, prefix, name string) Entry {
	e := Entry{Kind: kind, Upstream: u.Name, Own: name}
	shown, setting := name, "resources"
	if kind == "prompt" {
		shown, setting = shownAs(u, name), "prompts"
	}
	price, priced := l.readPrice(u, prefix, name, shown)
	switch {
	case priced:
		e.Shown, e.Price = name, price.String()
	case l.shows(u, prefix, name, shown):
		e.Shown, e.Price = name, server.Free
	case kind == "template" && l.showsTemplate(u, name):
		e.Shown, e.Price = name, "as prices say of its URIs"
	default:
		e.Hidden = fmt.Sprintf("not in %s, and no price for %s%s", setting, prefix, shown)
	}
	return e
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
