package treasury

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
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
	book.Entry
	// WithTokens is the part of Charged that paid for credit tokens and has neither come
	// back nor been spent, as far as the server was asked ([book.Book.SettleTokens]).
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

// Read reads a payer's balances from the chain and from its book. A channel that
// cannot be read is left out: the error, which names it, comes with all others.
func Read(ctx context.Context, client *chain.Client, token funding.Token, payer common.Address, kept *book.Book) (Funds, error) {
	funds := Funds{Payer: payer, Token: token.Address, Channels: []ChannelFunds{}}
	var err error
	if funds.Wallet, err = token.Balance(ctx, client, payer); err != nil {
		return Funds{}, err
	}
	entries, err := kept.Channels()
	if err != nil && !errors.Is(err, book.ErrEntry) {
		return Funds{}, err
	}
	unread := []error{err}
	tokens, err := kept.SpentOnTokens()
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

func readChannel(ctx context.Context, client *chain.Client, entry book.Entry) (ChannelFunds, error) {
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

// ReadClaimed asks the chain what was claimed from a channel; nil for one on another
// chain than the client's.
func ReadClaimed(ctx context.Context, client *chain.Client, e book.Entry) (*receipts.Claimed, error) {
	if e.Deployment.ChainID != client.ChainID() {
		return nil, nil
	}
	state, err := escrow.At(client, e.Deployment.Escrow).State(ctx, e.Config, 1)
	if err != nil {
		return nil, err
	}
	return &receipts.Claimed{Channel: e.Channel, Claimed: state.Claimed, Block: state.Block}, nil
}
