package ledger

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// A store that was restored from a backup knows less than was answered. So in its new epoch
// (see [vouchers.Epoch]) every channel is in doubt until its payer has shown what it was
// charged: by a receipt that the seller has signed, or by its next voucher, which says over
// what it is signed. What is charged only rises by that, and to no more than the payer has
// signed and the channel holds.

// doubtBucket is the store's bucket of channels, by their ids, with the epoch in which each was
// reconciled; or with that in which it is in doubt, and what it was charged since.
const doubtBucket = "doubt"

// Evidence is what a payer shows of what a channel was charged. Amounts are atomic units.
type Evidence struct {
	// Deployment, Config, Voucher and Signature are those of a payment, or of a refund.
	Deployment vouchers.Deployment
	Config     vouchers.ChannelConfig
	Voucher    vouchers.Voucher
	Signature  vouchers.Signature
	// Charged is what a receipt of the seller's proves as charged over the channel's life; 0 if
	// none is shown.
	Charged vouchers.Amount
	// Epoch is that of the receipt (see [vouchers.EpochOf]). One of the store's own epoch has in it
	// what was charged since the restore; an earlier one has not.
	Epoch uint64
	// Counted is what the payer says that it counts (see [Channel.Count]): what its voucher is
	// signed over. It is taken for what was charged where the channel is in doubt, and no receipt
	// of before the restore is shown; beside such a one it says how much credit tokens have left.
	Counted vouchers.Amount
}

// Epoch is that of the store (see [vouchers.Epoch]), 0 if it was never restored.
func (l *Ledger) Epoch() uint64 { return l.epoch }

