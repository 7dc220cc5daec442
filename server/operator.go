package server

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers/receipts"
)

// SettleAs is [settle.Settler.SettleAs] for every deployment of the shop, all at once. Where
// there are several, each batch names its own, and the settlement has a part for each.
// Charges in a deployment that the shop is not paid through any more are set aside.
func (s *Shop) SettleAs(ctx context.Context, req settle.Request, report func(settle.Event)) (settle.Settlement, error) {
	return s.tills.Settlers().SettleAs(ctx, req, s.tills.Strays(s.Ledger, req), report)
}

// Transactions returns what the shop has sent and the chain has not confirmed, by
// chain and nonce.
func (s *Shop) Transactions() []txmgr.Pending { return s.tills.Pending() }

// SpeedUp is [txmgr.Sender.SpeedUp] of the shop's sender on a chain. Chain id 0 is
// the one that has the nonce; an error wraps [till.ErrWhichChain] where several have.
func (s *Shop) SpeedUp(ctx context.Context, chainID, nonce uint64) error {
	return s.tills.SpeedUp(ctx, chainID, nonce)
}

// Cancel is [txmgr.Sender.Cancel] of the shop's sender on a chain, named as for
// [Shop.SpeedUp].
func (s *Shop) Cancel(ctx context.Context, chainID, nonce uint64) error {
	return s.tills.Cancel(ctx, chainID, nonce)
}

// Channels are those that pay the shop, the most claimable first.
func (s *Shop) Channels() []books.View { return books.Channels(s.Ledger, s.aside) }

// Withdrawals are those that payers have announced, the earliest deadline first.
func (s *Shop) Withdrawals() []books.Withdrawal { return books.Withdrawals(s.Ledger, s.aside) }

// Transfers says how the transfers that have paid the shop go on each chain, by its name as in
// "eip155:8453": among it how many a reorganization has taken back.
func (s *Shop) Transfers() map[string]clearing.Stats { return s.transfers.Stats() }

// WriteStatement is [books.WriteStatement] of the shop.
func (s *Shop) WriteStatement(ctx context.Context, want receipts.Filter, w io.Writer) error {
	all, err := books.Payers(s.Ledger, s.Store)
	if err != nil {
		return err
	}
	return books.WriteStatement(ctx, all, s.Receipts, books.KeptIn(s.Store), want, w)
}

// Debts are those of payers who were trusted with transfers that have failed.
func (s *Shop) Debts() []exact.Debt { return s.transfers.Debts().All() }

// Forgive is [exact.Debts.Forgive] of the shop.
func (s *Shop) Forgive(ctx context.Context, payer common.Address) (exact.Debt, error) {
	return s.transfers.Debts().Forgive(ctx, payer)
}

// Limits returns the limits that apply.
func (s *Shop) Limits() Limits { return s.limits }

// MeetLimit counts that a limit was met by what the shop cannot see, such as a gateway.
func (s *Shop) MeetLimit(name string) { s.met.Add(name) }

// LimitHits returns how often each limit was met since the shop was opened, by the
// limit's name. A limit that was never met is not there. The first time is logged.
func (s *Shop) LimitHits() map[string]uint64 { return s.met.All() }

// LimitViews lists all limits, those first that were met most often.
func (s *Shop) LimitViews() []limits.View { return s.met.Views(s.limits) }

// Backup writes a consistent copy of the store while the shop goes on, which is known as
// the older one from then on.
func (s *Shop) Backup(ctx context.Context, w io.Writer) (int64, error) {
	n, err := s.Store.Backup(w)
	s.renewing.Lock()
	defer s.renewing.Unlock()
	if s.tenure.older {
		return n, err
	}
	return n, errors.Join(err, s.tenure.renew(ctx))
}

// Reconcile compares every channel of the shop with the chain, takes over what the
// chain says, and explains what differed.
func (s *Shop) Reconcile(ctx context.Context) (watch.Reconciliation, error) {
	all := watch.Reconciliation{Differences: []watch.Difference{}}
	var adding sync.Mutex
	err := s.tills.Each(func(t *till.Till) error {
		found, err := t.Watcher.Reconcile(ctx)
		adding.Lock()
		defer adding.Unlock()
		all.Channels += found.Channels
		all.Differences = append(all.Differences, found.Differences...)
		return err
	})
	if err == nil {
		s.caughtUp(ctx, s.tills.All...)
	}
	all.Stopped = s.Ledger.Stops()
	return all, err
}
