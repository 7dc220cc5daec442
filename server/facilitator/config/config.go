package config

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/facilitator/access"
	"github.com/chitpay/chit/server/settings"
)

// What a config takes where it says nothing.
const (
	// DefaultListen is where a facilitator listens.
	DefaultListen = "127.0.0.1:8403"
	// DefaultStore is the folder of the store, beside the config file.
	DefaultStore = "facilitator.db"
)

// Problem is one thing that is wrong with a config file.
type Problem = settings.Problem

type (
	reader  = settings.Reader
	place   = settings.Place
	setting = settings.Setting
)

// Config is a facilitator's config file, checked.
type Config struct {
	// File is where it was read from.
	File string
	// Listen is host:port.
	Listen string
	// Store is the folder of the facilitator's own store.
	Store string
	// Open says that everybody may ask who reaches it. Without keys, it listens on loopback alone
	// unless it is open.
	Open bool
	// Chains are what it settles on, at least one, each once.
	Chains []Chain
	// Keys are who may ask; without any it is whoever reaches it.
	Keys []access.Key
	// Limits bound what callers can make it do and remember; a zero field has its default.
	Limits facilitator.Limits
}

// Load reads and checks a config file. The error joins a [*Problem] for everything that is wrong.
func Load(file string) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the facilitator's config: %w", err)
	}
	c := &Config{File: file, Listen: DefaultListen, Store: DefaultStore}
	r := settings.New(file)
	r.Parse(text, func(root place) { c.read(r, root) })
	if err := r.Err(); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(c.Store) {
		c.Store = filepath.Join(filepath.Dir(file), c.Store)
	}
	return c, nil
}

// IsLocal reports whether it listens on loopback alone.
func (c *Config) IsLocal() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

func (c *Config) read(r *reader, root place) {
	listen, keys := root, root
	r.Object(root, map[string]setting{
		"listen": func(at place) {
			listen = at
			readListen(r, &c.Listen)(at)
		},
		"store": r.Text(&c.Store), "open": r.Flag(&c.Open), "limits": readLimits(r, &c.Limits),
		"chains": func(at place) {
			r.List(at, func(entry place) { c.Chains = append(c.Chains, c.readChain(r, entry)) })
		},
		"keys": func(at place) {
			keys = at
			r.List(at, func(entry place) { c.Keys = append(c.Keys, readKey(r, entry)) })
		},
	})
	if r.Found() > 0 {
		return
	}
	if err := access.Check(c.Keys); err != nil {
		r.Report(keys, "%v", err)
	}
	switch {
	case len(c.Chains) == 0:
		r.Report(root, "nothing can be settled: it needs chains")
	case c.Open && len(c.Keys) > 0:
		r.Report(keys, "open: true lets everybody ask, so that keys would bound nobody: leave one of them out")
	case !c.Open && len(c.Keys) == 0 && !c.IsLocal():
		r.Report(listen, "%s is reached by others than this machine, and there are no keys: whoever comes would spend its gas. Make keys with `chit facilitator key NAME`, listen on 127.0.0.1, or say open: true", c.Listen)
	}
	if !c.Open && len(c.Keys) > 0 {
		return
	}
	for _, chain := range c.Chains {
		if chain.Authorizer != "" {
			r.Report(root, "%s has an authorizer, which signs refunds for whom keys name: it needs keys with receivers", chain.Network)
		}
	}
}

func readListen(r *reader, to *string) setting {
	return func(at place) {
		r.Text(to)(at)
		if _, _, err := net.SplitHostPort(*to); err != nil && *to != "" {
			r.Report(at, "%q is not an address such as %s", *to, DefaultListen)
		}
	}
}

func readKey(r *reader, at place) (k access.Key) {
	r.Object(at, map[string]setting{
		"name": func(at place) {
			before := r.Found()
			r.Text(&k.Name)(at)
			if err := access.CheckName(k.Name); err != nil && r.Found() == before {
				r.Report(at, "%v", err)
			}
		},
		"hash": func(at place) {
			var text string
			before := r.Found()
			r.Text(&text)(at)
			hash, err := access.ParseHash(text)
			if err != nil && r.Found() == before {
				r.Report(at, "%v", err)
			}
			k.Hash = hash
		},
		"callsPerMinute": r.Count(&k.CallsPerMinute), "callsPerDay": r.Count(&k.CallsPerDay), "gasPerDay": r.Count(&k.GasPerDay),
		"receivers": readAddresses(r, &k.Receivers), "metrics": r.Flag(&k.Watches),
	})
	return k
}
