package vouchers

// redeemable returns a snapshot whose signature can be claimed with. The check of
// a voucher with a known key leaves the parity of the signature open; it is
// settled here, once for each voucher that is looked at, and not for each call.
func (ch *channel) redeemable() Channel {
	ch.mu.Lock()
	snapshot, settled := ch.snapshot(), ch.paritySettled
	ch.mu.Unlock()
	if settled || len(snapshot.Signature) == 0 || snapshot.Claimable() == 0 {
		return snapshot
	}
	v := Voucher{Channel: ch.id, Ceiling: snapshot.Ceiling}
	sig, err := ch.terms.domain.Redeemable(snapshot.Config.VoucherSigner(), v, snapshot.Signature)
	if err == nil {
		snapshot.Signature = sig
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.ceiling == snapshot.Ceiling {
		if err == nil {
			ch.setProof(sig)
		}
		ch.paritySettled = true
	}
	return snapshot
}
