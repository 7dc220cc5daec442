package operate

import (
	"context"
	"errors"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
)

// Deploy is [escrow.Deploy] by a key, which pays the gas.
func Deploy(ctx context.Context, client *chain.Client, key keys.Signer) (all []escrow.Deployed, err error) {
	sender, err := txmgr.NewSender(ctx, client, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	return escrow.Deploy(ctx, client, sender)
}
