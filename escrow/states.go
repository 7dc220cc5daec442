package escrow

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

// StatesPerCall is how many channels are read with one call: some three million gas,
// which every endpoint lets a call use.
const StatesPerCall = 250

// viewsPerChannel are the views that a channel's state takes.
const viewsPerChannel = 3

// State reads a channel's balance, claims, pending withdrawal and refund nonce as
// of the latest block. A deposit counts once it is in confirmations blocks (0 and 1:
// mined); everything else counts at once. A channel that was never funded has a zero
// state and no error.
func (c *Contract) State(ctx context.Context, config vouchers.ChannelConfig, confirmations uint64) (vouchers.ChainState, error) {
	states, err := c.ReadStates(ctx, []vouchers.ChannelConfig{config}, 0, confirmations)
	if err == nil {
		err = states[0].Err
	}
	if err != nil {
		return vouchers.ChainState{}, fmt.Errorf("read the state of channel %s: %w", c.domain.ChannelID(config), err)
	}
	return states[0].ChainState, nil
}

// States is [Contract.State] of many channels, with few calls. Those of one call are
// read at one block. It hands each over with its place among the configs. One that
// cannot be read is in the error, and keeps no other back.
func (c *Contract) States(ctx context.Context, configs []vouchers.ChannelConfig, confirmations uint64, take func(i int, s vouchers.ChainState)) error {
	var failed []error
	for from := 0; from < len(configs); from += StatesPerCall {
		part := configs[from:min(len(configs), from+StatesPerCall)]
		states, err := c.ReadStates(ctx, part, 0, confirmations)
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("read the states of %d channels: %w", len(part), err))...)
		}
		for i, state := range states {
			if state.Err != nil {
				failed = append(failed, fmt.Errorf("read the state of channel %s: %w", c.domain.ChannelID(part[i]), state.Err))
				continue
			}
			take(from+i, state.ChainState)
		}
	}
	return errors.Join(failed...)
}

// ReadState is the state of one of many channels, or why it is none: one that cannot
// be read keeps the others readable.
type ReadState struct {
	vouchers.ChainState
	// Err is why the channel could not be read; nil where it was.
	Err error
}

// ReadStates is [Contract.State] of at most [StatesPerCall] channels as of a block that
// is taken for the latest; 0 is the latest. Each state says itself whether it was read;
// the error is one that keeps all of them from it.
func (c *Contract) ReadStates(ctx context.Context, configs []vouchers.ChannelConfig, head, confirmations uint64) ([]ReadState, error) {
	if head == 0 {
		var err error
		if head, err = c.client.BlockNumber(ctx); err != nil {
			return nil, err
		}
	}
	states, err := c.statesAt(ctx, configs, head)
	if err != nil || confirmations <= 1 {
		return states, err
	}
	deep := make([]ReadState, len(configs)) // the chain was empty then
	if head >= confirmations-1 {
		read, err := c.statesAt(ctx, configs, head-(confirmations-1))
		switch {
		case err == nil:
			deep = read
		case !errors.Is(err, chain.ErrNoContract): // it was deployed since
			return nil, err
		}
	}
	for i := range states {
		states[i].Balance = min(states[i].Balance, deep[i].Balance)
		states[i].Err = errors.Join(states[i].Err, deep[i].Err)
	}
	return states, nil
}

// statesAt reads channels as of a block. Where the endpoint refuses to read them
// together, and answers otherwise, they are halved until those that it stumbles over
// stand alone: they keep no other back.
func (c *Contract) statesAt(ctx context.Context, configs []vouchers.ChannelConfig, block uint64) ([]ReadState, error) {
	states, err := c.statesTogether(ctx, configs, block)
	if err == nil || ctx.Err() != nil || errors.Is(err, chain.ErrUnreachable) || errors.Is(err, chain.ErrNoContract) {
		return states, err
	}
	if _, nothing := c.call(ctx, c.abi.PackMulticall(nil), new(big.Int).SetUint64(block)); nothing != nil {
		return nil, err
	}
	states = make([]ReadState, len(configs))
	c.halve(ctx, configs, states, block, err)
	return states, nil
}

// halve fills in the states of channels that were refused together.
func (c *Contract) halve(ctx context.Context, configs []vouchers.ChannelConfig, into []ReadState, block uint64, refusal error) {
	if len(configs) == 1 {
		into[0].Err = refusal
		return
	}
	middle := len(configs) / 2
	for _, half := range [][2]int{{0, middle}, {middle, len(configs)}} {
		part, to := configs[half[0]:half[1]], into[half[0]:half[1]]
		states, err := c.statesTogether(ctx, part, block)
		if err != nil {
			c.halve(ctx, part, to, block, err)
			continue
		}
		copy(to, states)
	}
}

// statesTogether reads channels with one call.
func (c *Contract) statesTogether(ctx context.Context, configs []vouchers.ChannelConfig, block uint64) ([]ReadState, error) {
	views := make([][]byte, 0, viewsPerChannel*len(configs))
	for _, config := range configs {
		id := c.domain.ChannelID(config)
		views = append(views, c.abi.PackChannels(id), c.abi.PackPendingWithdrawals(id), c.abi.PackRefundNonce(id))
	}
	raw, err := c.call(ctx, c.abi.PackMulticall(views), new(big.Int).SetUint64(block))
	if err != nil {
		return nil, err
	}
	answers, err := c.abi.UnpackMulticall(raw)
	if err != nil || len(answers) != len(views) {
		return nil, fmt.Errorf("escrow %s answered %d of %d views: %w", c.deployment, len(answers), len(views), errOr(err, errUnexpectedAnswer))
	}
	states := make([]ReadState, len(configs))
	for i, config := range configs {
		s := &states[i]
		s.ChainState, s.Err = c.decodeState(answers[viewsPerChannel*i:][:viewsPerChannel], config.WithdrawDelay)
		s.Block = block
	}
	return states, nil
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
