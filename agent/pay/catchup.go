package pay

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// lookAgain is how often a node that is behind is asked again.
const lookAgain = 100 * time.Millisecond

// catchUp waits until the chain's node has come to a transaction that moved a channel's
// money, or shows what it did: a node may be some blocks behind the server's. Where the
// node does not come to it in time, the channel's balance is what it says all the same.
func (p *Payer) catchUp(ctx context.Context, ch *channel, tx common.Hash, shows func(balance vouchers.Amount) bool) error {
	until := time.Now().Add(p.Limits.Behind)
	for {
		block, err := p.lookAt(ctx, ch)
		if err != nil {
			return err
		}
		if shows(ch.Balance()) || tx == (common.Hash{}) || time.Now().After(until) {
			return nil
		}
		made, err := p.chain.Receipt(ctx, tx)
		if err != nil {
			return err
		}
		if made != nil && block >= made.BlockNumber.Uint64() {
			return nil
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// lookAt takes over what the chain says of a channel's balance, and returns as of which
// block. It fails with [account.ErrOldBook] where more is claimed than was signed.
func (p *Payer) lookAt(ctx context.Context, ch *channel) (block uint64, err error) {
	state, err := ch.Contract.State(ctx, ch.Config, 1)
	if err == nil {
		err = ch.Knows(state.Claimed)
	}
	if err != nil {
		return 0, err
	}
	ch.Observe(state.Balance, state.Block)
	return state.Block, nil
}
