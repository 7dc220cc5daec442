package settle

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

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
