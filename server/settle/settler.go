package settle

import (
	"context"
	"errors"
	"log/slog"
	"math/big"
	"sync"
	"time"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Settler turns charges into USDC: it claims what was charged of every channel in
// batches and settles to the receiver in the same transactions. [Settler.Settle]
// does it on demand, [Settler.Run] when the policy says so. A shop has one for each deployment.
type Settler struct {
	Options

	watch *watch

	running   sync.Mutex // one settlement at a time: two would claim the same rows
	defending sync.Mutex // and one that does not wait for the others
}

// Options say what a settler works with.
type Options struct {
	// Ledger has what was charged, and Escrow is where it is claimed.
	Ledger *ledger.Ledger
	Escrow *escrow.Contract
	// Sender pays the gas; its account is the receiver authorizer of the channels.
	Sender *txmgr.Sender
	Logger *slog.Logger
	// Policy says when Run settles, and what gas may cost.
	Policy Policy
	// Confirmations is how many blocks deep the view of the chain must be that is planned by.
	Confirmations uint64
	// Asides are the claims that have failed, of all settlers of a store.
	Asides *Asides
	// Learned is told of every view of a channel on the chain that is taken over.
	Learned func(vouchers.ChannelID)
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// New returns a settler that has settled nothing yet.
func New(o Options) *Settler { return &Settler{Options: o, watch: newWatch()} }

// Settle claims everything that is charged and not yet claimed, most valuable
// channel first, as a [Request] that is Final. With dryRun it only plans. A batch that fails leaves the others
// booked; the error says which failed.
func (s *Settler) Settle(ctx context.Context, dryRun bool) (Settlement, error) {
	return s.SettleAs(ctx, Request{DryRun: dryRun, Final: true, Anyway: true}, nil)
}

// SettleAs is [Settler.Settle] as the request asks for it. It reports each step to
// report, which may be nil. When ctx ends, what was sent goes on and is booked by
// whoever looks next: the watcher, or the next settlement.
func (s *Settler) SettleAs(ctx context.Context, req Request, report func(Event)) (Settlement, error) {
	if report == nil {
		report = func(Event) {}
	}
	done, err := s.settle(ctx, req, report)
	report(Event{Done: &done})
	if err != nil {
		report(Event{Error: err.Error(), NotWorth: errors.Is(err, ErrNotWorth)})
	}
	return done, err
}

// settle is [Settler.SettleAs] without the events that end it.
func (s *Settler) settle(ctx context.Context, req Request, report func(Event)) (Settlement, error) {
	turn := &s.running
	if req.urgent {
		turn = &s.defending
	}
	if !req.DryRun {
		turn.Lock()
		defer turn.Unlock()
	}
	r := &settling{Settler: s, req: req, report: report, done: Settlement{DryRun: req.DryRun, Cost: new(big.Int), Batches: []Batch{}}}
	err := r.run(ctx)
	r.total()
	return r.done, err
}

// bookers is how many channels are booked at once: the store makes what waits at one
// moment durable together.
const bookers = 256

func (s *Settler) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
