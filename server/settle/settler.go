package settle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain"
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

// Request says what a settlement claims, and at what price. The zero value
// claims everything but what channels in use keep back.
type Request struct {
	// DryRun only plans.
	DryRun bool `json:"dryRun,omitempty"`
	// Channels are the only ones that are claimed; empty is all.
	Channels []vouchers.ChannelID `json:"channels,omitempty"`
	// MinValue leaves channels with less to claim for later, in atomic USDC.
	MinValue vouchers.Amount `json:"minValue,omitempty"`
	// MaxGasPrice is the most that is paid per gas, in wei; nil is no limit.
	MaxGasPrice *big.Int `json:"maxGasPrice,omitempty"`
	// Final claims everything, as before a shop closes: also what only the newest voucher
	// of a channel in use allows, which it publishes. Without, that is left for a later
	// settlement (see [Policy.IdleAfter]).
	Final bool `json:"final,omitempty"`
	// Anyway settles also where the gas costs more than what is claimed, which otherwise is
	// refused with [ErrNotWorth] where the price of the coin is known.
	Anyway bool `json:"anyway,omitempty"`
	// Confirmations is how many blocks deep the transactions must be before they are
	// booked, if that is more than the shop asks of every transaction.
	Confirmations uint64 `json:"confirmations,omitempty"`

	urgent    bool // waits for no other settlement, and pays more to be mined soon
	automatic bool // leaves out what is not worth its gas, and what failed a short while ago
}

// Settlement is what one run claimed and transferred. Amounts are atomic USDC.
type Settlement struct {
	// Deployment is whose part of a settlement this is; empty is all.
	Deployment string          `json:"deployment,omitempty"`
	Channels   int             `json:"channels"`
	Claimed    vouchers.Amount `json:"claimed"`
	// Settled includes what earlier claims had left to transfer.
	Settled vouchers.Amount `json:"settled"`
	GasUsed uint64          `json:"gasUsed"`
	// Cost is what the gas cost, in wei, nil if it was paid in the coins of several
	// chains; CostUSDC is the same in atomic USDC where the price of the coin is configured.
	Cost     *big.Int         `json:"cost"`
	CostUSDC *vouchers.Amount `json:"costUSDC,omitempty"`
	Batches  []Batch          `json:"batches"`
	SetAside []SetAside       `json:"setAside,omitempty"`
	// Postponed are channels whose claim costs more than the policy lets it.
	Postponed []SetAside `json:"postponed,omitempty"`
	// KeptBack is what was charged last to channels in use, and is claimed later.
	KeptBack vouchers.Amount `json:"keptBack,omitempty"`
	// Unpayable is why the token does not pay the receiver: what was claimed stays in
	// the escrow, and is transferred by a later settlement.
	Unpayable string `json:"unpayable,omitempty"`
	DryRun    bool   `json:"dryRun,omitempty"`
	// Deployments are the parts, where the shop is paid through several.
	Deployments []Settlement `json:"deployments,omitempty"`
}

// Batch is one transaction of a settlement, or the plan of one: then Tx is
// zero, and gas and cost are estimates.
type Batch struct {
	// Deployment is where, such as "eip155:8453/0x4020...", if there are several.
	Deployment string           `json:"deployment,omitempty"`
	Tx         common.Hash      `json:"tx"`
	Channels   int              `json:"channels"`
	Claimed    vouchers.Amount  `json:"claimed"`
	GasUsed    uint64           `json:"gasUsed"`
	Cost       *big.Int         `json:"cost"`
	CostUSDC   *vouchers.Amount `json:"costUSDC,omitempty"`
}

// Event is one step of a settlement; one field is set.
type Event struct {
	// Plan comes first: every batch with its estimates. Each deployment has its own.
	Plan []Batch `json:"plan,omitempty"`
	// Batch is a transaction that is confirmed and booked.
	Batch *Batch `json:"batch,omitempty"`
	// Done is the whole settlement, at its end.
	Done *Settlement `json:"done,omitempty"`
	// Error is why it ended early, after Done, and NotWorth says that it is [ErrNotWorth].
	Error    string `json:"error,omitempty"`
	NotWorth bool   `json:"notWorth,omitempty"`
}

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

