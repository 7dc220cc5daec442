package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// startTill gives a till its settler and its watcher.
func (s *Shop) startTill(ctx context.Context, t *till, policy SettlePolicy) error {
	bucket, err := placed(ctx, s.Store, watchBucket, t.deployment.String())
	if err != nil {
		return err
	}
	policy.confirmations, policy.CoinPrice = t.confirmations, t.coinPrice
	logger := s.logger
	if len(s.tills) > 1 {
		logger = logger.With("deployment", t.deployment)
	}
	t.settler = &Settler{
		Ledger: s.Ledger, Escrow: t.escrow, Sender: t.sender, Logger: logger, Policy: policy, aside: s.aside, watch: newSettleWatch(),
	}
	t.watcher = escrow.NewWatcher(t.escrow, s.Ledger, bucket,
		escrow.WithDepth(t.confirmations), escrow.OnWithdrawal(t.settler.Defend), escrow.WithLogger(logger))
	t.settler.learned = t.watcher.Learned
	return t.watcher.Resume()
}

// warnOfOthers tells the operator of money in deployments that the shop is not paid
// through any more: nobody watches it, and nobody claims it.
func (s *Shop) warnOfOthers() {
	left := make(map[vouchers.Deployment]vouchers.Amount)
	for ch := range s.Ledger.Channels() {
		if s.tillOf(ch.Deployment) == nil {
			left[ch.Deployment] += ch.Claimable()
		}
	}
	for deployment, claimable := range left {
		s.logger.Warn("the store has channels of a deployment that this shop is not paid through: add it again to claim", "deployment", deployment, "claimable", claimable)
	}
}

// Run follows the chain, settles at the interval (0 never) and as the policy says,
// defends withdrawals, and gives back what ended credit tokens have left, until the
// context ends. [Shop.Serve] does it; a program
// that serves the tools in its own way calls it beside.
func (s *Shop) Run(ctx context.Context, settleEvery time.Duration) {
	var all sync.WaitGroup
	for _, on := range s.accounts {
		all.Go(func() { s.thawAll(ctx, on) })
	}
	for _, t := range s.tills {
		all.Go(func() { t.watcher.Run(ctx) })
		all.Go(func() { s.catchUp(ctx, t) })
		all.Go(func() { t.settler.Run(ctx, settleEvery) })
		all.Go(func() { t.followGasPrice(ctx) })
	}
	all.Go(func() { s.Credit.Run(ctx, creditSweep, s.logger) })
	all.Wait()
}

// catchUp compares the ledger with the chain while the shop sells already, and says
// what happened while it did not run. It tries until it has.
func (s *Shop) catchUp(ctx context.Context, t *till) {
	found, err := backoff.Retry(ctx, func() (escrow.Reconciliation, error) {
		found, err := t.watcher.Reconcile(ctx)
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
	return s.each(func(t *till) error { return t.settler.settleDue(ctx, SettleRequest{}, "shutdown") })
}

// Reconcile compares every channel of the shop with the chain, takes over what the
// chain says, and explains what differed.
func (s *Shop) Reconcile(ctx context.Context) (escrow.Reconciliation, error) {
	all := escrow.Reconciliation{Differences: []escrow.Difference{}}
	var adding sync.Mutex
	err := s.each(func(t *till) error {
		found, err := t.watcher.Reconcile(ctx)
		adding.Lock()
		defer adding.Unlock()
		all.Channels += found.Channels
		all.Differences = append(all.Differences, found.Differences...)
		return err
	})
	return all, err
}

// each does something at every till at once, so that a chain that does not answer
// keeps no other waiting.
func (s *Shop) each(do func(*till) error) error {
	failed := make([]error, len(s.tills))
	var all sync.WaitGroup
	for i, t := range s.tills {
		all.Go(func() { failed[i] = do(t) })
	}
	all.Wait()
	return errors.Join(failed...)
}

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
func (s *Shop) Withdrawals() []Withdrawal { return listWithdrawals(s.Ledger, s.aside) }
