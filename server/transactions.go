package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
)

// ErrWhichChain says that transactions of two chains have the same nonce.
var ErrWhichChain = errors.New("transactions of several chains have this nonce")

// Transactions returns what the shop has sent and the chain has not confirmed, by
// chain and nonce.
func (s *Shop) Transactions() []txmgr.Pending {
	all := []txmgr.Pending{}
	for _, on := range s.accounts {
		all = append(all, on.sender.Pending()...)
	}
	return all
}

// SpeedUp is [txmgr.Sender.SpeedUp] of the shop's sender on a chain. Chain id 0 is
// the one that has the nonce; an error wraps [ErrWhichChain] where several have.
func (s *Shop) SpeedUp(ctx context.Context, chainID, nonce uint64) error {
	sender, err := s.senderOf(chainID, nonce)
	if err != nil {
		return err
	}
	return sender.SpeedUp(ctx, nonce)
}

// Cancel is [txmgr.Sender.Cancel] of the shop's sender on a chain, named as for
// [Shop.SpeedUp].
func (s *Shop) Cancel(ctx context.Context, chainID, nonce uint64) error {
	sender, err := s.senderOf(chainID, nonce)
	if err != nil {
		return err
	}
	return sender.Cancel(ctx, nonce)
}

func (s *Shop) senderOf(chainID, nonce uint64) (*txmgr.Sender, error) {
	var has []*account
	for _, on := range s.accounts {
		if chainID != 0 && on.client.ChainID() == chainID {
			return on.sender, nil
		}
		for _, tx := range on.sender.Pending() {
			if tx.Nonce == nonce {
				has = append(has, on)
			}
		}
	}
	switch {
	case chainID != 0:
		return nil, fmt.Errorf("%w: chain id %d is none of the shop's", chain.ErrChainID, chainID)
	case len(has) > 1:
		return nil, fmt.Errorf("%w: %d is on %s and %s; name the chain id", ErrWhichChain, nonce, has[0].client.Network(), has[1].client.Network())
	case len(has) == 1:
		return has[0].sender, nil
	}
	return s.accounts[0].sender, nil // which says that there is no such transaction
}
