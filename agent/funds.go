package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// Funds is where a payer's money is. Amounts are atomic units.
type Funds struct {
	Payer common.Address `json:"payer"`
	Token common.Address `json:"token"`
	// Wallet is what the payer has outside of channels.
	Wallet   vouchers.Amount `json:"wallet"`
	Channels []ChannelFunds  `json:"channels"`
}

// ChannelFunds is a channel of the book with what the chain says of it.
type ChannelFunds struct {
	Entry
	// Available is what further calls can spend, by this payer's own book.
	Available vouchers.Amount `json:"available"`
	// Claimed is what the seller has claimed on chain.
	Claimed vouchers.Amount `json:"claimed"`
	// Withdrawing is the amount of a pending withdrawal, and WithdrawAfter when it can
	// be finished; absent if there is none.
	Withdrawing   vouchers.Amount `json:"withdrawing,omitempty"`
	WithdrawAfter *time.Time      `json:"withdrawAfter,omitempty"`
}

// ReadFunds reads a payer's balances from the chain and from its book.
func ReadFunds(ctx context.Context, client *chain.Client, token escrow.Token, payer common.Address, book *Book) (Funds, error) {
	funds := Funds{Payer: payer, Token: token.Address, Channels: []ChannelFunds{}}
	var err error
	if funds.Wallet, err = token.Balance(ctx, client, payer); err != nil {
		return Funds{}, err
	}
	entries, err := book.Channels()
	if err != nil {
		return Funds{}, err
	}
	for _, entry := range entries {
		if entry.Config.Payer != payer || entry.Deployment.ChainID != client.ChainID() {
			continue
		}
		channel, err := readChannel(ctx, client, entry)
		if err != nil {
			return Funds{}, err
		}
		funds.Channels = append(funds.Channels, channel)
	}
	return funds, nil
}

func readChannel(ctx context.Context, client *chain.Client, entry Entry) (ChannelFunds, error) {
	state, err := escrow.At(client, entry.Deployment.Escrow).State(ctx, entry.Config, 1)
	if err != nil {
		return ChannelFunds{}, err
	}
	entry.Balance, entry.Charged = state.Balance, max(entry.Charged, state.Claimed)
	funds := ChannelFunds{Entry: entry, Available: entry.Available(), Claimed: state.Claimed, Withdrawing: state.Withdrawal.Amount}
	if at := state.Withdrawal.FinalizeAfter; at > 0 {
		t := time.Unix(int64(at), 0).UTC()
		funds.WithdrawAfter = &t
	}
	return funds, nil
}

// Withdrawal is a step of taking money out of a channel without the seller's consent.
type Withdrawal struct {
	Channel vouchers.ChannelID `json:"channel"`
	// Amount is what leaves the channel at most: the seller can claim of it what it
	// has vouchers for until the delay has passed.
	Amount vouchers.Amount `json:"amount"`
	// After is when the withdrawal can be finished; zero once it is.
	After time.Time   `json:"after,omitzero"`
	Tx    common.Hash `json:"tx"`
}

// StartWithdrawals announces the withdrawal of all that is unclaimed in every
// channel of the payer that has something and no withdrawal pending. The sender is
// the payer and pays the gas. Errors wrap [escrow.ErrNothingToWithdraw] if there is
// no such channel.
func StartWithdrawals(ctx context.Context, client *chain.Client, sender *chain.Sender, funds Funds) ([]Withdrawal, error) {
	return withdraw(ctx, client, funds, "a balance that is not being withdrawn already",
		func(ch ChannelFunds) bool { return ch.WithdrawAfter == nil && ch.Balance > ch.Claimed },
		func(contract *escrow.Contract, ch ChannelFunds) (Withdrawal, *types.Receipt, error) {
			done := Withdrawal{Channel: ch.Channel, Amount: ch.Balance - ch.Claimed}
			receipt, err := contract.InitiateWithdraw(ctx, sender, ch.Config, done.Amount)
			return done, receipt, err
		})
}

// FinishWithdrawals takes the money of every pending withdrawal whose delay has
// passed by now. The sender is the payer and pays the gas. Errors wrap
// [escrow.ErrNothingToWithdraw] if there is none.
func FinishWithdrawals(ctx context.Context, client *chain.Client, sender *chain.Sender, funds Funds) ([]Withdrawal, error) {
	head, err := client.Header(ctx, nil)
	if err != nil {
		return nil, err
	}
	now := time.Unix(int64(head.Time), 0)
	return withdraw(ctx, client, funds, "a withdrawal whose delay has passed at "+now.UTC().Format(time.RFC3339)+", the time on chain",
		func(ch ChannelFunds) bool { return ch.WithdrawAfter != nil && !ch.WithdrawAfter.After(now) },
		func(contract *escrow.Contract, ch ChannelFunds) (Withdrawal, *types.Receipt, error) {
			done := Withdrawal{Channel: ch.Channel, Amount: min(ch.Withdrawing, ch.Balance-ch.Claimed)}
			receipt, err := contract.FinalizeWithdraw(ctx, sender, ch.Config)
			return done, receipt, err
		})
}

func withdraw(ctx context.Context, client *chain.Client, funds Funds, what string, applies func(ChannelFunds) bool,
	step func(*escrow.Contract, ChannelFunds) (Withdrawal, *types.Receipt, error)) ([]Withdrawal, error) {
	var all []Withdrawal
	for _, ch := range funds.Channels {
		if !applies(ch) {
			continue
		}
		done, receipt, err := step(escrow.At(client, ch.Deployment.Escrow), ch)
		if err != nil {
			return all, err
		}
		after, err := readChannel(ctx, client, ch.Entry)
		if err != nil {
			return all, err
		}
		done.Tx = receipt.TxHash
		if after.WithdrawAfter != nil {
			done.After = *after.WithdrawAfter
		}
		all = append(all, done)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: no channel has %s", escrow.ErrNothingToWithdraw, what)
	}
	return all, nil
}
