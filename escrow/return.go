package escrow

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

// Refund claims what the receiver is owed of a channel and gives amount back to
// its payer, in one transaction. A claim whose value is zero is left out. The
// sender must be the receiver or the receiver authorizer.
func (c *Contract) Refund(ctx context.Context, sender *chain.Sender, owed Claim, amount vouchers.Amount, opts ...SendOption) (*types.Receipt, error) {
	calls := [][]byte{c.abi.PackRefund(abiConfig(owed.Config), amount.Big())}
	if owed.Value() > 0 {
		calls = append([][]byte{c.abi.PackClaim(abiClaims([]Claim{owed}))}, calls...)
	}
	call := optionsOf(opts).call
	call.To, call.Data, call.Label = c.deployment.Escrow, c.abi.PackMulticall(calls), "refund "+amount.String()
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return nil, fmt.Errorf("refund %s of channel %s: %w", amount, c.domain.ChannelID(owed.Config), err)
	}
	return receipt, nil
}

// InitiateWithdraw announces that the payer takes amount out of a channel after the
// channel's delay. The sender must be the payer or its authorizer; one withdrawal
// can be pending at a time.
func (c *Contract) InitiateWithdraw(ctx context.Context, sender *chain.Sender, config vouchers.ChannelConfig, amount vouchers.Amount) (*types.Receipt, error) {
	receipt, err := sender.Send(ctx, chain.Call{
		To:    c.deployment.Escrow,
		Data:  c.abi.PackInitiateWithdraw(abiConfig(config), amount.Big()),
		Label: "start withdrawal of " + amount.String(),
	})
	if err != nil {
		return nil, fmt.Errorf("start to withdraw %s of channel %s: %w", amount, c.domain.ChannelID(config), err)
	}
	return receipt, nil
}

// FinalizeWithdraw transfers a withdrawal whose delay has passed to the payer: the
// announced amount, or what claims left of it.
func (c *Contract) FinalizeWithdraw(ctx context.Context, sender *chain.Sender, config vouchers.ChannelConfig) (*types.Receipt, error) {
	receipt, err := sender.Send(ctx, chain.Call{
		To:    c.deployment.Escrow,
		Data:  c.abi.PackFinalizeWithdraw(abiConfig(config)),
		Label: "finish withdrawal",
	})
	if err != nil {
		return nil, fmt.Errorf("finish the withdrawal of channel %s: %w", c.domain.ChannelID(config), err)
	}
	return receipt, nil
}
