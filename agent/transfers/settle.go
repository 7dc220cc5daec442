package transfers

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Outcome is what an answer says of a transfer. Amounts are atomic units.
type Outcome struct {
	// Settled says that it is spent, and in doubt no more.
	Settled bool
	// Moved is what it has moved, or is to move by the seller's word.
	Moved vouchers.Amount
	// Tx is the transaction, zero where the answer names none.
	Tx common.Hash
}

// Settle holds a seller's receipt, nil if there is none, against the transfer. One of success ends
// the doubt where no more can be taken than it says: it names the transaction, and says that all
// that was signed has moved, or, where up to that may move, the chain says the same of the
// transaction. What cannot be written is err; the transfer stays in doubt then.
func (k *Desk) Settle(ctx context.Context, s *Signed, receipt *x402.SettlementResponse) (o Outcome, err error) {
	if receipt == nil || !receipt.Success {
		return Outcome{}, nil
	}
	o.Moved = s.Signed.Value
	if s.Method == transfer.Upto && receipt.Amount != nil {
		o.Moved = min(o.Moved, *receipt.Amount)
	}
	if receipt.Transaction == "" {
		return o, nil
	}
	o.Tx = common.HexToHash(receipt.Transaction)
	if o.Moved < s.Signed.Value && !k.confirms(ctx, s.Signed, o) {
		return o, nil
	}
	_, err = k.Purse.Resolve(context.WithoutCancel(ctx), s.Signed.Key(), o.Moved)
	o.Settled = err == nil
	return o, err
}

// lookAgain is how often a node that is behind is asked again.
const lookAgain = 100 * time.Millisecond

// confirms asks the chain, by as many endpoints as [Desk.agree] takes, whether a transaction has
// moved what a seller says.
func (k *Desk) confirms(ctx context.Context, t transfer.Transfer, o Outcome) bool {
	ctx, cancel := context.WithTimeout(ctx, k.Behind)
	defer cancel()
	moved, known := k.agree(func(one *chain.Client) (vouchers.Amount, error) {
		mined, err := await(ctx, one, o.Tx)
		if err != nil {
			return 0, err
		}
		used, err := t.Used(ctx, one, mined.BlockNumber)
		if err != nil {
			return 0, err
		}
		if !used {
			return 0, fmt.Errorf("%w: it is not used in block %s", errUnknown, mined.BlockNumber)
		}
		return movedIn(t, mined)
	})
	return known && moved == o.Moved
}

// await waits until an endpoint knows a transaction.
func await(ctx context.Context, one *chain.Client, tx common.Hash) (*types.Receipt, error) {
	for {
		mined, err := one.Receipt(ctx, tx)
		if mined != nil || err != nil {
			return mined, err
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// movedIn is what the transfer has moved in a transaction, as far as that can be told: where two
// such transfers are in it, which look the same there, all that was signed.
func movedIn(t transfer.Transfer, mined *types.Receipt) (vouchers.Amount, error) {
	use, there := t.Outcome(mined, nil)
	if !there {
		return 0, fmt.Errorf("%w: it is not in %s", errUnknown, mined.TxHash)
	}
	if _, another := t.Outcome(mined, func(u transfer.Use) bool { return u.Log == use.Log }); another {
		return t.Value, nil
	}
	return use.Moved, nil
}
