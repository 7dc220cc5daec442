package vouchers

import "context"

// Answered returns what the same payment for the same request was answered with, and
// true if that is kept, whatever the price is now. It changes nothing, so it may be
// asked about a payment that will be refused: one that accepts less than its call has
// come to cost since. The price of p does not matter. A payment whose ceiling is burnt
// is answered nothing, unless the payer has proved itself.
func (l *Ledger) Answered(ctx context.Context, p Payment) ([]byte, bool) {
	ch := l.index.find(&p.Voucher.Channel)
	if ch == nil || !ch.is(&p.Deployment, &p.Config) || l.verify(ctx, ch, p.Voucher, p.Signature) != nil {
		return nil, false
	}
	if !p.Proven && ch.hasBurnt(p.Voucher.Ceiling) {
		return nil, false
	}
	if p.Identifier == "" {
		return l.recent.answer(callKey{p.Voucher, p.Fingerprint}, l.now())
	}
	if len(p.Identifier) > MaxIdentifier {
		return nil, false
	}
	a, found, err := l.store.Answer(answerKey(p.Voucher.Channel, p.Identifier))
	if err != nil || !found || a.Omitted || !l.now().Before(a.Expires) || a.Fingerprint != p.Fingerprint || a.Ceiling != p.Voucher.Ceiling {
		return nil, false
	}
	return a.Body, true
}
