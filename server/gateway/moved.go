package gateway

import (
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/x402"
)

// movedFrom reads the places at which the shop was before.
func (c *Config) movedFrom(r *reader) setting {
	return func(at place) {
		r.list(at, func(entry place) {
			var m server.Move
			before := len(r.problems)
			r.object(entry, map[string]setting{"from": r.text(&m.From), "to": r.text(&m.To)})
			for _, text := range []string{m.From, m.To} {
				if _, err := x402.Origin(text); err != nil && len(r.problems) == before {
					r.report(entry, "it needs from and to, a URL each: %v", err)
				}
			}
			c.MovedFrom = append(c.MovedFrom, m)
		})
	}
}
