package server

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// provesPayer says whether a refund's voucher proves that the payer asks. One that is on
// chain, where anybody can read it, does not, for itself: it takes an order of the payer
// beside it, which is good for one refund. A stock client knows no orders. It is given
// its money on such a voucher where the channel has not been used for long, and seldom:
// the money goes nowhere but to the payer.
func (s *Shop) provesPayer(ctx context.Context, p *payment, ch vouchers.Channel, amount *vouchers.Amount) *refusal {
	if !isBurnt(ch, p.voucher.Ceiling) {
		return nil
	}
	if p.order == nil && amount != nil {
		return refuseWith(x402.ErrChannelBusy, "the voucher is on chain, where anybody can read it: on it all that is left is given back, seldom, and no part")
	}
	if p.order == nil {
		return s.mayRefundOnBurnt(ctx, ch)
	}
	if err := p.isOrdered(ch, "refund", credit.RefundSubject(amount, ch.RefundNonce)); err != nil {
		return refuseWith(x402.ErrVoucherSignature, "%v", err)
	}
	return nil
}

func (s *Shop) burntRefunds() vouchers.Bucket { return s.Store.Bucket("burnt-refunds") }

// mayRefundOnBurnt notes a refund that nothing but a burnt voucher asks for.
func (s *Shop) mayRefundOnBurnt(ctx context.Context, ch vouchers.Channel) *refusal {
	raw, err := s.burntRefunds().Get(ch.ID[:])
	if err != nil {
		return asRefusal(err)
	}
	from := ch.Used.Add(s.limits.BurntRefundAfter)
	if len(raw) == 8 {
		last := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0)
		if again := last.Add(s.limits.BurntRefundEvery); again.After(from) {
			from = again
		}
	}
	now := s.now()
	if now.Before(from) {
		s.met.add("burntRefundAfter")
		return refuseWith(x402.ErrChannelBusy, "the voucher is on chain, where anybody can read it, and proves nothing: make one more call and ask with the voucher after that, or ask with this one after %s, or withdraw on chain",
			from.UTC().Format(time.RFC3339))
	}
	if err := s.burntRefunds().Put(ctx, ch.ID[:], binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))); err != nil {
		return asRefusal(fmt.Errorf("note a refund of channel %s: %w", ch.ID, err))
	}
	return nil
}
