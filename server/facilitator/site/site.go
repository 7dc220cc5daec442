package site

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/facilitator/access"
	"github.com/chitpay/chit/server/facilitator/config"
	"github.com/chitpay/chit/server/facilitator/metrics"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// grace is how long settlements may take to finish after a stop is asked for.
const grace = 10 * time.Second

// Options say what a site works with, beside its config.
type Options struct {
	// Key opens what a reference of the config stands for, as in [config.Chain].
	Key func(reference string) (keys.Signer, error)
	// Logger is [slog.Default] where it is nil.
	Logger *slog.Logger
}

// Site is a facilitator that is open. Close it.
type Site struct {
	config      *config.Config
	logger      *slog.Logger
	facilitator *facilitator.Facilitator
	handler     http.Handler
	// closing closes what is open, the last first.
	closing []func() error
	// stop ends the facilitator, once.
	stop func() error
}

// Open opens the keys, the chains and the store of a config, and takes up the payments that the
// store holds without an outcome. Errors name the setting that they come from.
func Open(ctx context.Context, c *config.Config, o Options) (*Site, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Site{config: c, logger: o.Logger}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Site) open(ctx context.Context, o Options) error {
	told := metrics.New()
	options := facilitator.Options{Limits: s.config.Limits, Logger: s.logger, Served: told.Count}
	for i := range s.config.Chains {
		of := &s.config.Chains[i]
		c, err := chainOf(of, o.Key)
		if err != nil {
			return fmt.Errorf("%s: chains: %s: %w", s.config.File, of.Network, err)
		}
		if c.Client, err = chain.Dial(ctx, strings.Join(of.RPC, ","), chain.WithChainID(of.ChainID), chain.WithErrors(escrow.ABIs()...)); err != nil {
			return fmt.Errorf("%s: chains: %s: %w", s.config.File, of.Network, err)
		}
		s.later(func() error { c.Client.Close(); return nil })
		options.Chains = append(options.Chains, c)
	}
	store, err := diskstore.Open(s.config.Store)
	if err != nil {
		return err
	}
	s.later(store.Close)
	options.Store = store
	var callers *access.Access
	var usage func() []access.Usage
	if len(s.config.Keys) > 0 {
		if callers, err = access.Open(store, s.config.Keys, nil); err != nil {
			return err
		}
		s.later(func() error { return callers.Close(context.WithoutCancel(ctx)) })
		options.Access, usage = callers, callers.Usage
	}
	if s.facilitator, err = facilitator.New(ctx, options); err != nil {
		return err
	}
	s.stop = sync.OnceValue(s.facilitator.Close)
	s.later(s.stop)
	told.Follow(s.facilitator, usage)
	s.handler = s.guard(s.route(callers, told))
	return nil
}

// chainOf is a chain with its keys, which is not dialled yet.
func chainOf(of *config.Chain, open func(string) (keys.Signer, error)) (c facilitator.Chain, err error) {
	c = facilitator.Chain{
		Tokens: of.Tokens, Pinned: of.Escrows, Confirmations: of.Confirmations, FinalAfter: of.FinalAfter, Batch: int(of.Batch),
		MaxFee: of.MaxFee, MaxCost: of.MaxCost, LowGas: of.LowGas, StuckAfter: of.StuckAfter,
	}
	for i, reference := range of.Keys {
		key, err := open(reference)
		if err != nil {
			return c, fmt.Errorf("keys[%d]: %w", i, err)
		}
		c.Keys = append(c.Keys, key)
	}
	if of.Authorizer != "" {
		if c.Authorizer, err = open(of.Authorizer); err != nil {
			return c, fmt.Errorf("authorizer: %w", err)
		}
	}
	return c, nil
}

func (s *Site) later(end func() error) { s.closing = append(s.closing, end) }

// Close ends the facilitator, and closes its store and its chains.
func (s *Site) Close() error {
	var all []error
	for i := len(s.closing) - 1; i >= 0; i-- {
		all = append(all, s.closing[i]())
	}
	s.closing = nil
	return errors.Join(all...)
}

// Handler is the facilitator as it is served: web pages of others do not reach it.
func (s *Site) Handler() http.Handler { return s.handler }

// Serve serves the facilitator on a listener until the context ends. Settlements that callers wait
// for then have ten seconds to finish. It closes the listener.
func (s *Site) Serve(ctx context.Context, listener net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener, s.handler, s.logger) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	last := time.NewTimer(grace)
	defer last.Stop()
	select {
	case err := <-served:
		return err
	case <-last.C:
		return errors.Join(s.stop(), <-served)
	}
}
