package config

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/offer"
)

// readAccept reads a list of ways to pay.
func readAccept(r *reader, to *offer.Accept) setting {
	return func(at place) {
		before := r.Found()
		r.Texts((*[]string)(to))(at)
		if err := to.Check(); err != nil && r.Found() == before {
			r.Report(at, "%v", err)
		}
	}
}

// exact reads how transfers are taken.
func (c *Config) exact(r *reader) setting {
	return func(at place) {
		c.Exact = new(exact.Policy)
		r.Object(at, map[string]setting{
			"surcharge": r.Amount(&c.Exact.Surcharge),
			"wait":      r.Duration(&c.Exact.Wait, 0),
			"trust": func(at place) {
				before := r.Found()
				trust := &c.Exact.Trust
				r.Object(at, map[string]setting{"perPayer": r.Amount(&trust.PerPayer), "total": r.Amount(&trust.Total)})
				if err := trust.Check(); err != nil && r.Found() == before {
					r.Report(at, "%v", err)
				}
			},
			"siblings": func(at place) {
				r.List(at, func(entry place) {
					c.Exact.Siblings = append(c.Exact.Siblings, common.Address{})
					r.Address(&c.Exact.Siblings[len(c.Exact.Siblings)-1])(entry)
				})
			},
		})
	}
}