// Behind reports whether a channel is in doubt, and a payer who counts so much (atomic units,
// see [Channel.Count]) knows of charges that this ledger does not.
func (l *Ledger) Behind(id vouchers.ChannelID, counted vouchers.Amount) bool {
	if l.epoch == 0 {
		return false
	}
	ch := l.index.find(&id)
	if ch == nil {
		return false
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.noted(doubted) && counted > ch.counted()
}

// Restore takes evidence over: what a channel was charged rises to what the evidence shows, as
// far as the payer has signed for it and the channel holds it, durably and with what answer
// keeps, by the rules of [Reservation.Commit]. The channel is in doubt no more then. The charge
// is what was added; where the evidence shows nothing that is not known it is zero, answer is
// not called, and nothing changes. A voucher that is burnt is evidence of nothing.
//
// The error is a [*Refusal], that of the answer or of the store, or that of a context that ended
// while another one of the channel was taken over.
func (l *Ledger) Restore(ctx context.Context, e Evidence, answer func(Charge) (Kept, error)) (Charge, error) {
	p := Payment{Deployment: e.Deployment, Config: e.Config, Voucher: e.Voucher}
	ch := l.index.find(&e.Voucher.Channel)
	if ch == nil {
		return Charge{}, l.unknown(&p)
	}
	if !ch.is(&e.Deployment, &e.Config) {
		return Charge{}, l.misnamed(&p)
	}
	if err := l.verify(ctx, ch, e.Voucher, e.Signature); err != nil {
		return Charge{}, err
	}
	r := &Reservation{ledger: l, ch: ch, voucher: e.Voucher, restores: true}
	if err := r.waitTurn(ctx); err != nil {
		return Charge{}, err
	}
	cut := r.restore(&e)
	ch.mu.Unlock()
	if r.price == 0 {
		return Charge{}, nil
	}
	charge, err := r.Commit(ctx, r.price, answer)
	if err != nil {
		ch.mu.Lock()
		defer ch.mu.Unlock()
		ch.busy.aside += cut
		return Charge{}, fmt.Errorf("restore what channel %s was charged: %w", ch.id, err)
	}
	return charge, nil
}

// waitTurn returns with ch.mu held and no other evidence of the channel on its way.
func (r *Reservation) waitTurn(ctx context.Context) error {
	for {
		r.ch.mu.Lock()
		other := r.ch.active().restoring
		if other == nil {
			return nil
		}
		if err := r.wait(ctx, other, nil); err != nil {
			return err
		}
	}
}

// restore sets aside for r what evidence shows beyond what is known, and returns what it has
// taken for that from what is set aside for credit tokens: they had spent it. Called with ch.mu
// held.
func (r *Reservation) restore(e *Evidence) (cut vouchers.Amount) {
	ch, a := r.ch, r.ch.busy
	if a.frozen || r.isBurnt() {
		return 0
	}
	proven, more := vouchers.Amount(0), e.Charged.Minus(ch.charged+a.committing)
	switch isOlder := e.Epoch < r.ledger.epoch; {
	case e.Charged > 0 && isOlder:
		proven = e.Charged.Plus(a.since).Minus(ch.charged + a.committing)
		more = proven
	case ch.noted(doubted):
		more = max(more, e.Counted.Minus(ch.counted()))
	}
	ceiling := max(ch.ceiling, e.Voucher.Ceiling)
	most := min(ceiling, ch.balance).Minus(ch.charged + a.reserved)
	if more = min(more, most); more == 0 {
		return 0
	}
	left := ceiling.Minus(ch.charged + a.reserved + more)
	if proven > 0 && e.Counted > 0 {
		left = min(left, e.Counted.Minus(ch.charged+a.committing+a.drawn+a.offset+more))
	}
	cut = a.aside.Minus(left)
	a.aside -= cut
	a.ceilings.floor = max(a.ceilings.floor, ch.counted()+more) // these have bought what is restored
	r.price, r.stage, a.restoring = more, reserved, r
	a.reserved += more
	a.inFlight++
	r.present(e.Signature)
	return cut
}

// counted is [channel.count] with what is on its way to the disk. Called with ch.mu held.
func (ch *channel) counted() vouchers.Amount {
	if a := ch.busy; a != nil {
		return ch.count() + a.committing
	}
	return ch.charged
}

// What is noted of a channel, by bits.
const (
	// parityKnown says that the signature needs no look by redeemable: its parity is right, or
	// it is a contract's.
	parityKnown = 1 << iota
	// doubted says that the channel may have been charged more than is known.
	doubted
	// unmarked says that it is doubted no more, which no record of the channel has said yet.
	unmarked
)

// noted is called with ch.mu held.
func (ch *channel) noted(note byte) bool { return ch.notes&note != 0 }

// doubt notes that the channel is in doubt, in a store that was restored.
func (l *Ledger) doubt(ch *channel) {
	if l.epoch > 0 {
		ch.notes |= doubted
	}
}

// trust ends the doubt of a channel whose payer knows of nothing that this ledger does not; the
// store learns of it with what is next written of the channel. Called with ch.mu held.
func (ch *channel) trust() {
	if ch.noted(doubted) {
		ch.notes = ch.notes&^doubted | unmarked
		ch.active().since = 0
	}
}

// charging notes what is charged while the channel is in doubt: it comes on top of what evidence
// will show. Called with ch.mu held.
func (ch *channel) charging(amount vouchers.Amount) {
	if ch.noted(doubted) {
		ch.busy.since += amount
	}
}

// mark returns what the store is to know of a channel's doubt with a record of it. Called with
// ch.mu held.
func (l *Ledger) mark(ch *channel) (vouchers.Put, bool) {
	switch {
	case ch.noted(unmarked):
		ch.notes &^= unmarked
		return vouchers.Put{Bucket: doubtBucket, Key: ch.id[:], Value: l.reconciled()}, true
	case ch.noted(doubted) && ch.busy != nil && ch.busy.since > 0:
		return vouchers.Put{Bucket: doubtBucket, Key: ch.id[:], Value: binary.BigEndian.AppendUint64(l.reconciled(), uint64(ch.busy.since))}, true
	}
	return vouchers.Put{}, false
}

// reconciled is what [doubtBucket] has of a channel that was reconciled in this epoch.
func (l *Ledger) reconciled() []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, 16), l.epoch)
}

// loadDoubts reads which channels are in doubt: all, but for those that were reconciled in this
// epoch.
func (l *Ledger) loadDoubts() error {
	if l.epoch == 0 {
		return nil
	}
	return l.store.Bucket(doubtBucket).ForEach(nil, func(key, value []byte) error {
		if len(key) != len(vouchers.ChannelID{}) || len(value) < 8 || binary.BigEndian.Uint64(value) != l.epoch {
			return nil // of an epoch before
		}
		id := vouchers.ChannelID(key)
		ch := l.index.find(&id)
		switch {
		case ch == nil:
		case len(value) == 16:
			ch.active().since = vouchers.Amount(binary.BigEndian.Uint64(value[8:]))
		default:
			ch.notes &^= doubted
		}
		return nil
	})
}
