package config

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/offer"
)

// readAccept reads a list of ways to pay.
func readAccept(r *reader, to *offer.Accept) setting {
	return func(at place) {
		before := len(r.problems)
		r.texts((*[]string)(to))(at)
		if err := to.Check(); err != nil && len(r.problems) == before {
			r.report(at, "%v", err)
		}
	}
}

// exact reads how transfers are taken.
func (c *Config) exact(r *reader) setting {
	return func(at place) {
		c.Exact = new(exact.Policy)
		r.object(at, map[string]setting{
			"surcharge": r.amount(&c.Exact.Surcharge),
			"wait":      r.duration(&c.Exact.Wait, 0),
			"trust": func(at place) {
				before := len(r.problems)
				trust := &c.Exact.Trust
				r.object(at, map[string]setting{"perPayer": r.amount(&trust.PerPayer), "total": r.amount(&trust.Total)})
				if err := trust.Check(); err != nil && len(r.problems) == before {
					r.report(at, "%v", err)
				}
			},
			"siblings": func(at place) {
				r.list(at, func(entry place) {
					c.Exact.Siblings = append(c.Exact.Siblings, common.Address{})
					r.address(&c.Exact.Siblings[len(c.Exact.Siblings)-1])(entry)
				})
			},
		})
	}
}
