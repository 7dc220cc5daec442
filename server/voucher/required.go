package voucher

import (
	"slices"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// maxTimeout is how long, in seconds, a payment's terms stay good.
const maxTimeout = 3600

// requirements are the terms of a call at a price, as a till has them: an entry for
// each way in which it takes deposits.
func (s *Seller) requirements(t *till.Till, price vouchers.Amount) []x402.Requirements {
	terms := x402.Requirements{
		Scheme:            x402.SchemeBatchSettlement,
		Network:           t.Network,
		Amount:            price,
		Asset:             t.Token.Address,
		PayTo:             s.payTo,
		MaxTimeoutSeconds: maxTimeout,
		Extra: x402.Extra{
			ReceiverAuthorizer: t.Sender.Address(),
			WithdrawDelay:      s.withdrawDelay,
			Name:               t.Token.Name,
			Version:            t.Token.Version,
			Short:              short.Version,
			MinDeposit:         t.AnnouncedDeposit(price),
		},
	}
	if address := t.Deployment.Escrow; address != escrow.Canonical.Escrow {
		terms.Extra.Escrow = &address
		terms.Extra.Collectors = &x402.Collectors{EIP3009: t.Collectors.EIP3009}
		if t.Permit2 {
			terms.Extra.Collectors.Permit2 = t.Collectors.Permit2
		}
	}
	var ways []x402.Requirements
	if t.Token.EIP3009 {
		ways = append(ways, terms)
	}
	if t.Permit2 {
		terms.Extra.AssetTransferMethod = x402.TransferPermit2
		ways = append(ways, terms)
	}
	return ways
}

// Required is the answer to a request for a resource that is not paid as it should be.
func (s *Seller) Required(a terms.Asked) *x402.PaymentRequired {
	r := a.Refusal
	accepts := make([]x402.Requirements, 0, len(s.tills.Offered))
	for _, t := range s.tills.Offered {
		ways := s.requirements(t, a.Price)
		if r.Channel == nil || r.Channel.Deployment != t.Deployment {
			accepts = append(accepts, ways...)
			continue
		}
		for i := range ways {
			ways[i].Extra.ChannelState, ways[i].Extra.VoucherState = r.States()
		}
		accepts = slices.Insert(accepts, 0, ways...) // stock clients recover from the first
	}
	required := x402.Refuse(a.Resource, accepts, r.Code, r.Detail)
	required.Extensions = s.announceMoves(extension.AnnounceReceipts(required.Extensions))
	if r.Asks != nil {
		if with, err := extension.AskReceipt(required.Extensions, *r.Asks); err == nil {
			required.Extensions = with
		}
	}
	return required
}
