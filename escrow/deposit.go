package escrow

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// Deposit submits a deposit through the collector that it is signed for and waits for
// its confirmation. Called again for the same authorization it returns the same
// transaction's receipt, or nil where another transaction used the authorization. A
// payer that is a contract says itself whether it has signed, at the sender's gas:
// [WithMaxGas] bounds that.
func (c *Contract) Deposit(ctx context.Context, sender *txmgr.Sender, d funding.Authorized, collector common.Address, opts ...SendOption) (*types.Receipt, error) {
	id := c.domain.ChannelID(d.Channel())
	pull, err := c.DepositCall(d, collector)
	if err != nil {
		return nil, err
	}
	key := c.depositKey(d, collector)
	used, err := d.Used(ctx, c.client, id, nil)
	if err != nil {
		return nil, fmt.Errorf("deposit %s into channel %s: %w", d.Sum(), id, err)
	}
	if used && !sender.Knows(key) {
		return nil, nil
	}
	call := optionsOf(opts).call
	call.To, call.Data, call.Label, call.Key = pull.To, pull.Data, pull.Label, key
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return nil, fmt.Errorf("deposit %s into channel %s: %w", d.Sum(), id, err)
	}
	return receipt, nil
}

// depositKey makes a deposit's transaction happen once.
func (c *Contract) depositKey(d funding.Authorized, collector common.Address) string {
	return "deposit/" + d.Key(c.deployment.ChainID, collector, c.domain.ChannelID(d.Channel())).Hex()
}

// Submitted reports whether the sender, or anybody else, has submitted a deposit. The
// chain is asked where it was not the sender.
func (c *Contract) Submitted(ctx context.Context, sender *txmgr.Sender, d funding.Authorized, collector common.Address) (bool, error) {
	if sender.Knows(c.depositKey(d, collector)) {
		return true, nil
	}
	return d.Used(ctx, c.client, c.domain.ChannelID(d.Channel()), nil)
}

// Outcome reports whether a deposit's authorization is used up, by a deposit or because
// its payer cancelled it, and the channel's balance, both as of the latest block.
func (c *Contract) Outcome(ctx context.Context, d funding.Authorized) (used bool, balance vouchers.Amount, err error) {
	head, err := c.client.BlockNumber(ctx)
	if err != nil {
		return false, 0, err
	}
	config := d.Channel()
	states, err := c.statesAt(ctx, []vouchers.ChannelConfig{config}, head)
	if err == nil {
		err = states[0].Err
	}
	if err == nil {
		used, err = d.Used(ctx, c.client, c.domain.ChannelID(config), new(big.Int).SetUint64(head))
	}
	if err != nil {
		return false, 0, fmt.Errorf("read what became of the deposit of %s into channel %s: %w", d.Sum(), c.domain.ChannelID(config), err)
	}
	return used, states[0].Balance, nil
}
