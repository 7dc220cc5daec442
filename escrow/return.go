package escrow

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/vouchers"
)

// Returned is a transaction that gives money back to a payer.
type Returned struct {
	Receipt *types.Receipt
	// Paid is what reached the payer, in atomic units: less than was asked for where
	// claims, refunds or withdrawals came first, 0 where they took all.
	Paid vouchers.Amount
}

// Refund claims what the receiver is owed of a channel and gives up to amount back to
// its payer, in one transaction. A claim whose value is zero is left out. The
// sender must be the receiver or the receiver authorizer.
func (c *Contract) Refund(ctx context.Context, sender *txmgr.Sender, owed Claim, amount vouchers.Amount, opts ...SendOption) (Returned, error) {
	id := c.domain.ChannelID(owed.Config)
	calls := [][]byte{c.abi.PackRefund(abiConfig(owed.Config), amount.Big())}
	if owed.Value() > 0 {
		calls = append([][]byte{c.abi.PackClaim(abiClaims([]Claim{owed}))}, calls...)
	}
	call := optionsOf(opts).call
	call.To, call.Data, call.Label = c.deployment.Escrow, c.abi.PackMulticall(calls), "refund "+amount.String()
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return Returned{}, fmt.Errorf("refund %s of channel %s: %w", amount, id, err)
	}
	return c.returned(id, receipt)
}

// returned reads from its events what a transaction gave back to the payer of a
// channel. A refund of nothing may have no event.
func (c *Contract) returned(id vouchers.ChannelID, receipt *types.Receipt) (Returned, error) {
	r := Returned{Receipt: receipt}
	for _, log := range receipt.Logs {
		if log.Address != c.deployment.Escrow || len(log.Topics) < 2 || log.Topics[1] != common.Hash(id) {
			continue
		}
		var paid *big.Int
		if event, err := c.abi.UnpackRefundedEvent(log); err == nil {
			paid = event.Amount
		} else if event, err := c.abi.UnpackWithdrawFinalizedEvent(log); err == nil {
			paid = event.Amount
		} else {
			continue
		}
		amount, err := vouchers.AmountFromBig(paid)
		if err != nil {
			return r, fmt.Errorf("what transaction %s gave back of channel %s: %w", receipt.TxHash, id, err)
		}
		r.Paid += amount
	}
	return r, nil
}

// Announced is a withdrawal that was announced.
type Announced struct {
	Receipt *types.Receipt
	// After is when it can be finalized.
	After time.Time
}

// DefaultMaxCost is the most that a transaction of a payer costs in all, in wei of the
// chain's coin, unless [WithMaxCost] says otherwise: 0.02 coins, some 250 gwei for each gas.
var DefaultMaxCost = big.NewInt(2e16)

// payersCall is a call of a payer, whose cost is bounded.
func payersCall(opts []SendOption) txmgr.Call {
	return optionsOf(append([]SendOption{WithMaxCost(DefaultMaxCost)}, opts...)).call
}

// InitiateWithdraw announces that the payer takes amount out of a channel after the
// channel's delay. The sender must be the payer or its authorizer. One withdrawal can
// be pending at a time: on our own escrow, the payer's takes the place of it, and its
// delay starts again. It costs no more than [DefaultMaxCost] by default.
func (c *Contract) InitiateWithdraw(ctx context.Context, sender *txmgr.Sender, config vouchers.ChannelConfig, amount vouchers.Amount, opts ...SendOption) (Announced, error) {
	id := c.domain.ChannelID(config)
	call := payersCall(opts)
	call.To, call.Label = c.deployment.Escrow, "start withdrawal of "+amount.String()
	call.Data = c.abi.PackInitiateWithdraw(abiConfig(config), amount.Big())
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return Announced{}, fmt.Errorf("start to withdraw %s of channel %s: %w", amount, id, err)
	}
	for _, log := range receipt.Logs {
		event, err := c.abi.UnpackWithdrawInitiatedEvent(log)
		if err == nil && log.Address == c.deployment.Escrow && event.ChannelId == id && event.FinalizeAfter.IsInt64() {
			return Announced{receipt, time.Unix(event.FinalizeAfter.Int64(), 0).UTC()}, nil
		}
	}
	return Announced{Receipt: receipt}, fmt.Errorf("start to withdraw %s of channel %s: transaction %s announces nothing: %w", amount, id, receipt.TxHash, errUnexpectedAnswer)
}

// FinalizeWithdraw transfers a withdrawal whose delay has passed to the payer: the
// announced amount, or what claims left of it. Its cost is bounded as that of
// [Contract.InitiateWithdraw].
func (c *Contract) FinalizeWithdraw(ctx context.Context, sender *txmgr.Sender, config vouchers.ChannelConfig, opts ...SendOption) (Returned, error) {
	id := c.domain.ChannelID(config)
	call := payersCall(opts)
	call.To, call.Label = c.deployment.Escrow, "finish withdrawal"
	call.Data = c.abi.PackFinalizeWithdraw(abiConfig(config))
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return Returned{}, fmt.Errorf("finish the withdrawal of channel %s: %w", id, err)
	}
	return c.returned(id, receipt)
}
