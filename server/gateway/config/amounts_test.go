package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/vouchers"
)

// moneys are the settings of a gateway's config that hold USDC, with lines that say one is %s,
// and how the config has it then.
var moneys = map[string]struct {
	lines string
	read  func(*config.Config) vouchers.Amount
}{
	"minDeposit":    {"minDeposit: %s", func(c *config.Config) vouchers.Amount { return *c.MinDeposit }},
	"prices.a*":     {"prices:\n  a*: %s", func(c *config.Config) vouchers.Amount { return c.Prices["a*"].Most }},
	"prices.a.base": {"prices:\n  a:\n    base: %s", func(c *config.Config) vouchers.Amount { return c.Prices["a"].Most }},
	"prices.a.max":  {"prices:\n  a:\n    max: %s", func(c *config.Config) vouchers.Amount { return c.Prices["a"].Most }},
	"prices.a.per.unit": {"prices:\n  a:\n    max: 1\n    per:\n      argument: n\n      unit: %s",
		func(c *config.Config) vouchers.Amount { return c.Prices["a"].Per.Unit }},
	"prices.a.free.amount": {"prices:\n  a:\n    max: 1\n    free:\n      amount: %s",
		func(c *config.Config) vouchers.Amount { return c.Prices["a"].Free.Amount }},
	"upstreams.two.prices.a": {"  two:\n    url: http://127.0.0.1:1/mcp\n    prefix: p\n    prices:\n      a: %s",
		func(c *config.Config) vouchers.Amount { return c.Upstreams[1].Prices["a"].Most }},
	"routes[0].price": {"routes:\n- path: /a\n  upstream: http://127.0.0.1:1\n  price: %s",
		func(c *config.Config) vouchers.Amount { return c.Routes[0].Price.Most }},
	"routes[0].price.max": {"routes:\n- path: /a\n  upstream: http://127.0.0.1:1\n  price:\n    max: %s",
		func(c *config.Config) vouchers.Amount { return c.Routes[0].Price.Most }},
	"routes[0].stream.lines": {"routes:\n- path: /a\n  upstream: http://127.0.0.1:1\n  price: 1\n  stream:\n    lines: %s",
		func(c *config.Config) vouchers.Amount { return c.Routes[0].Stream.Lines }},
	"routes[0].stream.slice": {"routes:\n- path: /a\n  upstream: http://127.0.0.1:1\n  price: 1\n  stream:\n    bytes: 1\n    slice: %s",
		func(c *config.Config) vouchers.Amount { return c.Routes[0].Stream.Slice }},
	"also[0].minDeposit": {"also:\n- escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003'\n  minDeposit: %s",
		func(c *config.Config) vouchers.Amount { return c.Also[0].MinDeposit }},
	"also[0].coinPrice": {"also:\n- escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003'\n  coinPrice: %s",
		func(c *config.Config) vouchers.Amount { return c.Also[0].CoinPrice }},
	"limits.leastDeposit": {"limits:\n  leastDeposit: %s", ofLimit("leastDeposit", func(l server.Limits) vouchers.Amount { return l.LeastDeposit })},
	"limits.leastRefund":  {"limits:\n  leastRefund: %s", ofLimit("leastRefund", func(l server.Limits) vouchers.Amount { return l.LeastRefund })},
}

// ofLimit reads a limit as the shop that is opened with the config does.
func ofLimit(name string, field func(server.Limits) vouchers.Amount) func(*config.Config) vouchers.Amount {
	return func(c *config.Config) vouchers.Amount {
		var limits server.Limits
		if err := limits.Set(name, c.Limits[name]); err != nil {
			return 0
		}
		return field(limits)
	}
}

func TestEveryAmountOfAConfigIsReadByOneGrammar(t *testing.T) {
	// padded is an amount in quotes alone: without them YAML takes it for 8.
	const padded = "010"
	// 0 is refused.
	texts := map[string]vouchers.Amount{
		"0.000001": 1, padded: 10_000_000, "20": 20_000_000, "20.10": 20_100_000, "5 USDC": 5_000_000, "0.0010": 1_000, "1.0": 1_000_000,
		"18446744073709.551615": 1<<64 - 1,
		"18446744073709.551616": 0, "100000000000000000000000000000000": 0, "1e3": 0, "1e400": 0, "1.5e-3": 0,
		"0x10": 0, "0o10": 0, "0b1": 0, "1_000": 0, "1,000": 0, "0.0000001": 0, "-1": 0, "-0.001": 0, "+1": 0, ".5": 0, "5.": 0,
		".nan": 0, "NaN": 0, ".inf": 0, "-.inf": 0, "true": 0, "null": 0, "~": 0, "": 0, " ": 0, "much": 0, "2020-01-01": 0, "[1]": 0,
	}
	for name, setting := range moneys {
		for text, want := range texts {
			for _, written := range []string{text, `"` + text + `"`, "'" + text + "'"} {
				c, err := config.Load(writeConfig(t, "upstreams:\n  web:\n    url: http://127.0.0.1:1/mcp\n"+fmt.Sprintf(setting.lines, written)+"\n"))
				var problem *config.Problem
				want := want
				if written == padded {
					want = 0
				}
				switch {
				case want == 0 && (!errors.As(err, &problem) || problem.Key != name || strings.Contains(err.Error(), "\n")):
					t.Errorf("%s: %s is taken, or its error does not name it alone: %v", name, written, err)
				case want != 0 && err != nil:
					t.Errorf("%s: %s: %v", name, written, err)
				case want != 0 && setting.read(c) != want:
					t.Errorf("%s: %s is %s, want %s", name, written, setting.read(c), want)
				}
			}
		}
	}
}

func TestAStreamIsPricedByLinesOrByBytes(t *testing.T) {
	for _, stream := range []string{"{}", "{slice: 0.001}", "{lines: 1, bytes: 1}", "{lines: 0}"} {
		_, err := config.Load(writeConfig(t, "routes:\n- {path: /a, upstream: \"http://127.0.0.1:1\", price: 1, stream: "+stream+"}\n"))
		if err == nil || !strings.Contains(err.Error(), "routes[0].stream: it needs either lines") {
			t.Errorf("%s: %v", stream, err)
		}
	}
}
