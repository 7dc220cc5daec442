package operate

import (
	"cmp"
	"context"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402/extension"
)

// SignMove signs with a shop's key that it has moved, good until a time: what a server shows
// as the moves of its terms, so that payers use their channels there.
func SignMove(ctx context.Context, o server.Options, moved server.Move, until time.Time) (extension.Move, error) {
	config := vouchers.ChannelConfig{
		Receiver: cmp.Or(o.PayTo, o.Key.Address()), ReceiverAuthorizer: o.Key.Address(), Token: o.Token, WithdrawDelay: o.WithdrawDelay,
	}
	return voucher.SignMove(ctx, o.Key, vouchers.Deployment{ChainID: o.ChainID, Escrow: o.Escrow}, config, moved, until)
}
