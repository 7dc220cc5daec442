package terms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// Terms are a server's entry that this client can pay by, with the escrow behind it.
type Terms struct {
	// Accepted is the entry as the seller wrote it, but for the state of a channel, and
	// Resource what is paid for.
	Accepted x402.Requirements
	Resource x402.Resource
	// Announced are the seller's extensions that a payment takes up.
	Announced x402.Extensions
	// Addresses are those of the escrow and its collectors.
	Addresses escrow.Addresses
	Contract  *escrow.Contract
	// Config is the channel's, and ID its id.
	Config vouchers.ChannelConfig
	ID     vouchers.ChannelID
	// MinDeposit is the least that the server takes, in atomic units.
	MinDeposit vouchers.Amount
}

// Chooser chooses between the ways to pay that a server offers.
type Chooser struct {
	Chain *chain.Client
	// Token is what may be spent.
	Token funding.Token
	// Payer owns the money, and Signer signs vouchers.
	Payer, Signer common.Address
	// Pinned are escrows that the owner trusts beside the known ones.
	Pinned []escrow.Addresses
	// Policy says for how long money may be locked.
	Policy *policy.Policy
	// Most is how many ways to pay a server may offer.
	Most int
	// Server is its name, as the book has it.
	Server string
	Now    func() time.Time
	// Book is told where a shop has moved to; nil is none.
	Book *book.Book
	// Entries are the channels to the server, in use or in the book, and All those to any.
	Entries, All func() ([]book.Entry, error)
}

// Choose returns the entry that this client pays by: where it has money in a channel,
// or else the first that it can pay by: deposits by EIP-3009 before those by Permit2,
// and any other escrow before the canonical one. With only it must be of that channel.
func (c *Chooser) Choose(ctx context.Context, required *x402.PaymentRequired, only *vouchers.ChannelID) (*Terms, error) {
	if n := len(required.Accepts); n > c.Most {
		return nil, fmt.Errorf("%w: %w", policy.ErrTerms, dial.Over("Terms", c.Most, fmt.Sprintf("it offers %d ways to pay", n)))
	}
	moves, err := extension.Moves(required.Extensions)
	if err != nil || len(moves) > c.Most {
		moves = nil // they prove nothing
	}
	var reasons []error
	var fit []*Terms
	for _, entry := range required.Accepts {
		t, err := c.consider(ctx, entry, moves)
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		t.Resource, t.Announced = required.Resource, extension.Announced(required.Extensions)
		fit = append(fit, t)
	}
	if only != nil {
		return theSame(fit, *only, reasons)
	}
	slices.SortStableFunc(fit, func(a, b *Terms) int { return a.rank() - b.rank() })
	if len(fit) == 0 {
		return nil, fmt.Errorf("%w: %w", policy.ErrTerms, errors.Join(reasons...))
	}
	return c.funded(fit)
}

// theSame is the one of several terms that is paid from a channel: what a server says about
// a payment may change the price and the state, and nothing else.
func theSame(fit []*Terms, id vouchers.ChannelID, reasons []error) (*Terms, error) {
	for _, t := range fit {
		if t.ID == id {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: it answers a payment from channel %s with terms that lead to another channel: %w", policy.ErrTerms, id, errors.Join(reasons...))
}

// ByPermit2 says that deposits are made by Permit2.
func (t *Terms) ByPermit2() bool {
	return t.Accepted.Extra.AssetTransferMethod == x402.TransferPermit2
}

// rank is lower for terms that this client would rather pay by.
func (t *Terms) rank() int {
	rank := 0
	if t.Addresses.Escrow == escrow.Canonical.Escrow {
		rank = 1
	}
	if t.ByPermit2() { // needs an approval, which costs gas
		rank += 2
	}
	return rank
}

// funded returns the first of several terms whose channel can pay, by this payer's own
// account; if none can, the first with anything left; and else the first of all.
func (c *Chooser) funded(fit []*Terms) (*Terms, error) {
	if len(fit) == 1 {
		return fit[0], nil
	}
	entries, err := c.Entries()
	if err != nil {
		return nil, err
	}
	var some *Terms
	for _, t := range fit {
		for _, e := range entries {
			switch {
			case e.Channel != t.ID || e.Available() == 0:
			case e.Available() >= t.Accepted.Amount:
				return t, nil
			case some == nil:
				some = t
			}
		}
	}
	if some != nil {
		return some, nil
	}
	return fit[0], nil
}

func (c *Chooser) consider(ctx context.Context, entry x402.Requirements, moves []extension.Move) (*Terms, error) {
	if !entry.Is(x402.SchemeBatchSettlement) {
		return nil, fmt.Errorf("the scheme %s on %s is not supported", naming.Short(entry.Scheme), naming.Short(entry.Network))
	}
	if err := c.isOurs(&entry); err != nil {
		return nil, err
	}
	address := escrow.Canonical.Escrow
	if entry.Extra.Escrow != nil {
		address = *entry.Extra.Escrow
	}
	trusted, err := escrow.Trusted(ctx, c.Chain, address, c.Pinned...)
	if err != nil {
		return nil, err
	}
	t := &Terms{Addresses: trusted, Contract: escrow.At(c.Chain, trusted.Escrow), MinDeposit: entry.Extra.MinDeposit}
	if t.Accepted, err = withoutState(entry); err != nil {
		return nil, err
	}
	t.Config = vouchers.ChannelConfig{
		Payer: c.Payer, PayerAuthorizer: c.Signer,
		Receiver: entry.PayTo, ReceiverAuthorizer: entry.Extra.ReceiverAuthorizer,
		Token: entry.Asset, WithdrawDelay: entry.Extra.WithdrawDelay,
	}
	switch {
	case t.ByPermit2() && trusted.Collectors.Permit2 == (common.Address{}):
		return nil, fmt.Errorf("its deposits take Permit2, and escrow %s has no collector for that which is trusted", address)
	case !t.ByPermit2() && !c.Token.EIP3009:
		return nil, fmt.Errorf("its deposits take EIP-3009, which token %s does not have", entry.Asset)
	}
	if err := t.Config.Validate(); err != nil {
		return nil, err
	}
	if err := c.Policy.AllowsDelay(t.Config.WithdrawDelay); err != nil {
		return nil, err
	}
	if err := c.place(ctx, t, moves); err != nil {
		return nil, err
	}
	return t, nil
}

// withoutState is an entry as the seller wrote it, but for the state of a channel: a
// seller holds what is accepted against what it offers, to the letter.
func withoutState(entry x402.Requirements) (x402.Requirements, error) {
	if entry.Extra.ChannelState == nil && entry.Extra.VoucherState == nil {
		return entry, nil
	}
	var fields, extra map[string]json.RawMessage
	raw, err := json.Marshal(entry)
	if err == nil {
		err = json.Unmarshal(raw, &fields)
	}
	if err == nil {
		err = json.Unmarshal(fields["extra"], &extra)
	}
	if err != nil {
		return entry, err
	}
	delete(extra, "channelState")
	delete(extra, "voucherState")
	if fields["extra"], err = json.Marshal(extra); err != nil {
		return entry, err
	}
	if raw, err = json.Marshal(fields); err != nil {
		return entry, err
	}
	var stateless x402.Requirements
	err = json.Unmarshal(raw, &stateless)
	return stateless, err
}
