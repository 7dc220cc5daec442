package voucher

import (
	"context"
	"errors"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// A store that was restored from a backup knows less than the shop has answered. What is missing
// is taken from the payers: from the newest receipt, where a payer keeps them and is asked; or
// from its next voucher, since a stock client signs what it counts, and what it pays.

// learn takes over what a payment shows of what its channel was charged, where the store knows
// less. It refuses the payment of a payer that keeps receipts and has not shown any: its voucher
// is signed over calls in flight too.
func (s *Seller) learn(ctx context.Context, p *Payment) *terms.Refusal {
	counted := p.Voucher.Ceiling.Minus(p.agreed)
	behind := s.ledger.Behind(p.Voucher.Channel, counted)
	if !behind && !p.shows.IsAnswer() || s.checkVoucher(p) != nil { // which is refused in its own words
		return nil
	}
	if behind && !p.shows.IsAnswer() && (p.short || p.shows != nil) {
		return s.asks(p)
	}
	evidence := ledger.Evidence{
		Deployment: p.till.Deployment, Config: p.Config, Voucher: p.Voucher, Signature: p.signature, Counted: counted,
	}
	by, digest := "voucher", p.till.Escrow.Domain().VoucherDigest(p.Voucher)
	if p.shows.IsAnswer() {
		if p.shows.Counted != nil {
			evidence.Counted = min(counted, *p.shows.Counted)
		}
		latest, named, err := s.shownReceipt(p)
		switch {
		case err != nil:
			return terms.Refuse(x402.ErrPayload, "the receipt that is shown: %v", err)
		case latest != nil:
			evidence.Charged, by, digest = latest.Cumulative, "receipt", named
			evidence.Epoch, _ = vouchers.EpochOf(latest.Sequence)
			if p.shows.Counted == nil && evidence.Epoch >= s.ledger.Epoch() {
				evidence.Counted = 0 // its voucher may be signed over calls in flight
			}
		}
	}
	return s.restore(ctx, p, evidence, by, digest)
}

// asks asks the payer for its newest receipt.
func (s *Seller) asks(p *Payment) *terms.Refusal {
	refused := terms.Refuse(x402.ErrVerificationStateUnavailable,
		"the seller's books were restored from a backup, and know less of the channel than its payer; nothing was charged: send the same payment with the newest receipt of the channel, in the extension %s", extension.NameReceipt)
	refused.Asks = &extension.AskedReceipt{Channel: p.Voucher.Channel, Epoch: s.ledger.Epoch()}
	return refused
}

// shownReceipt is the receipt that a payment shows, with its digest; nil if it shows none. The
// error is why it is not this shop's receipt of the channel.
func (s *Seller) shownReceipt(p *Payment) (*receipts.Signed, common.Hash, error) {
	if p.shows.Latest == "" {
		return nil, common.Hash{}, nil
	}
	r, err := receipts.ParseWire(p.shows.Latest)
	if err != nil {
		return nil, common.Hash{}, err
	}
	d, err := r.Deployment()
	if err != nil {
		return nil, common.Hash{}, err
	}
	if r.Channel != p.Voucher.Channel || d != p.till.Deployment {
		return nil, common.Hash{}, errOtherChannel
	}
	digest, err := r.Attested(p.Config.ReceiverAuthorizer, []common.Address{s.notary.Address()})
	return r, digest, err
}

var errOtherChannel = errors.New("it is of another channel")

// restore takes evidence over, with a line in the channel's history, and says so loudly.
func (s *Seller) restore(ctx context.Context, p *Payment, e ledger.Evidence, by string, digest common.Hash) *terms.Refusal {
	var line *receipts.Draft
	charge, err := s.ledger.Restore(ctx, e, func(c ledger.Charge) (ledger.Kept, error) {
		draft, err := s.receipts.Draft(&c, receipts.Receipt{
			Ceiling: e.Voucher.Ceiling, Resource: receipts.Evidence, Request: digest, IssuedAt: uint64(time.Now().Unix()),
		})
		if err != nil {
			return ledger.Kept{}, err
		}
		line = draft
		s.receipts.Issue(draft)
		return ledger.Kept{Entry: draft.Entry}, nil
	})
	switch {
	case errors.Is(err, ledger.ErrChannelNotFound):
		return nil // the chain is asked about it, and then this payment again
	case err != nil:
		return p.shown(terms.FromLedger(err))
	case charge.Charged == 0:
		return nil
	}
	s.logger.Warn("the books were restored from a backup, and a payer has shown that it was charged more than they know: that is in them again",
		"channel", p.Voucher.Channel, "payer", p.Config.Payer, "by", by, "amount", charge.Charged.String(), "charged", charge.Cumulative.String(),
		"receipt", line.Sequence, "evidence", digest)
	return nil
}
