package treasury

import (
	"context"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// ApprovePermit2 lets Permit2 move exactly so much of a token of the key's account, in atomic
// units, in the place of what it could move before; 0 is nothing. It is a transaction of the
// account, which pays its gas, [escrow.DefaultMaxCost] at most. Errors are those of
// [txmgr.Sender.Send].
func ApprovePermit2(ctx context.Context, client *chain.Client, key keys.Signer, token common.Address, amount vouchers.Amount) (tx common.Hash, err error) {
	sender, err := txmgr.NewSender(ctx, client, key, txmgr.WithOwner("the payer's"))
	if err != nil {
		return common.Hash{}, err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	mined, err := sender.Send(ctx, txmgr.Call{
		To: token, Data: abigen.NewToken().PackApprove(funding.Permit2, amount.Big()), Label: "let Permit2 move " + amount.String(), MaxCost: escrow.DefaultMaxCost,
	})
	if err != nil {
		return common.Hash{}, err
	}
	return mined.TxHash, nil
}
