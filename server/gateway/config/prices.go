package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/settings"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func readPrices(r *reader, to *pricing.Prices) setting {
	return func(at place) {
		*to = make(pricing.Prices)
		r.Each(at, func(pattern string, entry place) {
			var price pricing.Price
			readPrice(r, &price)(entry)
			checkGlob(r, entry, pattern)
			checkRead(r, entry, pattern, &price)
			(*to)[pattern] = price
		})
	}
}

// checkRead refuses of a resource's price, and of a prompt's, what they have no word for.
func checkRead(r *reader, at place, pattern string, price *pricing.Price) {
	isResource := strings.HasPrefix(pattern, x402.ResourcePrefix)
	switch {
	case (isResource || strings.HasPrefix(pattern, x402.PromptPrefix)) && price.Metered:
		r.Report(at, "metered is for tools and routes: a resource or a prompt does not tell what it has cost")
	case isResource && price.Per != nil:
		r.Report(at, "per is for tools, prompts and routes: a resource has no arguments")
	}
}

// readPrice reads an amount, or a group that says more.
func readPrice(r *reader, to *pricing.Price) setting {
	return func(at place) {
		if !settings.IsGroup(r.Value(at)) {
			readSum(r, &to.Most)(at)
			return
		}
		var base, most *vouchers.Amount
		optional := func(amount **vouchers.Amount) setting {
			return func(at place) {
				*amount = new(vouchers.Amount)
				r.Amount(*amount)(at)
			}
		}
		before := r.Found()
		r.Object(at, map[string]setting{
			"base": optional(&base), "max": optional(&most), "per": readPer(r, &to.Per), "metered": r.Flag(&to.Metered), "free": readFree(r, &to.Free),
			"onFailure": readOutcome(r, &to.ChargeFailed), "onCancel": readOutcome(r, &to.ChargeCancelled),
			"accept": readAccept(r, &to.Accept),
		})
		switch {
		case r.Found() > before:
		case to.Per == nil && (base == nil) == (most == nil):
			r.Report(at, "it needs either base or max, what a call costs; both go with per alone")
		case to.Per != nil && (most == nil || *most == 0):
			r.Report(at, "it has per, and needs max, the most that a call may cost")
		case to.Per != nil && base != nil && *base > *most:
			r.Report(at, "base is above max")
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
		before := r.Found()
		if r.Text(&word)(at); r.Found() > before {
			return
		}
		if word != "free" && word != "charge" {
			r.Report(at, "it is %q: want free or charge", word)
		}
		*charged = word == "charge"
	}
}

// readSum reads an amount, or that it is free.
func readSum(r *reader, to *vouchers.Amount) setting {
	return func(at place) {
		if n, ok := r.Value(at).(*ast.StringNode); ok && n.Value == server.Free {
			*to = 0
			return
		}
		r.Amount(to)(at)
	}
}

// readFree reads an allowance.
func readFree(r *reader, to *server.Allowance) setting {
	return func(at place) {
		before := r.Found()
		r.Object(at, map[string]setting{"calls": r.Whole(&to.Calls), "amount": r.Amount(&to.Amount), "per": r.Duration(&to.Per, 0)})
		if r.Found() == before && to.Calls == 0 && to.Amount == 0 {
			r.Report(at, "it needs calls or amount, what each payer gets for nothing")
		}
	}
}

// PriceTable says for people what costs what: rows of a pattern, or a route, and its price.
func (c *Config) PriceTable() [][]string {
	var rows [][]string
	list := func(of string, prices pricing.Prices) {
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

func readPer(r *reader, to **pricing.Per) setting {
	return func(at place) {
		p := new(pricing.Per)
		*to = p
		before := r.Found()
		r.Object(at, map[string]setting{
			"argument": r.Text(&p.Argument), "of": r.Text(&p.Of), "unit": r.Amount(&p.Unit),
			"default": func(at place) {
				p.Default = new(uint64)
				r.Whole(p.Default)(at)
			},
		})
		if r.Found() > before {
			return
		}
		if p.Argument == "" || p.Unit == 0 {
			r.Report(at, "it needs argument, the name of one, and unit, what one costs")
		}
		if p.Of = cmp.Or(p.Of, pricing.OfNumber); p.Of != pricing.OfNumber && p.Of != pricing.OfText && p.Of != pricing.OfList {
			r.Report(at, "of is %q: want %s, %s or %s", p.Of, pricing.OfNumber, pricing.OfText, pricing.OfList)
		}
	}
}
