package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
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
	// WithTokens is the part of Charged that paid for credit tokens and has neither come
	// back nor been spent, as far as the server was asked ([Book.SettleTokens]).
	WithTokens vouchers.Amount `json:"withTokens,omitzero"`
	// Available is what further calls can spend, by this payer's own book.
	Available vouchers.Amount `json:"available"`
	// Claimed is what the seller has claimed on chain.
	Claimed vouchers.Amount `json:"claimed"`
	// Withdrawing is the amount of a pending withdrawal, and WithdrawAfter when it can
	// be finished; absent if there is none.
	Withdrawing   vouchers.Amount `json:"withdrawing,omitempty"`
	WithdrawAfter *time.Time      `json:"withdrawAfter,omitempty"`
}

// ReadFunds reads a payer's balances from the chain and from its book. A channel that
// cannot be read is left out: the error, which names it, comes with all others.
func ReadFunds(ctx context.Context, client *chain.Client, token funding.Token, payer common.Address, book *Book) (Funds, error) {
	funds := Funds{Payer: payer, Token: token.Address, Channels: []ChannelFunds{}}
	var err error
	if funds.Wallet, err = token.Balance(ctx, client, payer); err != nil {
		return Funds{}, err
	}
	entries, err := book.Channels()
	if err != nil && !errors.Is(err, ErrEntry) {
		return Funds{}, err
	}
	unread := []error{err}
	tokens, err := book.spentOnTokens()
	if err != nil {
		unread = append(unread, err)
	}
	for _, entry := range entries {
		if entry.Config.Payer != payer || entry.Deployment.ChainID != client.ChainID() {
			continue
		}
		channel, err := readChannel(ctx, client, entry)
		if err != nil {
			unread = append(unread, fmt.Errorf("channel %s: %w", entry.Channel, err))
			continue
		}
		channel.WithTokens = min(tokens[entry.Server], channel.Charged.Minus(channel.OnItsWay))
		tokens[entry.Server] -= channel.WithTokens
		funds.Channels = append(funds.Channels, channel)
	}
	return funds, errors.Join(unread...)
}

// Spent is what calls of the payer's own are known to have cost, in atomic units. With
// what tokens have, what is on its way and what is available it is the balance.
func (f ChannelFunds) Spent() vouchers.Amount {
	return f.Charged.Minus(f.WithTokens.Plus(f.OnItsWay))
}

// SettleTokens writes into the book what the live tokens of a server have left by its word,
// in atomic units: what they were given beyond that is spent.
func (b *Book) SettleTokens(server string, live vouchers.Amount) error {
	return b.UpdateSpending(context.Background(), 0, func(rows budget.Rows) { rows.SettleTokens(naming.Server(server), live) })
}

// spentOnTokens is what credit tokens have, by server.
func (b *Book) spentOnTokens() (by map[string]vouchers.Amount, err error) {
	err = b.UpdateSpending(context.Background(), 0, func(rows budget.Rows) { by = rows.OnTokens() })
	return by, err
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
