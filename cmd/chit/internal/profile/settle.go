package profile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/settings"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
)

// Settle says when a running server settles, beside its interval, and what that may
// cost. What is left out never triggers, and limits nothing.
type Settle struct {
	// ChannelValue settles a channel with so much to claim, TotalValue all of them with
	// so much together, such as "5".
	ChannelValue Text `yaml:"channelValue,omitempty"`
	TotalValue   Text `yaml:"totalValue,omitempty"`
	// MaxAge settles all when something has been waiting for so long, such as "24h".
	MaxAge Text `yaml:"maxAge,omitempty"`
	// IdleAfter is for how long a channel must not have been used until the price of its
	// last call is claimed, too, such as "24h".
	IdleAfter Text `yaml:"idleAfter,omitempty"`
	// MaxKeptBack is from how much on the newest voucher of a channel in use is claimed
	// with, if only that allows so much, such as "10".
	MaxKeptBack Text `yaml:"maxKeptBack,omitempty"`
	// LowBalance settles a channel of whose balance at most so many percent are left.
	LowBalance int `yaml:"lowBalance,omitempty"`
	// OnShutdown settles when the server is stopped.
	OnShutdown bool `yaml:"onShutdown,omitempty"`
	// MaxCostShare is how many percent of a channel's value its gas may cost; it takes
	// a coinPrice.
	MaxCostShare int `yaml:"maxCostShare,omitempty"`
	// MaxGasPrice is in gwei, such as "30".
	MaxGasPrice Text `yaml:"maxGasPrice,omitempty"`
}

var errPercent = errors.New("not a number of percent from 0 to 100")

// SettlePolicy is when the profile's server settles.
func (p *Profile) SettlePolicy() (policy settle.Policy, err error) {
	s := p.Settle
	policy = settle.Policy{LowBalance: s.LowBalance, OnShutdown: s.OnShutdown, MaxCostShare: s.MaxCostShare}
	for _, field := range []struct {
		name string
		text Text
		into *vouchers.Amount
	}{
		{"coinPrice", p.CoinPrice, &policy.CoinPrice},
		{"settle.channelValue", s.ChannelValue, &policy.ChannelValue},
		{"settle.totalValue", s.TotalValue, &policy.TotalValue},
		{"settle.maxKeptBack", s.MaxKeptBack, &policy.MaxKeptBack},
	} {
		if field.text == "" {
			continue
		}
		if *field.into, err = vouchers.ParseAmount(string(field.text)); err != nil {
			return policy, fmt.Errorf("%s: %w", field.name, err)
		}
	}
	for _, field := range []struct {
		name string
		text Text
		into *time.Duration
	}{{"settle.maxAge", s.MaxAge, &policy.MaxAge}, {"settle.idleAfter", s.IdleAfter, &policy.IdleAfter}} {
		if field.text == "" {
			continue
		}
		if *field.into, err = time.ParseDuration(string(field.text)); err != nil {
			return policy, fmt.Errorf("%s: %w", field.name, err)
		}
	}
	if s.MaxGasPrice != "" {
		if policy.MaxGasPrice, err = settings.ParseGwei(string(s.MaxGasPrice)); err != nil {
			return policy, fmt.Errorf("settle.maxGasPrice: %w", err)
		}
	}
	for name, percent := range map[string]int{"settle.lowBalance": s.LowBalance, "settle.maxCostShare": s.MaxCostShare} {
		if percent < 0 || percent > 100 {
			return policy, fmt.Errorf("%s: %d is %w", name, percent, errPercent)
		}
	}
	if s.MaxCostShare > 0 && policy.CoinPrice == 0 {
		return policy, errors.New("settle.maxCostShare: it takes a coinPrice")
	}
	return policy, nil
}

// ShopLimits are the limits of the profile's server.
func (p *Profile) ShopLimits() (all server.Limits, err error) {
	for _, name := range slices.Sorted(maps.Keys(p.Limits)) {
		if err := all.Set(name, string(p.Limits[name])); err != nil {
			return all, fmt.Errorf("limits.%s: %w", name, err)
		}
	}
	return all, nil
}
