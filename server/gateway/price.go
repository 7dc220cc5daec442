package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

// Prices are by the name of a tool or a glob over names, which rank as in
// [server.Prices].
type Prices map[string]Price

// Price is what a call or a request costs. Amounts are atomic USDC.
type Price struct {
	// Most is the most that it costs; without Per, what it costs.
	Most vouchers.Amount
	// Base and Per make the price depend on an argument; Per is nil for a price that does not.
	Base vouchers.Amount
	Per  *Per
	// Metered says that the upstream tells what a call has really cost: in [server.MetaCost]
	// or, of a route, [server.HeaderCost].
	Metered bool
	// ChargeFailed and ChargeCancelled are as in [server.Rate].
	ChargeFailed, ChargeCancelled bool
	// Free is what each payer gets for nothing.
	Free server.Allowance
}

// readPrice reads an amount, or a group that says more.
func readPrice(r *reader, to *Price) setting {
	return func(at place) {
		if !isGroup(r.value(at)) {
			r.price(&to.Most)(at)
			return
		}
		var base, most *vouchers.Amount
		optional := func(amount **vouchers.Amount) setting {
			return func(at place) {
				*amount = new(vouchers.Amount)
				r.amount(*amount)(at)
			}
		}
		before := len(r.problems)
		r.object(at, map[string]setting{
			"base": optional(&base), "max": optional(&most), "per": readPer(r, &to.Per), "metered": r.flag(&to.Metered), "free": readFree(r, &to.Free),
			"onFailure": readOutcome(r, &to.ChargeFailed), "onCancel": readOutcome(r, &to.ChargeCancelled),
		})
		switch {
		case len(r.problems) > before:
		case to.Per == nil && (base == nil) == (most == nil):
			r.report(at, "it needs either base or max, what a call costs; both go with per alone")
		case to.Per != nil && (most == nil || *most == 0):
			r.report(at, "it has per, and needs max, the most that a call may cost")
		case to.Per != nil && base != nil && *base > *most:
			r.report(at, "base is above max")
		case base != nil && to.Per == nil:
			to.Most = *base
		default:
			to.Most = *most
			if base != nil {
				to.Base = *base
			}
		}
	}
}

// readOutcome reads whether a call that has not delivered is charged.
func readOutcome(r *reader, charged *bool) setting {
	return func(at place) {
		var word string
		before := len(r.problems)
		if r.text(&word)(at); len(r.problems) > before {
			return
		}
		if word != "free" && word != "charge" {
			r.report(at, "it is %q: want free or charge", word)
		}
		*charged = word == "charge"
	}
}

// price reads an amount, or that it is free.
func (r *reader) price(to *vouchers.Amount) setting {
	return func(at place) {
		if n, ok := r.value(at).(*ast.StringNode); ok && n.Value == server.Free {
			*to = 0
			return
		}
		r.amount(to)(at)
	}
}

// readFree reads an allowance.
func readFree(r *reader, to *server.Allowance) setting {
	return func(at place) {
		before := len(r.problems)
		r.object(at, map[string]setting{"calls": r.whole(&to.Calls), "amount": r.amount(&to.Amount), "per": r.duration(&to.Per, 0)})
		if len(r.problems) == before && to.Calls == 0 && to.Amount == 0 {
			r.report(at, "it needs calls or amount, what each payer gets for nothing")
		}
	}
}

func readPrices(r *reader, to *Prices) setting {
	return func(at place) {
		*to = make(Prices)
		r.each(at, func(pattern string, entry place) {
			var price Price
			readPrice(r, &price)(entry)
			checkGlob(r, entry, pattern)
			(*to)[pattern] = price
		})
	}
}

// rate is the price as a shop has it. Tools that have it of the same name share what is
// free.
func (p *Price) rate(name string) server.Rate {
	r := server.Rate{Price: p.Most.Decimal(), Metered: p.Metered, ChargeFailed: p.ChargeFailed, ChargeCancelled: p.ChargeCancelled, Free: p.Free}
	r.Free.Pool = name
	if p.Per != nil {
		r.Quote = p.quote
	}
	return r
}

// String says the price for people, such as "0.001 + 0.0001 per count, at most 0.05".
func (p Price) String() string {
	var parts []string
	switch {
	case p.Most == 0:
		return server.Free
	case p.Per == nil && p.Metered:
		parts = append(parts, "up to "+p.Most.Decimal())
	case p.Per == nil:
		parts = append(parts, p.Most.Decimal())
	default:
		sum := p.Per.String()
		if p.Base > 0 {
			sum = p.Base.Decimal() + " + " + sum
		}
		parts = append(parts, sum, "at most "+p.Most.Decimal())
	}
	if p.Metered {
		parts = append(parts, "metered")
	}
	if p.ChargeFailed {
		parts = append(parts, "failures too")
	}
	if p.ChargeCancelled {
		parts = append(parts, "cancelled calls too")
	}
	if p.Free.Calls > 0 {
		parts = append(parts, fmt.Sprintf("%d calls free", p.Free.Calls))
	}
	if p.Free.Amount > 0 {
		parts = append(parts, p.Free.Amount.Decimal()+" free")
	}
	if p.Free.Per > 0 {
		parts[len(parts)-1] += fmt.Sprintf(" every %s", p.Free.Per)
	}
	return strings.Join(parts, ", ")
}

// PriceTable says for people what costs what: rows of a pattern, or a route, and its price.
func (c *Config) PriceTable() [][]string {
	var rows [][]string
	list := func(of string, prices Prices) {
		for _, pattern := range slices.Sorted(maps.Keys(prices)) {
			rows = append(rows, []string{of + pattern, prices[pattern].String()})
		}
	}
	list("", c.Prices)
	for _, u := range c.Upstreams {
		list(u.Name+": ", u.Prices)
	}
	for _, route := range c.Routes {
		rows = append(rows, []string{route.Pattern(), route.Price.String()})
	}
	return rows
}
