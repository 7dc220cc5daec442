package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// Settler turns charges into USDC: it claims what was charged of every channel in
// batches and settles to the receiver in the same transactions.
type Settler struct {
	Ledger *vouchers.Ledger
	Escrow *escrow.Contract
	// Sender pays the gas; its account is the receiver authorizer of the channels.
	Sender *chain.Sender
	Logger *slog.Logger

	running sync.Mutex // one settlement at a time: two would claim the same rows
}

// Settlement is what one run claimed and transferred. Amounts are atomic USDC.
type Settlement struct {
	Channels int             `json:"channels"`
	Claimed  vouchers.Amount `json:"claimed"`
	// Settled includes what earlier claims had left to transfer.
	Settled  vouchers.Amount `json:"settled"`
	GasUsed  uint64          `json:"gasUsed"`
	Batches  []SettledBatch  `json:"batches"`
	SetAside []SetAside      `json:"setAside,omitempty"`
	DryRun   bool            `json:"dryRun,omitempty"`
}

// SettledBatch is one transaction of a settlement.
type SettledBatch struct {
	Tx       common.Hash     `json:"tx"`
	Channels int             `json:"channels"`
	Claimed  vouchers.Amount `json:"claimed"`
	GasUsed  uint64          `json:"gasUsed"`
}

// SetAside is a channel whose claim the escrow refuses, with the reason.
type SetAside struct {
	Channel vouchers.ChannelID `json:"channel"`
	Value   vouchers.Amount    `json:"value"`
	Reason  string             `json:"reason"`
}

// Settle claims everything that is charged and not yet claimed, most valuable
// channel first. With dryRun it only plans. A batch that fails leaves the earlier
// ones booked; the error says which failed.
func (s *Settler) Settle(ctx context.Context, dryRun bool) (Settlement, error) {
	s.running.Lock()
	defer s.running.Unlock()

	settlement := Settlement{DryRun: dryRun}
	for _, claims := range s.claims() {
		if err := s.settleGroup(ctx, claims, &settlement); err != nil {
			return settlement, err
		}
	}
	return settlement, nil
}

// payee is what all rows of a batch share.
type payee struct {
	receiver, authorizer, token common.Address
	delay                       uint64 // seconds
}

func (s *Settler) claims() map[payee][]escrow.Claim {
	groups := make(map[payee][]escrow.Claim)
	for ch := range s.Ledger.Channels() {
		if ch.Claimable() == 0 || ch.Deployment != s.Escrow.Deployment() {
			continue
		}
		to := payee{ch.Config.Receiver, ch.Config.ReceiverAuthorizer, ch.Config.Token, ch.Config.WithdrawDelay}
		groups[to] = append(groups[to], claimOf(ch))
	}
	for _, claims := range groups {
		slices.SortFunc(claims, func(a, b escrow.Claim) int { return cmp.Compare(b.Value(), a.Value()) })
	}
	return groups
}

func claimOf(ch vouchers.Channel) escrow.Claim {
	return escrow.Claim{Config: ch.Config, Ceiling: ch.Ceiling, Signature: ch.Signature, Total: ch.Charged, Before: ch.Claimed}
}

func (s *Settler) settleGroup(ctx context.Context, claims []escrow.Claim, settlement *Settlement) error {
	plan, err := s.Escrow.Plan(ctx, s.Sender.Address(), claims)
	if err != nil {
		return err
	}
	s.setAside(plan.Rejected, settlement)
	for i, batch := range plan.Batches {
		if settlement.DryRun {
			settlement.add(SettledBatch{Channels: len(batch), Claimed: value(batch)}, 0)
			continue
		}
		if err := s.settleBatch(ctx, batch, settlement); err != nil {
			return fmt.Errorf("batch %d of %d: %w", i+1, len(plan.Batches), err)
		}
	}
	if settlement.DryRun {
		settlement.GasUsed += plan.Gas
	}
	return nil
}

// setAside reports claims that the escrow does not take.
func (s *Settler) setAside(rejected []escrow.Rejected, settlement *Settlement) {
	for _, r := range rejected {
		id := s.Escrow.Domain().ChannelID(r.Config)
		s.Logger.Warn("claim set aside", "channel", id, "value", r.Value(), "reason", r.Err)
		settlement.SetAside = append(settlement.SetAside, SetAside{id, r.Value(), r.Err.Error()})
	}
}

func (s *Settler) settleBatch(ctx context.Context, batch []escrow.Claim, settlement *Settlement) error {
	outcome, err := s.Escrow.ClaimAndSettle(ctx, s.Sender, batch)
	if err != nil {
		return err
	}
	tx := outcome.Receipt.TxHash
	for _, claim := range outcome.Claimed {
		if err := s.Ledger.Claimed(ctx, s.Escrow.Domain().ChannelID(claim.Config), claim.Total); err != nil {
			return fmt.Errorf("book the claim of transaction %s: %w", tx, err)
		}
	}
	s.setAside(outcome.Skipped, settlement)
	done := SettledBatch{Tx: tx, Channels: len(outcome.Claimed), Claimed: value(outcome.Claimed), GasUsed: outcome.Receipt.GasUsed}
	s.Logger.Info("settled", "tx", done.Tx, "channels", done.Channels, "claimed", done.Claimed, "gas", done.GasUsed)
	settlement.add(done, outcome.Settled)
	return nil
}

func (s *Settlement) add(batch SettledBatch, settled vouchers.Amount) {
	s.Batches = append(s.Batches, batch)
	s.Channels += batch.Channels
	s.Claimed += batch.Claimed
	s.Settled += settled
	s.GasUsed += batch.GasUsed
}

func value(batch []escrow.Claim) vouchers.Amount {
	var sum vouchers.Amount
	for _, claim := range batch {
		sum += claim.Value()
	}
	return sum
}

// Run settles every interval until the context ends. A failed settlement is logged
// and tried again at the next tick.
func (s *Settler) Run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if _, err := s.Settle(ctx, false); err != nil && ctx.Err() == nil {
				s.Logger.Error("settle", "error", err)
			}
		}
	}
}
