package config

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/x402/extension"
)

// also reads the deployments that the shop is paid through beside its own.
func (c *Config) also(r *reader) setting {
	return func(at place) {
		r.list(at, func(entry place) {
			var a server.Accepts
			var collector common.Address
			before := len(r.problems)
			r.object(entry, map[string]setting{
				"rpc": r.text(&a.RPC), "chainId": r.count(&a.ChainID), "escrow": r.address(&a.Escrow), "token": r.address(&a.Token),
				"collector": r.address(&collector), "minDeposit": r.amount(&a.MinDeposit), "confirmations": r.count(&a.Confirmations),
				"coinPrice": r.amount(&a.CoinPrice), "permit2": r.flag(&a.Permit2),
			})
			a.Collectors.EIP3009 = collector
			switch {
			case len(r.problems) > before:
			case a.Escrow == common.Address{}:
				r.report(entry, "it needs an escrow")
			case a.RPC != "" && (a.ChainID == 0 || a.Token == common.Address{}):
				r.report(entry, "with rpc it needs chainId and token, too")
			}
			c.Also = append(c.Also, a)
		})
	}
}

// limits reads those that differ from the caller's.
func (c *Config) limits(r *reader) setting {
	return func(at place) {
		c.Limits = make(map[string]string)
		r.each(at, func(name string, entry place) {
			text, ok := r.scalar(entry, `a limit such as 20, "30s", "64KiB" or "0.01"`, true)
			if !ok {
				return
			}
			if err := new(server.Limits).Set(name, text); err != nil {
				r.report(entry, "%v", err)
			}
			c.Limits[name] = text
		})
	}
}

// history reads how much is kept of what was sold.
func (c *Config) history(r *reader) setting {
	return func(at place) {
		var age, size string
		before := len(r.problems)
		r.object(at, map[string]setting{"keep": r.text(&age), "max": r.text(&size)})
		keep, err := history.ParseKeep(age, size)
		if err != nil && len(r.problems) == before {
			r.report(at, "%v", err)
		}
		c.History = &keep
	}
}

// movedFrom reads the places at which the shop was before.
func (c *Config) movedFrom(r *reader) setting {
	return func(at place) {
		r.list(at, func(entry place) {
			var m server.Move
			before := len(r.problems)
			r.object(entry, map[string]setting{"from": r.text(&m.From), "to": r.text(&m.To)})
			for _, text := range []string{m.From, m.To} {
				if _, err := extension.Origin(text); err != nil && len(r.problems) == before {
					r.report(entry, "it needs from and to, a URL each: %v", err)
				}
			}
			c.MovedFrom = append(c.MovedFrom, m)
		})
	}
}
