package terms

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/mpp"
)

// Transfer are a server's entry that this client can pay by a transfer of its own.
type Transfer struct {
	// Accepted is the entry as the seller wrote it, and Resource what is paid for.
	Accepted x402.Requirements
	Resource x402.Resource
	// Method is how the money moves.
	Method transfer.Method
	// Sponsored says that the seller takes a permit of the token with the payment (EIP-2612), so
	// that Permit2 needs no other approval.
	Sponsored bool
	// Announced are the seller's extensions that a payment takes up.
	Announced x402.Extensions
	// First says that the terms are of x402 version 1, and Challenge is what asks for the transfer in
	// MPP, nil where that is x402.
	First     bool
	Challenge *mpp.Challenge
}

// Transfers returns the entries that this client can pay by a transfer, those before that it would
// rather pay by: EIP-3009 before Permit2, for which it must have approved something, and what moves
// the price before what moves up to the price. The error says why there are none, and is nil where
// none is offered.
func (c *Chooser) Transfers(required *x402.PaymentRequired, said words.Manner) ([]*Transfer, error) {
	var fit []*Transfer
	var reasons []error
	for i, entry := range required.Accepts {
		if len(required.Accepts) > c.Most || !isTransfer(&entry) {
			continue
		}
		t := &Transfer{
			Accepted: entry, Resource: required.Resource, Sponsored: extension.TakesTokenPermits(required.Extensions), Announced: extension.Announced(required.Extensions),
			First: said.First, Challenge: said.Challenge(i),
		}
		if err := c.considerTransfer(t); err != nil {
			reasons = append(reasons, err)
			continue
		}
		fit = append(fit, t)
	}
	slices.SortStableFunc(fit, func(a, b *Transfer) int {
		return cmp.Or(cmp.Compare(a.Method, b.Method), cmp.Compare(a.Accepted.Amount, b.Accepted.Amount))
	})
	if len(fit) == 0 {
		return nil, errors.Join(reasons...)
	}
	return fit, nil
}

func isTransfer(entry *x402.Requirements) bool {
	return entry.Is(x402.SchemeExact) || entry.Is(x402.SchemeUpto)
}

// considerTransfer finds the method of an entry, or why this client does not pay by it.
func (c *Chooser) considerTransfer(t *Transfer) error {
	entry := &t.Accepted
	if err := c.isOurs(entry); err != nil {
		return err
	}
	switch way := entry.Extra.AssetTransferMethod; {
	case entry.Scheme == x402.SchemeUpto && (way == "" || way == x402.TransferPermit2):
		t.Method = transfer.Upto
	case entry.Scheme == x402.SchemeExact && way == x402.TransferPermit2:
		t.Method = transfer.Permit2
	case entry.Scheme == x402.SchemeExact && (way == "" || way == x402.TransferEIP3009):
		t.Method = transfer.EIP3009
	default:
		return fmt.Errorf("its transfers by %s are made by %s, which is not supported", entry.Scheme, naming.Short(way))
	}
	switch {
	case t.Method == transfer.EIP3009 && !c.Token.EIP3009:
		return fmt.Errorf("its transfers take EIP-3009, which token %s does not have", entry.Asset)
	case t.Method == transfer.EIP3009 && !c.isDomain(entry.Extra.Name, entry.Extra.Version):
		return fmt.Errorf("it names the token %s, version %s, the chain says that it is %s, version %s",
			naming.Short(entry.Extra.Name), naming.Short(entry.Extra.Version), c.Token.Name, c.Token.Version)
	case entry.Amount == 0:
		return errors.New("its transfers are over nothing")
	case entry.MaxTimeoutSeconds == 0:
		return errors.New("its transfers have no time to be made")
	case entry.PayTo == (common.Address{}) || entry.PayTo == c.Payer || entry.PayTo == entry.Asset:
		return fmt.Errorf("its transfers are to %s, which sells nothing", entry.PayTo)
	}
	return c.isPayee(entry)
}

// isDomain reports whether an entry names the token's EIP-712 domain, or nothing.
func (c *Chooser) isDomain(name, version string) bool {
	return (name == "" || name == c.Token.Name) && (version == "" || version == c.Token.Version)
}

// isPayee refuses an entry that pays somebody else than the channels do that the book has for the
// shop.
func (c *Chooser) isPayee(entry *x402.Requirements) error {
	all, err := c.All()
	if err != nil {
		return err
	}
	shop := naming.Shop(c.Server)
	var other *book.Entry
	for i, e := range all {
		if naming.Shop(e.Server) != shop || e.Left || !e.IsUsed() || e.Deployment.Network() != entry.Network || e.Config.Payer != c.Payer {
			continue
		}
		if e.Config.Receiver == entry.PayTo {
			return nil
		}
		other = &all[i]
	}
	if other == nil {
		return nil
	}
	return fmt.Errorf("its transfers are to %s, and channel %s, which the book has for it, pays %s; `chit shop accept %s` agrees to that",
		entry.PayTo, other.Channel, other.Config.Receiver, shop)
}

// isOurs refuses an entry on another chain, or in another token.
func (c *Chooser) isOurs(entry *x402.Requirements) error {
	switch {
	case entry.Network != c.Chain.Network():
		return fmt.Errorf("it is paid on %s, this client's chain is %s", naming.Short(entry.Network), c.Chain.Network())
	case entry.Asset != c.Token.Address:
		return fmt.Errorf("it is paid in token %s, this client may spend %s", entry.Asset, c.Token.Address)
	}
	return nil
}
