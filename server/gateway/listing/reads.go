package listing

import (
	"regexp"
	"strings"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/gateway/upstream"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/x402"
)

// Resources and prompts are shown where an upstream's settings name them, or a price does. They
// have their prices under names of their kind, and are free without one.

// shows says whether clients see a resource, a template or a prompt under its upstream's name for
// it. It is called with l.mu held.
func (l *Listing) shows(u *upstream.Server, prefix, name, shown string) bool {
	named := u.Resources
	if prefix == x402.PromptPrefix {
		named = u.Prompts
	}
	if glob.MatchAny(named, name) {
		return true
	}
	_, priced := l.readPrice(u, prefix, name, shown)
	return priced
}

// readPrice is [Listing.priceOf] for a read. It is called with l.mu held.
func (l *Listing) readPrice(u *upstream.Server, prefix, name, shown string) (price pricing.Price, priced bool) {
	return l.priceOf(origin{u, prefix + name}, prefix+shown)
}

// pricesAny says whether a config has a price of a kind, for an upstream or, with nil, for any. It is called with
// l.mu held.
func (l *Listing) pricesAny(u *upstream.Server, prefix string) bool {
	if hasKind(l.prices, prefix) {
		return true
	}
	for other, prices := range l.pricesOf {
		if (u == nil || other == u) && hasKind(prices, prefix) {
			return true
		}
	}
	return false
}

func hasKind(prices pricing.Prices, prefix string) bool {
	for pattern := range prices {
		if strings.HasPrefix(pattern, prefix) {
			return true
		}
	}
	return false
}

// variable is an expression of a URI template.
var variable = regexp.MustCompile(`\{[^{}]*\}`)

// rateReads adds the rates of what is read to those of the config. Where any has a price, each
// that is shown and has none is said to be free. It is called with l.mu held.
func (l *Listing) rateReads(rates server.Rates) {
	all := l.listed()
	add := func(name string, price pricing.Price, pool string) {
		if _, taken := rates[name]; !taken && glob.Check(name) == nil {
			rates[name] = price.Rate(pool)
		}
	}
	if l.pricesAny(nil, x402.PromptPrefix) {
		add(x402.PromptPrefix, pricing.Price{}, "") // what has gone is not free
		for shown, o := range l.promptsOf(all, nil) {
			l.rateRead(add, o.upstream, x402.PromptPrefix, o.name, shown)
		}
	}
	if !l.pricesAny(nil, x402.ResourcePrefix) {
		return
	}
	add(x402.ResourcePrefix, pricing.Price{}, "")
	for _, u := range l.upstreams {
		has := all[u]
		for _, resource := range has.Resources {
			l.rateRead(add, u, x402.ResourcePrefix, resource.URI, resource.URI)
		}
		for _, t := range has.Templates {
			if raw := upstream.RawTemplate(&t); raw != "" {
				l.rateTemplate(add, u, raw)
			}
		}
	}
}

type adder func(name string, price pricing.Price, pool string)

func (l *Listing) rateRead(add adder, u *upstream.Server, prefix, name, shown string) {
	if pattern, ok := l.pricesOf[u].Pattern(prefix + name); ok {
		add(prefix+shown, l.pricesOf[u][pattern], u.Name+"/"+pattern)
		return
	}
	if _, ok := l.prices.Pattern(prefix + shown); !ok && l.shows(u, prefix, name, shown) {
		add(prefix+shown, pricing.Price{}, "")
	}
}

// rateTemplate adds the rate of what a template makes, and those of its upstream's patterns that
// are over a part of that.
func (l *Listing) rateTemplate(add adder, u *upstream.Server, raw string) {
	begins, _, _ := strings.Cut(x402.ResourcePrefix+raw, "{")
	for pattern, price := range l.pricesOf[u] {
		if strings.HasPrefix(pattern, begins) {
			add(pattern, price, u.Name+"/"+pattern)
		}
	}
	makes := variable.ReplaceAllString(raw, "*")
	if pattern, ok := l.pricesOf[u].Pattern(x402.ResourcePrefix + raw); ok {
		add(x402.ResourcePrefix+makes, l.pricesOf[u][pattern], u.Name+"/"+pattern)
		return
	}
	if _, ok := l.prices.Pattern(x402.ResourcePrefix + raw); !ok && glob.MatchAny(u.Resources, raw) {
		add(x402.ResourcePrefix+makes, pricing.Price{}, "")
	}
}

// showsTemplate is [Listing.shows] for a template, of which a price may be over a part.
func (l *Listing) showsTemplate(u *upstream.Server, raw string) bool {
	if l.shows(u, x402.ResourcePrefix, raw, raw) {
		return true
	}
	for _, prices := range []pricing.Prices{l.prices, l.pricesOf[u]} {
		for pattern := range prices {
			if offer.MayMake(x402.ResourcePrefix+raw, pattern) {
				return true
			}
		}
	}
	return false
}