// settling is one settlement.
type settling struct {
	*Settler
	req      Request
	report   func(Event)
	gasPrice *big.Int // wei

	booking sync.Mutex // guards what follows
	done    Settlement
}

func (r *settling) run(ctx context.Context) error {
	if !r.req.DryRun && !r.req.urgent { // what an earlier settlement sent comes first
		if err := r.Sender.Idle(ctx); err != nil {
			return err
		}
	}
	var err error
	if r.gasPrice, err = r.Sender.GasPrice(ctx); err != nil {
		return err
	}
	groups, err := r.gather(ctx)
	failed := []error{err}
	var plans []escrow.Plan
	for _, claims := range groups { // what cannot be planned keeps no other back
		plan, err := r.plan(ctx, claims)
		plans, failed = append(plans, plan), append(failed, err)
	}
	r.announce(plans)
	if err := r.worthIt(plans); err != nil {
		return errors.Join(append(failed, err)...)
	}
	if !r.req.DryRun {
		failed = append(failed, r.send(ctx, plans), r.settleLeft(ctx))
	}
	return errors.Join(failed...)
}

// announce reports the plan. A dry run ends with it.
func (r *settling) announce(plans []escrow.Plan) {
	batches := []Batch{}
	for _, plan := range plans {
		if plan.Unpayable != nil {
			r.done.Unpayable = plan.Unpayable.Error()
		}
		for i, batch := range plan.Batches {
			batches = append(batches, r.priced(Batch{Channels: len(batch), Claimed: value(batch), GasUsed: plan.Gas[i]}, r.gasPrice))
		}
	}
	r.report(Event{Plan: batches})
	if r.req.DryRun {
		r.done.Batches = batches
	}
}

// inFlight is how many batches are on their way at once.
const inFlight = 4

// send claims every batch. One that fails does not keep the others back.
func (r *settling) send(ctx context.Context, plans []escrow.Plan) error {
	var group errgroup.Group
	group.SetLimit(inFlight)
	var all []error
	n := 0
	for _, plan := range plans {
		for _, batch := range plan.Batches {
			n++
			number := n
			group.Go(func() error {
				if err := r.claim(ctx, batch, plan.Unpayable == nil); err != nil {
					r.booking.Lock()
					defer r.booking.Unlock()
					all = append(all, fmt.Errorf("batch %d: %w", number, err))
				}
				return nil
			})
		}
	}
	_ = group.Wait() // the errors are in all
	return errors.Join(all...)
}

// claim sends a batch and books what came of it. The ceilings in it are burnt before:
// from then on they may be seen by anybody, whatever becomes of the transaction.
func (r *settling) claim(ctx context.Context, batch []escrow.Claim, settles bool) error {
	options := r.options()
	if !settles {
		options = append(options, escrow.WithoutSettling())
	}
	if most := r.req.MaxGasPrice; most != nil && r.gasPrice.Cmp(most) > 0 { // nothing would be sent
		return fmt.Errorf("%w: gas costs %s wei, the most is %s", txmgr.ErrFee, r.gasPrice, most)
	}
	if err := r.burn(ctx, batch); err != nil {
		return err
	}
	outcome, err := r.Escrow.ClaimAndSettle(ctx, r.Sender, batch, options...)
	if err != nil {
		return r.failed(ctx, batch, outcome, err)
	}
	// What is on the chain is booked even when nobody waits for it any more.
	ctx = context.WithoutCancel(ctx)
	tx := outcome.Receipt.TxHash
	failed := r.book(ctx, outcome.Claimed)
	if failed != nil {
		failed = fmt.Errorf("book the claim of transaction %s: %w", tx, failed)
	}
	batchDone := r.priced(Batch{
		Tx: tx, Channels: len(outcome.Claimed), Claimed: value(outcome.Claimed), GasUsed: outcome.Receipt.GasUsed,
	}, outcome.Receipt.EffectiveGasPrice)
	r.Logger.Info("settled", "tx", tx, "channels", batchDone.Channels, "claimed", batchDone.Claimed, "settled", outcome.Settled, "gas", batchDone.GasUsed)
	r.booking.Lock()
	defer r.booking.Unlock()
	r.done.Batches = append(r.done.Batches, batchDone)
	r.done.Settled += outcome.Settled
	r.report(Event{Batch: &batchDone})
	return errors.Join(failed, r.putAside(ctx, outcome.Skipped))
}

