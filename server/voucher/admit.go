package voucher

import (
	"context"
	"errors"

	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// admit sets the price aside in the channel of a payment, and takes the deposit that
// may come with it before. A deposit is left alone where the payment was answered
// already, and where its voucher would not pay for the call afterwards either: a
// client that has lost count would deposit again with every try.
func (s *Seller) admit(ctx context.Context, p *Payment, price vouchers.Amount, request [32]byte) (*ledger.Reservation, *depositReceipt, *terms.Refusal) {
	d, ok := p.body.(*x402.DepositPayload)
	if !ok {
		reservation, refused := s.Reserve(ctx, p, price, request)
		return reservation, nil, refused
	}
	if refused := s.learn(ctx, p); refused != nil {
		return nil, nil, refused
	}
	reservation, err := s.ledger.Reserve(ctx, s.ledgerPayment(p, price, request))
	if err == nil {
		if _, answered := reservation.Answer(); answered {
			return reservation, nil, nil
		}
		reservation.Release()
	} else if !depositHelps(err, p, price) {
		return nil, nil, refusePayment(err, p, price)
	}
	receipt, refused := s.takeDeposit(ctx, p, d)
	if refused != nil {
		return nil, nil, refused
	}
	reservation, refused = s.Reserve(ctx, p, price, request)
	return reservation, receipt, refused
}

// depositHelps says whether a payment that the ledger refuses may pass with more
// money in its channel.
func depositHelps(err error, p *Payment, price vouchers.Amount) bool {
	return errors.Is(err, ledger.ErrChannelNotFound) ||
		(lacksMoney(err) || errors.Is(err, ledger.ErrWithdrawalPending)) && reaches(err, p, price)
}

// refusePayment is [terms.FromLedger] for a payment of a price. A client that has lost count
// learns of that first, and not that the balance is short: it signs again over what
// was charged, or tops up.
func refusePayment(err error, p *Payment, price vouchers.Amount) *terms.Refusal {
	refused := terms.FromLedger(err)
	if errors.Is(err, ledger.ErrInsufficientBalance) && !reaches(err, p, price) {
		refused.Code = x402.ErrCumulativeAmountMismatch
	}
	if p.short && refused != nil && refused.Code == x402.ErrVoucherSignature {
		return p.unknown()
	}
	return p.shown(refused)
}

// reaches says whether a payment that the ledger refuses, or one before it, is signed
// for what the channel has spoken for and the price.
func reaches(err error, p *Payment, price vouchers.Amount) bool {
	var refused *ledger.Refusal
	if !errors.As(err, &refused) {
		return false
	}
	state := &refused.State
	return terms.SpokenFor(*state)+state.Reserved+price <= max(state.Ceiling, p.Voucher.Ceiling)
}

// lacksMoney says whether the ledger refuses for want of money in the channel.
func lacksMoney(err error) bool {
	return errors.Is(err, ledger.ErrCeilingAboveBalance) || errors.Is(err, ledger.ErrInsufficientBalance)
}

func (s *Seller) ledgerPayment(p *Payment, price vouchers.Amount, request [32]byte) ledger.Payment {
	return ledger.Payment{
		Deployment:  p.till.Deployment,
		Config:      p.Config,
		Voucher:     p.Voucher,
		Signature:   p.signature,
		Price:       price,
		Identifier:  p.identifier,
		Fingerprint: request,
		Proven:      p.order != nil && p.isOrdered(ledger.Channel{ID: p.Voucher.Channel, Config: p.Config}, "state", "") == nil,
	}
}

// Reserve sets the price aside in the channel of a payment. Where the ledger does
// not know of enough money, the chain is asked first.
func (s *Seller) Reserve(ctx context.Context, p *Payment, price vouchers.Amount, request [32]byte) (*ledger.Reservation, *terms.Refusal) {
	if refused := s.learn(ctx, p); refused != nil {
		return nil, refused
	}
	payment := s.ledgerPayment(p, price, request)
	reservation, err := s.ledger.Reserve(ctx, payment)
	if !errors.Is(err, ledger.ErrChannelNotFound) && !lacksMoney(err) {
		return reservation, refusePayment(err, p, price)
	}
	if err := s.checkVoucher(p); err != nil {
		return nil, terms.Refuse(x402.ErrVoucherSignature, "%v", err)
	}
	if !s.mayAsk(ctx, p, nil) {
		return nil, s.unasked(err, p, price)
	}
	if refused := s.refresh(ctx, p.till, p.Config, err); refused != nil {
		return nil, refused
	}
	if refused := s.learn(ctx, p); refused != nil { // its channel may be new to the store
		return nil, refused
	}
	reservation, err = s.ledger.Reserve(ctx, payment)
	return reservation, refusePayment(err, p, price)
}

// unasked is what a payment is answered with whose channel the chain is not asked
// about, because others were a moment ago: anybody can make up channels that nobody
// knows, and each would cost a request to the chain.
func (s *Seller) unasked(err error, p *Payment, price vouchers.Amount) *terms.Refusal {
	if errors.Is(err, ledger.ErrChannelNotFound) {
		return tooManyLookups()
	}
	return refusePayment(err, p, price)
}

// mayPay refuses a payment that cannot pay at all: one that is not signed by the signer of a
// channel that there is, and brings no deposit either.
func (s *Seller) mayPay(ctx context.Context, payment brought) *terms.Refusal {
	p, refused := payment.accept(s, 0)
	if refused != nil {
		return refused
	}
	if err := s.checkVoucher(p); err != nil && p.short {
		return p.unknown()
	} else if err != nil {
		return terms.Refuse(x402.ErrVoucherSignature, "%v", err)
	}
	switch p.body.(type) {
	case *x402.DepositPayload:
		if !s.largeDeposits.Allow() {
			s.met("largeDeposits")
			return terms.Refuse(x402.ErrVerificationStateUnavailable, "too many large calls came with deposits at the moment; send the same payment again in a few seconds")
		}
	case *x402.VoucherPayload:
		channel, known := s.ledger.Channel(p.Voucher.Channel)
		if !known {
			return s.find(ctx, p)
		}
		if !p.maySee(channel) { // anybody can show what is on chain
			return p.shown(&terms.Refusal{Code: x402.ErrCumulativeAmountMismatch, Channel: &channel})
		}
	default:
		return terms.Refuse(x402.ErrPayloadType, "a refund pays for nothing: ask for it by itself")
	}
	return nil
}

// find asks the chain about a channel that the ledger does not know.
func (s *Seller) find(ctx context.Context, p *Payment) *terms.Refusal {
	if !s.mayAsk(ctx, p, nil) {
		return s.unasked(ledger.ErrChannelNotFound, p, 0)
	}
	return s.refresh(ctx, p.till, p.Config, ledger.ErrChannelNotFound)
}
