package voucher

import (
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// provesPayer says whether a refund's voucher proves that the payer asks. One that is on
// chain, where anybody can read it, does not: it takes an order of the payer beside it,
// which is good for one refund. A stock client knows no orders, and makes a call first.
func provesPayer(p *Payment, ch ledger.Channel, amount *vouchers.Amount) *terms.Refusal {
	if !terms.IsBurnt(ch, p.Voucher.Ceiling) {
		return nil
	}
	if p.order == nil {
		return terms.Refuse(x402.ErrChannelBusy, "the voucher is on chain, where anybody can read it, and proves nothing: make one more call and ask with the voucher after that, or withdraw on chain")
	}
	if err := p.isOrdered(ch, "refund", order.RefundSubject(amount, ch.RefundNonce)); err != nil {
		return terms.Refuse(x402.ErrVoucherSignature, "%v", err)
	}
	return nil
}

// noncesAhead is how many refunds and withdrawals a payer may know of that the shop has
// not seen yet.
const noncesAhead = 3

// mayBeOrdered reports whether a refund that the shop has not looked at the chain for
// may turn out to be ordered by the payer. What anybody can show costs the channel
// nothing: no request to the chain, and no moment in which it is frozen.
func mayBeOrdered(p *Payment, ch ledger.Channel, amount *vouchers.Amount) bool {
	for ahead := range uint64(noncesAhead + 1) {
		if p.isOrdered(ch, "refund", order.RefundSubject(amount, ch.RefundNonce+ahead)) == nil {
			return true
		}
	}
	return false
}
