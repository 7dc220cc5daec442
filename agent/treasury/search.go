package treasury

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/policy"
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
	// Agree is asked before a channel is written of which more is claimed than the book
	// knows to be signed, for which only the chain's nodes stand. What is not agreed to is
	// an error; nil agrees.
	Agree func(context.Context, account.Finding) (bool, error)
	// Reached is called now and then with the block of an escrow's log that was looked at
	// last, and the last one to look at. It may be nil.
	Reached func(of common.Address, block, last uint64)
}

// Recover writes every channel of a payer that has money, or a withdrawal
// pending, into the book: as charged counts what is claimed on chain, which all endpoints
// of the client must say, or more where the book knows of it. The server that a new entry
// pays is not known. What goes wrong with one channel or one escrow keeps no other back;
// the error names each, and says from which block to go on where the chain did not answer.
func Recover(ctx context.Context, client *chain.Client, kept *book.Book, s Search) ([]book.Entry, error) {
	found, failed := []book.Entry{}, []error(nil)
	for _, addresses := range append([]escrow.Addresses{escrow.Own, escrow.Canonical}, s.Pinned...) {
		contract := escrow.At(client, addresses.Escrow)
		err := contract.Search(ctx, escrow.Search{
			Payer: s.Payer, From: s.From,
			Found: func(config vouchers.ChannelConfig) error {
				if config.Token != s.Token {
					return nil
				}
				entry, err := s.look(ctx, client, kept, contract, config)
				if err != nil {
					return fmt.Errorf("channel %s: %w", contract.Domain().ChannelID(config), err)
				}
				if entry != nil {
					found = append(found, *entry)
				}
				return nil
			},
			Reached: func(block, last uint64) {
				if s.Reached != nil {
					s.Reached(addresses.Escrow, block, last)
				}
			},
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("recover: %w", err))
		}
	}
	return found, errors.Join(failed...)
}

// look writes what the chain says of a channel over what the book knows of it; nil if
// there is nothing in it. What other processes write meanwhile is kept.
func (s *Search) look(ctx context.Context, client *chain.Client, kept *book.Book, contract *escrow.Contract, config vouchers.ChannelConfig) (*book.Entry, error) {
	id := contract.Domain().ChannelID(config)
	entry, _, err := kept.Channel(id)
	if err != nil {
		return nil, err
	}
	state, err := StateOf(ctx, client, contract.Deployment().Escrow, config)
	if err != nil || state.Balance <= state.Claimed && state.Withdrawal.FinalizeAfter == 0 {
		return nil, err
	}
	found := account.Finding{
		Channel: id, Server: entry.Server, Known: entry.Signed, Spent: entry.Charged, Claimed: state.Claimed,
		Charged: max(entry.Charged.Plus(entry.Offset), state.Claimed), Signed: max(entry.Signed, state.Claimed),
	}
	if err := s.agreed(ctx, found); err != nil {
		return nil, err
	}
	if err := restore(kept, entry, found); err != nil {
		return nil, err
	}
	return kept.Revise(id, func(e *book.Entry) {
		e.Channel, e.Deployment, e.Config, e.Balance = id, contract.Deployment(), config, state.Balance
		e.Charged = max(e.Charged, found.Charged.Minus(e.Offset))
		e.Unvouched = e.Unvouched.Plus(found.Signed.Minus(e.Signed))
		e.Signed = max(e.Signed, found.Signed)
	})
}

func (s *Search) agreed(ctx context.Context, found account.Finding) error {
	if !found.Beyond() || s.Agree == nil {
		return nil
	}
	yes, err := s.Agree(ctx, found)
	if err == nil && !yes {
		err = found.Unagreed()
	}
	return err
}

// restore counts as spent what a finding adds to an entry.
func restore(kept *book.Book, entry book.Entry, found account.Finding) error {
	more := found.Charged.Minus(entry.Charged.Plus(entry.Offset))
	if more == 0 {
		return nil
	}
	s := budget.Open(budget.Options{Table: kept, Policy: new(policy.Policy), Server: entry.Server})
	return errors.Join(s.Tally(found.Channel).Restore(more, 0), s.Flush())
}
