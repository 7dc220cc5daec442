package ledger

import "github.com/chitpay/chit/vouchers"

// redeemable returns a snapshot whose signature can be claimed with. The check of
// a voucher with a known key leaves the parity of the signature open; it is
// settled here, once for each voucher that is looked at, and not for each call.
func (ch *channel) redeemable() Channel {
	ch.mu.Lock()
	snapshot, settled := ch.snapshot(), ch.noted(parityKnown)
	snapshot.Quiet = ch.quiet().ceiling
	ch.mu.Unlock()
	if settled || len(snapshot.Signature) == 0 || snapshot.Claimable() == 0 {
		return snapshot
	}
	v := vouchers.Voucher{Channel: ch.id, Ceiling: snapshot.Ceiling}
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
		ch.notes |= parityKnown
	}
	return snapshot
}

// Redemption is what can be claimed of a channel with one voucher, whose signature is in
// the form in which every escrow takes it.
type Redemption struct {
	Config    vouchers.ChannelConfig
	Ceiling   vouchers.Amount
	Signature vouchers.Signature
	// Total is what will have been claimed over the channel's life, Claimed what was
	// before, in atomic units.
	Total, Claimed vouchers.Amount
}

// Redeem returns what can be claimed of a channel now, as far as its balance holds it,
// and false if the channel is not known or nothing can. With newest it takes the newest
// voucher, and all that was charged. Without, it takes the highest one below the newest
// that gives away nothing: its ceiling is within what the payer counts, and below those of
// calls in flight. The newest is then left to prove the payer's key; where it is burnt
// already it is taken. Whoever puts the voucher into a transaction calls
// [Ledger.Burn] before.
func (l *Ledger) Redeem(id vouchers.ChannelID, newest bool) (Redemption, bool) {
	ch := l.index.find(&id)
	if ch == nil {
		return Redemption{}, false
	}
	if newest {
		c := ch.redeemable()
		return redemption(c, c.Ceiling, c.Signature)
	}
	ch.mu.Lock()
	c := ch.snapshot()
	quiet := ch.quiet()
	ch.mu.Unlock()
	signature := quiet.proof.Signature()
	if sig, err := ch.terms.domain.Redeemable(c.Config.VoucherSigner(), vouchers.Voucher{Channel: ch.id, Ceiling: quiet.ceiling}, signature); err == nil {
		signature = sig
	}
	return redemption(c, quiet.ceiling, signature)
}

func redemption(c Channel, ceiling vouchers.Amount, signature vouchers.Signature) (Redemption, bool) {
	total := min(c.Charged, c.Balance, ceiling)
	if total <= c.Claimed || len(signature) == 0 {
		return Redemption{}, false
	}
	return Redemption{Config: c.Config, Ceiling: ceiling, Signature: signature, Total: total, Claimed: c.Claimed}, true
}
