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
		r.List(at, func(entry place) {
			var a server.Accepts
			var collector common.Address
			before := r.Found()
			r.Object(entry, map[string]setting{
				"rpc": r.Text(&a.RPC), "chainId": r.Count(&a.ChainID), "escrow": r.Address(&a.Escrow), "token": r.Address(&a.Token),
				"collector": r.Address(&collector), "minDeposit": r.Amount(&a.MinDeposit), "confirmations": r.Count(&a.Confirmations),
				"coinPrice": r.Amount(&a.CoinPrice), "permit2": r.Flag(&a.Permit2),
			})
			a.Collectors.EIP3009 = collector
			switch {
			case r.Found() > before:
			case a.Escrow == common.Address{}:
				r.Report(entry, "it needs an escrow")
			case a.RPC != "" && (a.ChainID == 0 || a.Token == common.Address{}):
				r.Report(entry, "with rpc it needs chainId and token, too")
			}
			c.Also = append(c.Also, a)
		})
	}
}

// limits reads those that differ from the caller's.
func (c *Config) limits(r *reader) setting {
	return func(at place) {
		c.Limits = make(map[string]string)
		r.Each(at, func(name string, entry place) {
			text, ok := r.Scalar(entry, `a limit such as 20, "30s", "64KiB" or "0.01"`, true)
			if !ok {
				return
			}
			if err := new(server.Limits).Set(name, text); err != nil {
				r.Report(entry, "%v", err)
			}
			c.Limits[name] = text
		})
	}
}

// history reads how much is kept of what was sold.
func (c *Config) history(r *reader) setting {
	return func(at place) {
		var age, size string
		before := r.Found()
		r.Object(at, map[string]setting{"keep": r.Text(&age), "max": r.Text(&size)})
		keep, err := history.ParseKeep(age, size)
		if err != nil && r.Found() == before {
			r.Report(at, "%v", err)
		}
		c.History = &keep
	}
}

// movedFrom reads the places at which the shop was before.
func (c *Config) movedFrom(r *reader) setting {
	return func(at place) {
		r.List(at, func(entry place) {
			var m server.Move
			before := r.Found()
			r.Object(entry, map[string]setting{"from": r.Text(&m.From), "to": r.Text(&m.To)})
			for _, text := range []string{m.From, m.To} {
				if _, err := extension.Origin(text); err != nil && r.Found() == before {
					r.Report(entry, "it needs from and to, a URL each: %v", err)
				}
			}
			c.MovedFrom = append(c.MovedFrom, m)
		})
	}
}
