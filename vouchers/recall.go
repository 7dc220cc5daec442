package vouchers

import "context"

// Recall begins a call under a key that tells it from all others, for which Draw then
// reserves its price. Nothing is reserved yet, and nobody else has the key until the
// reservation ends with Commit, which keeps the answer, or Release.
//
// The same call (its fingerprint is a hash of the request) again while the first is
// in flight waits for it. One that was answered before gets a reservation whose
// Answer is that answer: there is nothing to draw, to commit or to release. Another
// call under the key is refused with [ErrIdentifierConflict]. The error is a
// [*Refusal], or that of a context that ended while Recall waited.
func (l *Ledger) Recall(ctx context.Context, id ChannelID, key AnswerKey, fingerprint [32]byte) (*Reservation, error) {
	if err := l.store.Err(); err != nil {
		return nil, &Refusal{Err: err}
	}
	ch := l.index.find(&id)
	if ch == nil {
		return nil, &Refusal{Err: ErrChannelNotFound, Detail: id.Hex()}
	}
	r := &Reservation{ledger: l, ch: ch, drawn: true, identified: true, key: key, fingerprint: fingerprint}
	return r.orNil(r.identify(ctx))
}

// Draw reserves price (atomic units) for a call that [Ledger.Recall] began, as
// [Ledger.Draw] does. The error is a [*Refusal]; the call has ended then.
func (r *Reservation) Draw(ctx context.Context, price Amount) error {
	if refusal := r.draw(price); refusal != nil {
		r.Release()
		return refusal
	}
	r.follow(ctx)
	return nil
}
