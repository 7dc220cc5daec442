package voucher

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// brought is a payment as its request has it. In which form it came makes no difference to what
// it pays for: the same voucher in both is the same payment.
type brought interface {
	// agreed is the most that its payer agrees to pay, in atomic USDC.
	agreed() vouchers.Amount
	// namesPayer notes who it says it is from, before it is judged.
	namesPayer(l *sale.Line)
	// accept holds it against the terms of a call at a price.
	accept(s *Seller, price vouchers.Amount) (*Payment, *terms.Refusal)
}

// broughtBy is the payment of a request, nil if it has none that is made by voucher.
func broughtBy(p sale.Presented) brought {
	switch {
	case p.Short != nil:
		return inShort{p.Short}
	case p.Payment != nil:
		if _, _, _, ok := channelOf(p.Payment.Payload); ok {
			return inFull{p.Payment}
		}
	}
	return nil
}

// inFull is a payment in x402's own words.
type inFull struct{ *x402.PaymentPayload }

func (b inFull) agreed() vouchers.Amount { return b.Accepted.Amount }

func (b inFull) namesPayer(l *sale.Line) {
	if config, voucher, _, ok := channelOf(b.Payload); ok {
		l.PaidBy(config.Payer, voucher.Channel)
	}
}

func (b inFull) accept(s *Seller, price vouchers.Amount) (*Payment, *terms.Refusal) {
	return s.accept(b.PaymentPayload, price)
}

// inShort is a payment in the short form. It says no terms and no config: they are those of its
// channel in the ledger, and no chain is asked about a channel that is not there.
type inShort struct{ *short.Payment }

func (b inShort) agreed() vouchers.Amount { return b.Amount }

func (b inShort) namesPayer(l *sale.Line) { l.PaidBy(common.Address{}, b.Channel) }

// voucherAlone is what a short payment brings.
var voucherAlone = new(x402.VoucherPayload)

func (b inShort) accept(s *Seller, price vouchers.Amount) (*Payment, *terms.Refusal) {
	p := &Payment{
		body: voucherAlone, Voucher: vouchers.Voucher{Channel: b.Channel, Ceiling: b.Ceiling}, signature: b.Signature,
		identifier: b.Identifier, short: true, agreed: b.Amount,
	}
	deployment, config, known := s.ledger.Whose(b.Channel)
	if !known {
		return nil, p.unknown()
	}
	if p.till, p.Config = s.tills.Of(deployment), config; p.till == nil || s.checkConfig(p.till, config) != nil {
		return nil, p.unknown()
	}
	if b.Amount < price {
		return nil, s.explain(priceDiffers(b.Amount, price), p)
	}
	return p, nil
}

// unknown refuses a short payment that only its full form can say more about. Whether it is the
// channel that is not known or the key that is wrong is not told: who cannot sign for a channel
// is not to learn that it is one of this shop's.
func (p *Payment) unknown() *terms.Refusal {
	return terms.Refuse(x402.ErrChannelNotFound, "no voucher of channel %s is taken in the short form, or none with this signature: pay in the full form", p.Voucher.Channel)
}
