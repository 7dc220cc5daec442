package gateway

import (
	"github.com/chitpay/chit/server"
)

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
