package agent

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// Search is where to look for a payer's channels on the chain alone, when the book is
// lost and no server helps.
type Search struct {
	// Payer owns the channels, Token is what they hold.
	Payer, Token common.Address
	// Pinned are escrows to look into beside the canonical one and chit's own.
	Pinned []escrow.Addresses
	// From is the first block to look at; 0 is that of each escrow's deployment.
	From uint64
	// Reached is called now and then with the block of an escrow's log that was looked at
	// last, and the last one to look at. It may be nil.
	Reached func(of common.Address, block, last uint64)
}

// RecoverFromChain writes every channel of a payer that has money, or a withdrawal
// pending, into the book: as charged counts what is claimed on chain, or more where the
// book knows of it. The server that a new entry pays is not known. After an error, which
// says from which block to go on, the book has those that were found before it.
func RecoverFromChain(ctx context.Context, client *chain.Client, book *Book, s Search) ([]Entry, error) {
	found := []Entry{}
	for _, addresses := range append([]escrow.Addresses{escrow.Own, escrow.Canonical}, s.Pinned...) {
		contract := escrow.At(client, addresses.Escrow)
		err := contract.Search(ctx, escrow.Search{
			Payer: s.Payer, From: s.From,
			Found: func(config vouchers.ChannelConfig) error {
				if config.Token != s.Token {
					return nil
				}
				entry, worth, err := bookFromChain(ctx, contract, book, config)
				if err == nil && worth {
					found = append(found, entry)
					err = book.Put(entry)
				}
				return err
			},
			Reached: func(block, last uint64) {
				if s.Reached != nil {
					s.Reached(addresses.Escrow, block, last)
				}
			},
		})
		if err != nil {
			return found, fmt.Errorf("recover: %w", err)
		}
	}
	return found, nil
}

// bookFromChain is what the chain says of a channel, over what the book knows of it. It
// is worth an entry if there is something in it.
func bookFromChain(ctx context.Context, contract *escrow.Contract, book *Book, config vouchers.ChannelConfig) (entry Entry, worth bool, err error) {
	id := contract.Domain().ChannelID(config)
	entry, _, err = book.Channel(id)
	if err != nil {
		return Entry{}, false, err
	}
	state, err := contract.State(ctx, config, 1)
	if err != nil {
		return Entry{}, false, err
	}
	entry.Channel, entry.Deployment, entry.Config, entry.Balance = id, contract.Deployment(), config, state.Balance
	entry.Charged = max(entry.Charged, state.Claimed)
	entry.Signed = max(entry.Signed, entry.Charged)
	return entry, state.Balance > state.Claimed || state.Withdrawal.FinalizeAfter > 0, nil
}
