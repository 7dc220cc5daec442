package server

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
func (s *Shop) admit(ctx context.Context, p *payment, price vouchers.Amount, request [32]byte) (*ledger.Reservation, *depositReceipt, *terms.Refusal) {
	d, ok := p.body.(*x402.DepositPayload)
	if !ok {
		reservation, refused := s.reserve(ctx, p, price, request)
		return reservation, nil, refused
	}
	reservation, err := s.Ledger.Reserve(ctx, s.ledgerPayment(p, price, request))
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
	reservation, refused = s.reserve(ctx, p, price, request)
	return reservation, receipt, refused
}

// depositHelps says whether a payment that the ledger refuses may pass with more
// money in its channel.
func depositHelps(err error, p *payment, price vouchers.Amount) bool {
	return errors.Is(err, ledger.ErrChannelNotFound) ||
		(isShort(err) || errors.Is(err, ledger.ErrWithdrawalPending)) && reaches(err, p, price)
}

// refusePayment is [terms.FromLedger] for a payment of a price. A client that has lost count
// learns of that first, and not that the balance is short: it signs again over what
// was charged, or tops up.
func refusePayment(err error, p *payment, price vouchers.Amount) *terms.Refusal {
	refused := terms.FromLedger(err)
	if errors.Is(err, ledger.ErrInsufficientBalance) && !reaches(err, p, price) {
		refused.Code = x402.ErrCumulativeAmountMismatch
	}
	return p.shown(refused)
}

// reaches says whether a payment that the ledger refuses, or one before it, is signed
// for what the channel has spoken for and the price.
func reaches(err error, p *payment, price vouchers.Amount) bool {
	var refused *ledger.Refusal
	if !errors.As(err, &refused) {
		return false
	}
	state := &refused.State
	return terms.SpokenFor(*state)+state.Reserved+price <= max(state.Ceiling, p.voucher.Ceiling)
}

// isShort says whether the ledger refuses for want of money in the channel.
func isShort(err error) bool {
	return errors.Is(err, ledger.ErrCeilingAboveBalance) || errors.Is(err, ledger.ErrInsufficientBalance)
}

func (s *Shop) ledgerPayment(p *payment, price vouchers.Amount, request [32]byte) ledger.Payment {
	return ledger.Payment{
		Deployment:  p.till.Deployment,
		Config:      p.config,
		Voucher:     p.voucher,
		Signature:   p.signature,
		Price:       price,
		Identifier:  p.identifier,
		Fingerprint: request,
		Proven:      p.order != nil && p.isOrdered(ledger.Channel{ID: p.voucher.Channel, Config: p.config}, "state", "") == nil,
	}
}

// reserve sets the price aside in the channel of a payment. Where the ledger does
// not know of enough money, the chain is asked first.
func (s *Shop) reserve(ctx context.Context, p *payment, price vouchers.Amount, request [32]byte) (*ledger.Reservation, *terms.Refusal) {
	payment := s.ledgerPayment(p, price, request)
	reservation, err := s.Ledger.Reserve(ctx, payment)
	if !errors.Is(err, ledger.ErrChannelNotFound) && !isShort(err) {
		return reservation, refusePayment(err, p, price)
	}
	if err := s.checkVoucher(p); err != nil {
		return nil, terms.Refuse(x402.ErrVoucherSignature, "%v", err)
	}
	if !s.mayAsk(ctx, p, nil) {
		return nil, s.unasked(err, p, price)
	}
	if refused := s.refresh(ctx, p.till, p.config, err); refused != nil {
		return nil, refused
	}
	reservation, err = s.Ledger.Reserve(ctx, payment)
	return reservation, refusePayment(err, p, price)
}

// unasked is what a payment is answered with whose channel the chain is not asked
// about, because others were a moment ago: anybody can make up channels that nobody
// knows, and each would cost a request to the chain.
func (s *Shop) unasked(err error, p *payment, price vouchers.Amount) *terms.Refusal {
	if errors.Is(err, ledger.ErrChannelNotFound) {
		return tooManyLookups()
	}
	return refusePayment(err, p, price)
}
