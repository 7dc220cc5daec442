package escrow

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync/atomic"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

// Contract is one escrow on one chain. It is safe for concurrent use.
type Contract struct {
	client     *chain.Client
	abi        *abigen.Escrow
	deployment vouchers.Deployment
	domain     *vouchers.Domain
	compact    atomic.Pointer[bool] // whether it has the compact claim path; nil until it was asked
}

// At returns the escrow at an address of the client's chain. It makes no call.
func At(client *chain.Client, address common.Address) *Contract {
	deployment := vouchers.Deployment{ChainID: client.ChainID(), Escrow: address}
	return &Contract{
		client:     client,
		abi:        abigen.NewEscrow(),
		deployment: deployment,
		domain:     vouchers.NewDomain(deployment),
	}
}

// Deployment names the escrow and its chain.
func (c *Contract) Deployment() vouchers.Deployment { return c.deployment }

// Domain is the EIP-712 domain under which the escrow checks vouchers.
func (c *Contract) Domain() *vouchers.Domain { return c.domain }

// HasCompactClaim asks the escrow whether it takes claims from tightly packed
// calldata (ERC-165). An escrow that does not know the question has not.
func (c *Contract) HasCompactClaim(ctx context.Context) (bool, error) {
	if known := c.compact.Load(); known != nil {
		return *known, nil
	}
	has := false
	raw, err := c.call(ctx, c.abi.PackSupportsInterface(abigen.CompactClaimInterfaceID), nil)
	if err == nil {
		has, err = c.abi.UnpackSupportsInterface(raw)
	}
	if err != nil && !chain.IsRevert(err) {
		return false, fmt.Errorf("ask escrow %s for its claim paths: %w", c.deployment, err)
	}
	c.compact.Store(&has)
	return has, nil
}

// State reads a channel's balance, claims, pending withdrawal and refund nonce as
// of the latest block. A deposit counts once it is in confirmations blocks (0 and 1:
// mined); everything else counts at once. A channel that was never funded has a zero
// state and no error.
func (c *Contract) State(ctx context.Context, config vouchers.ChannelConfig, confirmations uint64) (vouchers.ChainState, error) {
	state, err := c.confirmedState(ctx, config, confirmations)
	if err != nil {
		return vouchers.ChainState{}, fmt.Errorf("read the state of channel %s: %w", c.domain.ChannelID(config), err)
	}
	return state, nil
}

func (c *Contract) confirmedState(ctx context.Context, config vouchers.ChannelConfig, confirmations uint64) (vouchers.ChainState, error) {
	head, err := c.client.BlockNumber(ctx)
	if err != nil {
		return vouchers.ChainState{}, err
	}
	state, err := c.stateAt(ctx, config, head)
	if err != nil || confirmations <= 1 {
		return state, err
	}
	if head < confirmations-1 {
		state.Balance = 0
		return state, nil
	}
	deep, err := c.stateAt(ctx, config, head-(confirmations-1))
	if errors.Is(err, ErrNoContract) { // it was deployed since
		err = nil
	}
	state.Balance = min(state.Balance, deep.Balance)
	return state, err
}

func (c *Contract) stateAt(ctx context.Context, config vouchers.ChannelConfig, block uint64) (vouchers.ChainState, error) {
	id := c.domain.ChannelID(config)
	views := [][]byte{c.abi.PackChannels(id), c.abi.PackPendingWithdrawals(id), c.abi.PackRefundNonce(id)}
	raw, err := c.call(ctx, c.abi.PackMulticall(views), new(big.Int).SetUint64(block))
	if err != nil {
		return vouchers.ChainState{}, err
	}
	answers, err := c.abi.UnpackMulticall(raw)
	if err != nil || len(answers) != len(views) {
		return vouchers.ChainState{}, fmt.Errorf("escrow %s answered %d of %d views: %w", c.deployment, len(answers), len(views), errOr(err, errUnexpectedAnswer))
	}
	state, err := c.decodeState(answers, config.WithdrawDelay)
	state.Block = block
	return state, err
}

func (c *Contract) decodeState(answers [][]byte, delay uint64) (vouchers.ChainState, error) {
	channel, err := c.abi.UnpackChannels(answers[0])
	if err != nil {
		return vouchers.ChainState{}, err
	}
	pending, err := c.abi.UnpackPendingWithdrawals(answers[1])
	if err != nil {
		return vouchers.ChainState{}, err
	}
	nonce, err := c.abi.UnpackRefundNonce(answers[2])
	if err != nil {
		return vouchers.ChainState{}, err
	}
	var state vouchers.ChainState
	if state.Balance, err = vouchers.AmountFromBig(channel.Balance); err != nil {
		return vouchers.ChainState{}, fmt.Errorf("balance: %w", err)
	}
	if state.Claimed, err = vouchers.AmountFromBig(channel.TotalClaimed); err != nil {
		return vouchers.ChainState{}, fmt.Errorf("total claimed: %w", err)
	}
	if state.Withdrawal.Amount, err = vouchers.AmountFromBig(pending.Amount); err != nil {
		return vouchers.ChainState{}, fmt.Errorf("pending withdrawal: %w", err)
	}
	if !nonce.IsUint64() || !pending.InitiatedAt.IsUint64() {
		return vouchers.ChainState{}, fmt.Errorf("refund nonce %s, withdrawal initiated at %s: %w", nonce, pending.InitiatedAt, errUnexpectedAnswer)
	}
	state.RefundNonce = nonce.Uint64()
	if at := pending.InitiatedAt.Uint64(); at > 0 {
		state.Withdrawal.FinalizeAfter = at + delay
	}
	return state, nil
}

// Settleable returns what was claimed for a receiver and not yet transferred to it.
func (c *Contract) Settleable(ctx context.Context, receiver, token common.Address) (vouchers.Amount, error) {
	raw, err := c.call(ctx, c.abi.PackReceivers(receiver, token), nil)
	if err != nil {
		return 0, fmt.Errorf("read what receiver %s can settle: %w", receiver, err)
	}
	totals, err := c.abi.UnpackReceivers(raw)
	if err != nil {
		return 0, fmt.Errorf("read what receiver %s can settle: %w", receiver, err)
	}
	return vouchers.AmountFromBig(new(big.Int).Sub(totals.TotalClaimed, totals.TotalSettled))
}

func (c *Contract) call(ctx context.Context, data []byte, block *big.Int) ([]byte, error) {
	raw, err := c.client.CallContract(ctx, ethereum.CallMsg{To: &c.deployment.Escrow, Data: data}, block)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("%w at %s: check the address, or run `chit deploy`", ErrNoContract, c.deployment)
	}
	return raw, nil
}

func abiConfig(c vouchers.ChannelConfig) abigen.ChannelConfig {
	return abigen.ChannelConfig{
		Payer:              c.Payer,
		PayerAuthorizer:    c.PayerAuthorizer,
		Receiver:           c.Receiver,
		ReceiverAuthorizer: c.ReceiverAuthorizer,
		Token:              c.Token,
		WithdrawDelay:      new(big.Int).SetUint64(c.WithdrawDelay),
		Salt:               c.Salt,
	}
}
