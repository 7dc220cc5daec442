package treasury

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// Withdrawable is what can be taken out of a channel without the seller's consent.
type Withdrawable struct {
	ChannelFunds
	// Amount is what would leave the channel, in atomic units.
	Amount vouchers.Amount
}

// ToAnnounce are the channels that have something unclaimed and no withdrawal pending,
// the most first. With anew, so are those with a pending withdrawal of less than that:
// the payer can announce another in its place, and its delay starts again.
func (f Funds) ToAnnounce(anew bool) []Withdrawable {
	return f.withdrawable(func(ch ChannelFunds) vouchers.Amount {
		unclaimed := ch.Balance.Minus(ch.Claimed)
		if ch.WithdrawAfter != nil && (!anew || ch.Withdrawing >= unclaimed) {
			return 0
		}
		return unclaimed
	})
}

// ToFinish are the channels with a pending withdrawal whose delay has passed at a
// time on chain, the most first.
func (f Funds) ToFinish(now time.Time) []Withdrawable {
	return f.withdrawable(func(ch ChannelFunds) vouchers.Amount {
		if ch.WithdrawAfter == nil || ch.WithdrawAfter.After(now) {
			return 0
		}
		return min(ch.Withdrawing, ch.Balance.Minus(ch.Claimed))
	})
}

func (f Funds) withdrawable(amount func(ChannelFunds) vouchers.Amount) []Withdrawable {
	var all []Withdrawable
	for _, ch := range f.Channels {
		if a := amount(ch); a > 0 {
			all = append(all, Withdrawable{ch, a})
		}
	}
	slices.SortStableFunc(all, func(a, b Withdrawable) int { return cmp.Compare(b.Amount, a.Amount) })
	return all
}

// WorthTaking splits off what is less than an amount. Anybody can open channels in a
// payer's name, and each withdrawal costs the payer gas.
func WorthTaking(all []Withdrawable, least vouchers.Amount) (worth, small []Withdrawable) {
	for _, w := range all {
		if w.Amount < least {
			small = append(small, w)
		} else {
			worth = append(worth, w)
		}
	}
	return worth, small
}

// GasCost is what transactions cost, about.
type GasCost struct {
	Wei *big.Int
	// USDC is the same in atomic USDC, nil where the price of the chain's coin is not known.
	USDC *vouchers.Amount
}

// What announcing and finishing a withdrawal take together, and what finishing takes, in
// gas units.
const (
	withdrawalGas = 130_000
	finishingGas  = 77_000
)

// weiPerCoin is 10^18.
var weiPerCoin = new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)

// WithdrawalCost is what announcing and finishing one withdrawal cost by today's gas
// price, where one coin of the chain costs coinPrice atomic USDC; 0 is not known.
func WithdrawalCost(ctx context.Context, sender *txmgr.Sender, coinPrice vouchers.Amount) (GasCost, error) {
	return gasCost(ctx, sender, coinPrice, withdrawalGas)
}

// FinishingCost is [WithdrawalCost] of one that was announced before.
func FinishingCost(ctx context.Context, sender *txmgr.Sender, coinPrice vouchers.Amount) (GasCost, error) {
	return gasCost(ctx, sender, coinPrice, finishingGas)
}

func gasCost(ctx context.Context, sender *txmgr.Sender, coinPrice vouchers.Amount, gas int64) (GasCost, error) {
	price, err := sender.GasPrice(ctx)
	if err != nil {
		return GasCost{}, err
	}
	cost := GasCost{Wei: price.Mul(price, big.NewInt(gas))}
	if coinPrice == 0 {
		return cost, nil
	}
	usdc := new(big.Int).Mul(cost.Wei, coinPrice.Big())
	amount, err := vouchers.AmountFromBig(usdc.Div(usdc, weiPerCoin))
	if err != nil {
		return GasCost{}, fmt.Errorf("a withdrawal costs %s wei of gas: %w", cost.Wei, err)
	}
	cost.USDC = &amount
	return cost, nil
}

// Withdrawal is a step of taking money out of a channel without the seller's consent.
type Withdrawal struct {
	Channel vouchers.ChannelID `json:"channel"`
	// Amount is, of one that was announced, what leaves the channel at most: the seller
	// can claim of it what it has vouchers for until the delay has passed. Of one that
	// was finished it is what the payer got, 0 where claims came first.
	Amount vouchers.Amount `json:"amount"`
	// Missed is, of one that was finished, what was announced and the payer did not get:
	// claims or refunds came first.
	Missed vouchers.Amount `json:"missed,omitzero"`
	// After is when the withdrawal can be finished; zero once it is.
	After time.Time   `json:"after,omitzero"`
	Tx    common.Hash `json:"tx"`
}

// StartWithdrawals announces withdrawals. The sender is the payer and pays the gas.
// One that fails keeps none of the others back: what was announced is returned beside
// the errors of the rest. The options are those of each transaction, which costs no more
// than [escrow.DefaultMaxCost] by default. Errors wrap [escrow.ErrNothingToWithdraw] if there is none.
func StartWithdrawals(ctx context.Context, client *chain.Client, sender *txmgr.Sender, from []Withdrawable, opts ...escrow.SendOption) ([]Withdrawal, error) {
	return withdraw(ctx, client, from, func(contract *escrow.Contract, w Withdrawable) (Withdrawal, error) {
		announced, err := contract.InitiateWithdraw(ctx, sender, w.Config, w.Amount, opts...)
		if err != nil {
			return Withdrawal{}, err
		}
		return Withdrawal{Channel: w.Channel, Amount: w.Amount, After: announced.After, Tx: announced.Receipt.TxHash}, nil
	})
}

// FinishWithdrawals takes the money of withdrawals whose delay has passed, as
// [StartWithdrawals] announces them.
func FinishWithdrawals(ctx context.Context, client *chain.Client, sender *txmgr.Sender, from []Withdrawable, opts ...escrow.SendOption) ([]Withdrawal, error) {
	return withdraw(ctx, client, from, func(contract *escrow.Contract, w Withdrawable) (Withdrawal, error) {
		returned, err := contract.FinalizeWithdraw(ctx, sender, w.Config, opts...)
		if err != nil {
			return Withdrawal{}, err
		}
		return Withdrawal{Channel: w.Channel, Amount: returned.Paid, Missed: w.Withdrawing.Minus(returned.Paid), Tx: returned.Receipt.TxHash}, nil
	})
}

func withdraw(ctx context.Context, client *chain.Client, from []Withdrawable, step func(*escrow.Contract, Withdrawable) (Withdrawal, error)) ([]Withdrawal, error) {
	if len(from) == 0 {
		return nil, fmt.Errorf("%w: no channel has anything to take", escrow.ErrNothingToWithdraw)
	}
	all := []Withdrawal{}
	var failed []error
	for _, w := range from {
		done, err := step(escrow.At(client, w.Deployment.Escrow), w)
		if err != nil {
			failed = append(failed, err)
			if ctx.Err() != nil {
				break
			}
			continue
		}
		all = append(all, done)
	}
	return all, errors.Join(failed...)
}
