package till

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
)

// ErrWhichChain says that transactions of two chains have the same nonce.
var ErrWhichChain = errors.New("transactions of several chains have this nonce")

// Pending are the transactions that were sent and that the chain has not confirmed, by
// chain and nonce.
func (ts *Tills) Pending() []txmgr.Pending {
	all := []txmgr.Pending{}
	for _, on := range ts.Accounts {
		all = append(all, on.Sender.Pending()...)
	}
	return all
}

// SpeedUp is [txmgr.Sender.SpeedUp] of the sender on a chain. Chain id 0 is the one that has
// the nonce; an error wraps [ErrWhichChain] where several have.
func (ts *Tills) SpeedUp(ctx context.Context, chainID, nonce uint64) error {
	sender, err := ts.senderOf(chainID, nonce)
	if err != nil {
		return err
	}
	return sender.SpeedUp(ctx, nonce)
}

// Cancel is [txmgr.Sender.Cancel] of the sender on a chain, named as for [Tills.SpeedUp].
func (ts *Tills) Cancel(ctx context.Context, chainID, nonce uint64) error {
	sender, err := ts.senderOf(chainID, nonce)
	if err != nil {
		return err
	}
	return sender.Cancel(ctx, nonce)
}

func (ts *Tills) senderOf(chainID, nonce uint64) (*txmgr.Sender, error) {
	var has []*Account
	for _, on := range ts.Accounts {
		if chainID != 0 && on.Client.ChainID() == chainID {
			return on.Sender, nil
		}
		for _, tx := range on.Sender.Pending() {
			if tx.Nonce == nonce {
				has = append(has, on)
			}
		}
	}
	switch {
	case chainID != 0:
		return nil, fmt.Errorf("%w: chain id %d is none of the shop's", chain.ErrChainID, chainID)
	case len(has) > 1:
		return nil, fmt.Errorf("%w: %d is on %s and %s; name the chain id", ErrWhichChain, nonce, has[0].Client.Network(), has[1].Client.Network())
	case len(has) == 1:
		return has[0].Sender, nil
	}
	return ts.Accounts[0].Sender, nil // which says that there is no such transaction
}
