package exact

import (
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// maxTimeout is for how long, in seconds, the terms ask that a transfer is good: stock clients
// sign for that long, so it is how long a transfer that a payer gives up on can still happen.
const maxTimeout = 300

// Requirements are the terms of something at its price, as transfers pay for it: upto, where
// what it costs is known when it has run, and else exact, each by what the token knows. There
// are none where the price is less than what it costs to settle them.
func (s *Seller) Requirements(a terms.Asked) (exact, upto []x402.Requirements) {
	accept := s.acceptOf(a.Offer)
	for _, t := range s.distinct() {
		asked, ok := s.asks(t, a.Price)
		if !ok {
			continue
		}
		if accept.Takes(offer.Exact) && !isMetered(a.Offer) {
			exact = append(exact, s.byExact(t, asked)...)
		}
		if accept.Takes(offer.Upto) && isMetered(a.Offer) && s.proxies[t.Account].Upto {
			upto = append(upto, s.byUpto(t, asked))
		}
	}
	return exact, upto
}

// Charges are the terms by EIP-3009 that challenges of MPP are made of; none where that is not
// accepted, or the price is less than what it costs to settle.
func (s *Seller) Charges(a terms.Asked) (all []x402.Requirements) {
	if !s.acceptOf(a.Offer).Takes(offer.MPP) || isMetered(a.Offer) {
		return nil
	}
	for _, t := range s.distinct() {
		if asked, ok := s.asks(t, a.Price); ok && t.Token.EIP3009 {
			all = append(all, s.common(t, x402.SchemeExact, asked))
		}
	}
	return all
}

// Transfers are the terms by EIP-3009 at all places, over nothing.
func (s *Seller) Transfers() (all []x402.Requirements) {
	for _, t := range s.distinct() {
		if t.Token.EIP3009 {
			all = append(all, s.common(t, x402.SchemeExact, 0))
		}
	}
	return all
}

func isMetered(o *offer.Offer) bool { return o != nil && o.Metered }

func (s *Seller) acceptOf(o *offer.Offer) offer.Accept {
	if o == nil {
		return nil // the shop's own tools cost nothing
	}
	return o.Accept.Or(s.Accept)
}

// distinct are the tills, one for each token of a chain: its escrow is nothing to a transfer.
func (s *Seller) distinct() []*till.Till {
	var all []*till.Till
	for _, t := range s.Tills.All {
		if s.tillOf(&x402.Requirements{Network: t.Network, Asset: t.Token.Address}) == t {
			all = append(all, t)
		}
	}
	return all
}

// asks is what a transfer at a till is over, for something of a price, and false where that is
// less than what settling it costs.
func (s *Seller) asks(t *till.Till, price vouchers.Amount) (vouchers.Amount, bool) {
	asked, ok := price.Add(s.Policy.Surcharge)
	return asked, ok && asked >= t.Costs(till.Transferring)
}

func (s *Seller) common(t *till.Till, scheme string, amount vouchers.Amount) x402.Requirements {
	return x402.Requirements{
		Scheme: scheme, Network: t.Network, Amount: amount, Asset: t.Token.Address, PayTo: s.PayTo, MaxTimeoutSeconds: maxTimeout,
		Extra: x402.Extra{Name: t.Token.Name, Version: t.Token.Version},
	}
}

func (s *Seller) byExact(t *till.Till, amount vouchers.Amount) (all []x402.Requirements) {
	terms := s.common(t, x402.SchemeExact, amount)
	if t.Token.EIP3009 {
		all = append(all, terms)
	}
	if s.proxies[t.Account].Exact {
		terms.Extra.AssetTransferMethod = x402.TransferPermit2
		all = append(all, terms)
	}
	return all
}

func (s *Seller) byUpto(t *till.Till, amount vouchers.Amount) x402.Requirements {
	terms := s.common(t, x402.SchemeUpto, amount)
	terms.Extra.AssetTransferMethod = x402.TransferPermit2
	terms.Extra.FacilitatorAddress = t.Sender.Address()
	return terms
}
