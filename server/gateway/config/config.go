package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/settings"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

// What a config takes where it says nothing.
const (
	// DefaultTimeout is how long an upstream may be silent before it has answered.
	DefaultTimeout = time.Minute
	// DefaultOwnConnections is how many clients that can be asked for something have
	// connections of their own to an upstream at once.
	DefaultOwnConnections = 32
	// DefaultSettleEvery is how often charges are claimed and settled.
	DefaultSettleEvery = time.Hour
)

// Config is a gateway's config file, checked.
type Config struct {
	// File is where it was read from.
	File string
	// Listen is host:port; empty is the caller's choice.
	Listen string
	// Hosts are the names by which clients and web pages reach the gateway, beside
	// loopback; "*" is any.
	Hosts []string
	// Origins are web pages that may call from a browser, such as https://app.example.com,
	// beside those of Hosts; "*" is any.
	Origins []string
	// BaseURL is where clients find the routes, as in [server.Options]; empty is the caller's.
	BaseURL string
	// TLS is nil for plain HTTP.
	TLS *tls.Certificate
	// SettleEvery is how often charges are claimed and settled; 0 is never.
	SettleEvery time.Duration
	// SettleOnStop settles once more after the last call.
	SettleOnStop bool
	// MinDeposit is the least deposit that is taken, in atomic USDC; nil is the caller's choice.
	MinDeposit *vouchers.Amount
	// Limits are those that differ from the caller's, by their names in [server.Limits.Set].
	Limits map[string]string
	// History is how much is kept of what was sold; nil is the caller's choice.
	History *history.Keep
	// MovedFrom are places at which the shop was before, beside the caller's.
	MovedFrom []server.Move
	// Accept are the ways to pay that are offered, the favourite first; empty is the caller's
	// choice. Exact says how transfers are taken; nil is the caller's choice.
	Accept offer.Accept
	Exact  *exact.Policy
	// Also are deployments that the shop is to be paid through beside the caller's.
	Also []server.Accepts
	// Prices are by the names that the gateway shows.
	Prices pricing.Prices
	// Upstreams are the MCP servers that are sold, in the order of the file.
	Upstreams []Upstream
	// Routes are the HTTP routes that are sold.
	Routes []Route
}

// Load reads and checks a config file. The error joins a [*Problem] for everything
// that is wrong.
func Load(file string) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the gateway's config: %w", err)
	}
	c := &Config{File: file, SettleEvery: DefaultSettleEvery}
	r := settings.New(file)
	r.Parse(text, func(root place) { c.read(r, root) })
	if err := r.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) read(r *reader, root place) {
	routes := newRouteChecker()
	prefixes := make(map[string]string)
	r.Object(root, map[string]setting{
		"listen":       c.listen(r),
		"hosts":        r.Texts(&c.Hosts),
		"origins":      readOrigins(r, &c.Origins),
		"baseURL":      c.baseURL(r),
		"tls":          c.tls(r),
		"settleEvery":  r.Duration(&c.SettleEvery, 0),
		"settleOnStop": r.Flag(&c.SettleOnStop),
		"minDeposit": func(at place) {
			c.MinDeposit = new(vouchers.Amount)
			r.Amount(c.MinDeposit)(at)
		},
		"limits":    c.limits(r),
		"history":   c.history(r),
		"also":      c.also(r),
		"accept":    readAccept(r, &c.Accept),
		"exact":     c.exact(r),
		"movedFrom": c.movedFrom(r),
		"prices":    readPrices(r, &c.Prices),
		"upstreams": func(at place) {
			r.Each(at, func(name string, entry place) {
				u := readUpstream(r, name, entry)
				if other, taken := prefixes[u.Prefix]; taken && u.Prefix != "" {
					r.Report(entry, "its prefix %q is that of %s, too", u.Prefix, other)
				}
				prefixes[u.Prefix] = name
				c.Upstreams = append(c.Upstreams, u)
			})
		},
		"routes": func(at place) {
			r.List(at, func(entry place) { c.Routes = append(c.Routes, routes.read(r, entry)) })
		},
	})
	if r.Found() == 0 && len(c.Upstreams) == 0 && len(c.Routes) == 0 {
		r.Report(root, "nothing is sold: it needs upstreams or routes")
	}
}

func (c *Config) listen(r *reader) setting {
	return func(at place) {
		r.Text(&c.Listen)(at)
		if _, _, err := net.SplitHostPort(c.Listen); err != nil && c.Listen != "" {
			r.Report(at, "%q is not an address such as 127.0.0.1:8402", c.Listen)
		}
	}
}

func (c *Config) baseURL(r *reader) setting {
	return func(at place) {
		if r.Text(&c.BaseURL)(at); c.BaseURL == "" {
			return
		}
		if _, err := onhttp.ParseBaseURL(c.BaseURL); err != nil {
			r.Report(at, "%v", err)
		}
	}
}

// tls loads a certificate; relative paths begin at the config file's folder.
func (c *Config) tls(r *reader) setting {
	return func(at place) {
		var cert, key string
		r.Object(at, map[string]setting{"cert": r.Text(&cert), "key": r.Text(&key)})
		if cert == "" || key == "" {
			r.Report(at, "it needs cert and key, the paths of PEM files")
			return
		}
		pair, err := tls.LoadX509KeyPair(c.beside(cert), c.beside(key))
		if err != nil {
			r.Report(at, "%v", err)
			return
		}
		c.TLS = &pair
	}
}

func (c *Config) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.File), name)
}
