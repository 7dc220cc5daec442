package server

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
)

// warnOfOthers tells the operator of money in deployments that the shop is not paid
// through any more: nobody watches it, and nobody claims it.
func (s *Shop) warnOfOthers() {
	left := make(map[vouchers.Deployment]vouchers.Amount)
	for ch := range s.Ledger.Channels() {
		if ch.Claimable() > 0 && s.tills.Of(ch.Deployment) == nil {
			left[ch.Deployment] += ch.Claimable()
		}
	}
	for deployment, claimable := range left {
		s.logger.Error("the store has channels of a deployment that this shop is not paid through, of which nobody claims: add it again", "deployment", deployment, "claimable", claimable)
	}
}

// Run follows the chain, settles at the interval (0 never) and as the policy says,
// defends withdrawals, and gives back what ended credit tokens have left, until the
// context ends. [Shop.Serve] does it; a program
// that serves the tools in its own way calls it beside.
func (s *Shop) Run(ctx context.Context, settleEvery time.Duration) {
	var all sync.WaitGroup
	all.Go(func() { s.vouchers.Run(ctx) })
	for _, t := range s.tills.All {
		all.Go(func() { t.Watcher.Run(ctx) })
		all.Go(func() { s.catchUp(ctx, t) })
		all.Go(func() { t.Settler.Run(ctx, settleEvery) })
		all.Go(func() { t.FollowGasPrice(ctx) })
	}
	all.Go(func() { s.watchDisk(ctx) })
	all.Go(func() { s.pruneHistory(ctx) })
	all.Go(func() { s.tokens.Run(ctx) })
	all.Wait()
}

// catchUp compares the ledger with the chain while the shop sells already, and says
// what happened while it did not run. It tries until it has.
func (s *Shop) catchUp(ctx context.Context, t *till.Till) {
	found, err := backoff.Retry(ctx, func() (watch.Reconciliation, error) {
		found, err := t.Watcher.Reconcile(ctx)
		if err != nil && ctx.Err() == nil {
			s.logger.Warn("compare the ledger with the chain", "error", err)
		}
		return found, err
	}, backoff.WithMaxElapsedTime(0))
	if err != nil {
		return // the shop is stopped
	}
	s.caughtUp(ctx, t)
	for _, d := range found.Differences {
		attributes := []any{"channel", d.Channel, "payer", d.Payer, "what", d.What, "ledger", d.Ledger, "chain", d.Chain, "because", d.Because}
		if d.Lost > 0 {
			s.logger.Error("money that was charged cannot be claimed any more", append(attributes, "amount", d.Lost.String())...)
			continue
		}
		s.logger.Info("the chain knew better", attributes...)
	}
}

// caughtUp notes that the ledger has caught up with the chain at some tills. A store that
// is an older copy begins its next epoch once it has at all of them.
func (s *Shop) caughtUp(ctx context.Context, tills ...*till.Till) {
	s.renewing.Lock()
	defer s.renewing.Unlock()
	if !s.tenure.older {
		return
	}
	for _, t := range tills {
		s.behind = slices.DeleteFunc(s.behind, func(other *till.Till) bool { return other == t })
	}
	if len(s.behind) > 0 {
		return
	}
	s.Ledger.Forgive(false)
	if err := s.tenure.renew(ctx); err != nil {
		s.logger.Error("the older store has caught up with the chain, which is not written down", "error", err)
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
	return s.tills.Settlers().SettleDue(ctx, "shutdown")
}
