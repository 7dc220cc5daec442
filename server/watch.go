package server

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// watchBucket is the store's bucket of the watcher's checkpoint.
const watchBucket = "watch"

func (s *Shop) newSettler(policy SettlePolicy) (*Settler, error) {
	aside, err := loadAsides(s.Store)
	if err != nil {
		return nil, err
	}
	policy.confirmations = s.confirmations
	return &Settler{
		Ledger: s.Ledger, Escrow: s.escrow, Sender: s.sender, Logger: s.logger, Policy: policy, aside: aside, watch: newSettleWatch(),
	}, nil
}

func (s *Shop) newWatcher() *escrow.Watcher {
	w := escrow.NewWatcher(s.escrow, s.Ledger, s.Store.Bucket(watchBucket),
		escrow.WithDepth(s.confirmations), escrow.OnWithdrawal(s.Settler.Defend), escrow.WithLogger(s.logger))
	s.Settler.learned = w.Learned
	return w
}

// Run follows the chain, settles at the interval (0 never) and as the policy says,
// defends withdrawals, and gives back what ended credit tokens have left, until the
// context ends. [Shop.Serve] does it; a program
// that serves the tools in its own way calls it beside.
func (s *Shop) Run(ctx context.Context, settleEvery time.Duration) {
	var all sync.WaitGroup
	all.Go(func() { s.Watcher.Run(ctx) })
	all.Go(func() { s.catchUp(ctx) })
	all.Go(func() { s.thawAll(ctx) })
	all.Go(func() { s.Settler.Run(ctx, settleEvery) })
	all.Go(func() { s.Credit.Run(ctx, creditSweep, s.logger) })
	all.Wait()
}

// catchUp compares the ledger with the chain while the shop sells already, and says
// what happened while it did not run. It tries until it has.
func (s *Shop) catchUp(ctx context.Context) {
	found, err := backoff.Retry(ctx, func() (escrow.Reconciliation, error) {
		found, err := s.Watcher.Reconcile(ctx)
		if err != nil && ctx.Err() == nil {
			s.logger.Warn("compare the ledger with the chain", "error", err)
		}
		return found, err
	}, backoff.WithMaxElapsedTime(0))
	if err != nil {
		return // the shop is stopped
	}
	for _, d := range found.Differences {
		s.logger.Info("the chain knew better", "channel", d.Channel, "what", d.What, "ledger", d.Ledger, "chain", d.Chain, "because", d.Because)
	}
}

// lastSettlement is how long the settlement at the end of Serve may take.
const lastSettlement = 2 * time.Minute

// settleLast settles at the end, where the policy asks for it.
func (s *Shop) settleLast(ctx context.Context) error {
	if !s.Settler.Policy.OnShutdown {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSettlement)
	defer cancel()
	return s.Settler.settleDue(ctx, SettleRequest{}, "shutdown")
}

// Reconcile compares every channel of the shop with the chain, takes over what the
// chain says, and explains what differed.
func (s *Shop) Reconcile(ctx context.Context) (escrow.Reconciliation, error) {
	return s.Watcher.Reconcile(ctx)
}

// SettleAs is [Settler.SettleAs] of the shop's settler.
func (s *Shop) SettleAs(ctx context.Context, req SettleRequest, report func(SettleEvent)) (Settlement, error) {
	return s.Settler.SettleAs(ctx, req, report)
}

// Transactions returns what the shop has sent and the chain has not confirmed, by
// nonce.
func (s *Shop) Transactions() []chain.PendingTx { return s.sender.Pending() }

// SpeedUp is [chain.Sender.SpeedUp] of the shop's sender.
func (s *Shop) SpeedUp(ctx context.Context, nonce uint64) error { return s.sender.SpeedUp(ctx, nonce) }

// Cancel is [chain.Sender.Cancel] of the shop's sender.
func (s *Shop) Cancel(ctx context.Context, nonce uint64) error { return s.sender.Cancel(ctx, nonce) }

// Withdrawal is a payer's pending withdrawal as the seller sees it. Amounts are
// atomic USDC.
type Withdrawal struct {
	ChannelView
	// Amount is what the payer takes out when the delay has passed.
	Amount vouchers.Amount `json:"amount"`
	// AtRisk is what was charged and would leave with it: it must be claimed before.
	AtRisk vouchers.Amount `json:"atRisk"`
}

// Withdrawals returns the channels from which money is being withdrawn, the earliest
// deadline first.
func (s *Shop) Withdrawals() []Withdrawal { return listWithdrawals(s.Ledger, s.Settler.aside) }
