package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/chitpay/chit/server"
)

// Over lays what the file says of the shop over the caller's options.
func (c *Config) Over(o *server.Options) error {
	o.BaseURL = cmp.Or(c.BaseURL, o.BaseURL)
	if c.MinDeposit != nil {
		o.MinDeposit = *c.MinDeposit
	}
	for _, name := range slices.Sorted(maps.Keys(c.Limits)) {
		if err := o.Limits.Set(name, c.Limits[name]); err != nil {
			return fmt.Errorf("limits.%s: %w", name, err)
		}
	}
	if c.History != nil {
		o.History = *c.History
	}
	o.Accept = c.Accept.Or(o.Accept)
	if c.Exact != nil {
		o.Exact = *c.Exact
	}
	o.MovedFrom = append(o.MovedFrom, c.MovedFrom...)
	o.Also = append(o.Also, c.Also...)
	return nil
}
