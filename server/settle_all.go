package server

import (
	"context"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/server/settle"
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
