package server

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// SettleAs is [Settler.SettleAs] for every deployment of the shop, all at once. Where
// there are several, each batch names its own, and the settlement has a part for each.
// Charges in a deployment that the shop is not paid through any more are set aside.
func (s *Shop) SettleAs(ctx context.Context, req SettleRequest, report func(SettleEvent)) (Settlement, error) {
	if report == nil {
		report = func(SettleEvent) {}
	}
	var reporting sync.Mutex // guards parts too
	parts := make(map[*till]Settlement)
	err := s.each(func(t *till) error {
		label := s.label(t)
		done, err := t.settler.settle(ctx, req, func(event SettleEvent) {
			reporting.Lock()
			defer reporting.Unlock()
			report(event.of(label))
		})
		reporting.Lock()
		defer reporting.Unlock()
		done.Deployment, done.Batches = label, labelled(done.Batches, label)
		parts[t] = done
		if err != nil {
			return fmt.Errorf("settle %s: %w", t.deployment, err)
		}
		return nil
	})
	done := parts[s.tills[0]]
	if len(s.tills) > 1 {
		done = s.sum(parts, req.DryRun)
	}
	done.SetAside = append(done.SetAside, s.strays(req)...)
	report(SettleEvent{Done: &done})
	if err != nil {
		report(SettleEvent{Error: err.Error(), NotWorth: errors.Is(err, ErrNotWorth)})
	}
	return done, err
}

// label tells a till's part of a settlement from those of others.
func (s *Shop) label(t *till) string {
	if len(s.tills) == 1 {
		return ""
	}
	return t.deployment.String()
}

// strays are charges in deployments that the shop is not paid through any more.
func (s *Shop) strays(req SettleRequest) []SetAside {
	var all []SetAside
	for ch := range s.Ledger.Channels() {
		named := len(req.Channels) == 0 || slices.Contains(req.Channels, ch.ID)
		if named && ch.Claimable() > 0 && s.tillOf(ch.Deployment) == nil {
			all = append(all, SetAside{Channel: ch.ID, Value: ch.Claimable(), Reason: fmt.Sprintf("this shop is not set up for %s: add it to the deployments that it is paid through", ch.Deployment)})
		}
	}
	return all
}

// of is the event with its deployment named.
func (e SettleEvent) of(label string) SettleEvent {
	e.Plan = labelled(e.Plan, label)
	if e.Batch != nil {
		batch := *e.Batch
		batch.Deployment = label
		e.Batch = &batch
	}
	return e
}

func labelled(batches []SettledBatch, label string) []SettledBatch {
	all := make([]SettledBatch, len(batches))
	for i, batch := range batches {
		batch.Deployment = label
		all[i] = batch
	}
	return all
}

// sum adds the parts of a settlement up. What the gas cost is added only on one
// chain: the coins of two are not the same.
func (s *Shop) sum(parts map[*till]Settlement, dryRun bool) Settlement {
	all := Settlement{DryRun: dryRun, Batches: []SettledBatch{}, CostUSDC: new(vouchers.Amount)}
	if len(s.accounts) == 1 {
		all.Cost = new(big.Int)
	}
	for _, t := range s.tills {
		part := parts[t]
		all.Channels += part.Channels
		all.Claimed += part.Claimed
		all.Settled += part.Settled
		all.KeptBack += part.KeptBack
		all.GasUsed += part.GasUsed
		all.Batches = append(all.Batches, part.Batches...)
		all.SetAside = append(all.SetAside, part.SetAside...)
		all.Postponed = append(all.Postponed, part.Postponed...)
		all.Unpayable = orElse(all.Unpayable, part.Unpayable)
		if all.Cost != nil {
			all.Cost.Add(all.Cost, part.Cost)
		}
		switch {
		case part.CostUSDC == nil:
			all.CostUSDC = nil
		case all.CostUSDC != nil:
			*all.CostUSDC += *part.CostUSDC
		}
		all.Deployments = append(all.Deployments, part)
	}
	return all
}
