package settle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// Several are the settlers of a shop, one for each deployment. They settle at once, so that
// a chain that does not answer keeps no other waiting.
type Several []*Settler

// SettleAs is [Settler.SettleAs] for all of them. Where there are several, each batch names
// its deployment, and the settlement has a part for each. Strays are charges that none of
// them can claim: they are set aside.
func (all Several) SettleAs(ctx context.Context, req Request, strays []SetAside, report func(Event)) (Settlement, error) {
	if report == nil {
		report = func(Event) {}
	}
	parts, err := all.settle(ctx, req, report)
	done := parts[0]
	if len(all) > 1 {
		done = all.sum(parts, req.DryRun)
	}
	done.SetAside = append(done.SetAside, strays...)
	report(Event{Done: &done})
	if err != nil {
		report(Event{Error: err.Error(), NotWorth: errors.Is(err, ErrNotWorth)})
	}
	return done, err
}

// SettleDue claims what is worth claiming, as the policies have it, in all deployments; the
// trigger is for the log.
func (all Several) SettleDue(ctx context.Context, trigger string) error {
	return all.each(func(_ int, s *Settler) error { return s.settleDue(ctx, Request{}, trigger) })
}

// settle returns the part of each settler.
func (all Several) settle(ctx context.Context, req Request, report func(Event)) ([]Settlement, error) {
	parts := make([]Settlement, len(all))
	var reporting sync.Mutex
	err := all.each(func(i int, s *Settler) error {
		label := all.label(s)
		done, err := s.settle(ctx, req, func(event Event) {
			reporting.Lock()
			defer reporting.Unlock()
			report(event.of(label))
		})
		done.Deployment, done.Batches = label, labelled(done.Batches, label)
		parts[i] = done
		if err != nil {
			return fmt.Errorf("settle %s: %w", s.Escrow.Deployment(), err)
		}
		return nil
	})
	return parts, err
}

// label tells a settler's part from those of others.
func (all Several) label(s *Settler) string {
	if len(all) == 1 {
		return ""
	}
	return s.Escrow.Deployment().String()
}

func (all Several) each(do func(int, *Settler) error) error {
	failed := make([]error, len(all))
	var group sync.WaitGroup
	for i, s := range all {
		group.Go(func() { failed[i] = do(i, s) })
	}
	group.Wait()
	return errors.Join(failed...)
}

// of is the event with its deployment named.
func (e Event) of(label string) Event {
	e.Plan = labelled(e.Plan, label)
	if e.Batch != nil {
		batch := *e.Batch
		batch.Deployment = label
		e.Batch = &batch
	}
	return e
}

func labelled(batches []Batch, label string) []Batch {
	all := make([]Batch, len(batches))
	for i, batch := range batches {
		batch.Deployment = label
		all[i] = batch
	}
	return all
}

// sum adds the parts of a settlement up. What the gas cost is added only on one chain: the
// coins of two are not the same.
func (all Several) sum(parts []Settlement, dryRun bool) Settlement {
	sum := Settlement{DryRun: dryRun, Batches: []Batch{}, CostUSDC: new(vouchers.Amount)}
	if all.onOneChain() {
		sum.Cost = new(big.Int)
	}
	for _, part := range parts {
		sum.Channels += part.Channels
		sum.Claimed += part.Claimed
		sum.Settled += part.Settled
		sum.KeptBack += part.KeptBack
		sum.GasUsed += part.GasUsed
		sum.Batches = append(sum.Batches, part.Batches...)
		sum.SetAside = append(sum.SetAside, part.SetAside...)
		sum.Postponed = append(sum.Postponed, part.Postponed...)
		sum.Unpayable = cmp.Or(sum.Unpayable, part.Unpayable)
		if sum.Cost != nil {
			sum.Cost.Add(sum.Cost, part.Cost)
		}
		switch {
		case part.CostUSDC == nil:
			sum.CostUSDC = nil
		case sum.CostUSDC != nil:
			*sum.CostUSDC += *part.CostUSDC
		}
	}
	sum.Deployments = parts
	return sum
}

func (all Several) onOneChain() bool {
	for _, s := range all {
		if s.Escrow.Deployment().ChainID != all[0].Escrow.Deployment().ChainID {
			return false
		}
	}
	return true
}