// options are how the request wants transactions to be sent.
func (r *settling) options() []escrow.SendOption {
	options := []escrow.SendOption{escrow.WithMaxFee(r.req.MaxGasPrice), escrow.WithConfirmations(r.req.Confirmations)}
	if r.req.urgent {
		options = append(options, escrow.Urgently())
	}
	return options
}

// burn notes that the vouchers of a batch are about to be on chain.
func (r *settling) burn(ctx context.Context, batch []escrow.Claim) error {
	var group errgroup.Group
	group.SetLimit(bookers)
	for _, claim := range batch {
		group.Go(func() error {
			return r.Ledger.Burn(ctx, r.Escrow.Domain().ChannelID(claim.Config), claim.Ceiling)
		})
	}
	return group.Wait()
}

// bookers is how many channels are booked at once: the store makes what waits at one
// moment durable together.
const bookers = 256

// book takes claims into the ledger, and then the chain's own view of the channels.
func (r *settling) book(ctx context.Context, claimed []escrow.Claim) error {
	var group errgroup.Group
	group.SetLimit(bookers)
	for _, claim := range claimed {
		group.Go(func() error {
			id := r.Escrow.Domain().ChannelID(claim.Config)
			r.Learned(id)
			if err := r.Ledger.Claimed(ctx, id, claim.Total); err != nil {
				return err
			}
			if ch, _ := r.Ledger.Channel(id); ch.Charged > ch.Balance {
				return nil // the rest of it stays set aside
			}
			return r.Asides.clear(ctx, id)
		})
	}
	failed := group.Wait() // the first error; the others are booked
	configs := make([]vouchers.ChannelConfig, len(claimed))
	for i, claim := range claimed {
		configs[i] = claim.Config
	}
	if err := r.refresh(ctx, configs, true); err != nil {
		r.Logger.Warn("read the claimed channels; the watcher will", "error", err)
	}
	return failed
}

// settleLeft transfers what earlier claims left in the escrow, as when the token did
// not pay the receiver then.
func (r *settling) settleLeft(ctx context.Context) error {
	var failed []error
	for to := range r.payees() {
		failed = append(failed, r.settleLeftOf(ctx, to))
	}
	return errors.Join(failed...)
}

func (r *settling) settleLeftOf(ctx context.Context, to payee) error {
	left, err := r.Escrow.Settleable(ctx, to.receiver, to.token)
	if err != nil || left == 0 {
		return err
	}
	if err := r.worthATransfer(left); err != nil {
		r.Logger.Info("what earlier claims left stays in the escrow", "receiver", to.receiver, "amount", left, "why", err)
		return r.unlessBesides(err)
	}
	receipt, err := r.Escrow.Settle(ctx, r.Sender, to.receiver, to.token, r.options()...)
	if chain.IsRevert(err) {
		r.done.Unpayable = err.Error()
		r.Logger.Warn("the token does not pay the receiver", "receiver", to.receiver, "amount", left, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	batch := r.priced(Batch{Tx: receipt.TxHash, GasUsed: receipt.GasUsed}, receipt.EffectiveGasPrice)
	r.done.Batches = append(r.done.Batches, batch)
	r.done.Settled += left
	r.report(Event{Batch: &batch})
	return nil
}

// total adds the batches up.
func (r *settling) total() {
	for _, batch := range r.done.Batches {
		r.done.Channels += batch.Channels
		r.done.Claimed += batch.Claimed
		r.done.GasUsed += batch.GasUsed
		r.done.Cost.Add(r.done.Cost, batch.Cost)
	}
	r.done.CostUSDC = r.Policy.InUSDC(r.done.Cost)
}

// priced adds what a batch costs at a gas price in wei.
func (r *settling) priced(batch Batch, gasPrice *big.Int) Batch {
	batch.Cost = new(big.Int)
	if gasPrice != nil {
		batch.Cost.Mul(gasPrice, new(big.Int).SetUint64(batch.GasUsed))
	}
	batch.CostUSDC = r.Policy.InUSDC(batch.Cost)
	return batch
}

func (s *Settler) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
