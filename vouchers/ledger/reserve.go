package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// MaxIdentifier is the length of the longest payment identifier, in bytes.
const MaxIdentifier = 128

// Payment is what a call is paid with.
type Payment struct {
	Deployment vouchers.Deployment
	Config     vouchers.ChannelConfig
	Voucher    vouchers.Voucher
	Signature  vouchers.Signature
	// Price is the most that the call may cost, in atomic units.
	Price vouchers.Amount
	// Identifier is the x402 payment identifier, "" if there is none.
	Identifier string
	// Fingerprint is a hash of the request: the same voucher with the same
	// fingerprint is the same call.
	Fingerprint [32]byte
	// Proven says that the payer has shown by other means than its voucher that it asks:
	// where that is burnt, it still gets what the same payment was answered with.
	Proven bool
}

// Reserve checks a payment and sets its price aside for one call.
//
// The error is a [*Refusal] that carries the channel's state, or the error of a
// context that ended while Reserve waited. Every reservation must end with Commit
// or Release; it is released by itself when ctx ends. A payment that was answered
// before gets a reservation whose Answer is that answer: there is nothing to run,
// to commit or to release.
//
// A voucher is accepted if its ceiling has not bought a call yet, and the payer's count
// together with the price and all prices that are reserved stays within the highest
// ceiling that it signed, and what it is charged of that within the balance less a pending
// withdrawal. So a payer is never told a count above what it has signed. With
// nothing in flight, a ceiling of exactly the payer's count plus the price is
// accepted even if it has bought a call before, since after a call that cost less
// than its price a payer may come back to an equal number.
//
// The same payment again while the first is in flight waits for its answer. A
// voucher that does not fit while others are in flight waits for them, within the
// patience of the ledger, so that a refusal carries the state that the next
// voucher has to build on.
//
// A ceiling that is burnt (see [Ledger.Burn]) is refused with [ErrCeilingBurnt], also
// where the same payment was answered before, unless the payer has proved itself.
func (l *Ledger) Reserve(ctx context.Context, p Payment) (*Reservation, error) {
	if err := l.store.Err(); err != nil {
		return nil, &Refusal{Err: err}
	}
	ch := l.index.find(&p.Voucher.Channel)
	if ch == nil {
		return nil, l.unknown(&p)
	}
	if !ch.is(&p.Deployment, &p.Config) {
		return nil, l.misnamed(&p)
	}
	if err := l.verify(ctx, ch, p.Voucher, p.Signature); err != nil {
		return nil, err
	}
	r := &Reservation{ledger: l, ch: ch, voucher: p.Voucher, price: p.Price, fingerprint: p.Fingerprint, proven: p.Proven}
	if p.Identifier != "" {
		if len(p.Identifier) > MaxIdentifier {
			return nil, &Refusal{Err: ErrIdentifier, Detail: fmt.Sprintf("%d bytes, at most %d", len(p.Identifier), MaxIdentifier)}
		}
		r.identified = true
		r.key = answerKey(p.Voucher.Channel, p.Identifier)
		if err := r.identify(ctx); err != nil || r.stage == ended {
			return r.orNil(err)
		}
	}
	if err := r.admit(ctx, p.Signature); err != nil {
		r.Release()
		return nil, err
	}
	r.follow(ctx)
	return r, nil
}

func (l *Ledger) unknown(p *Payment) error {
	if l.domain(p.Deployment).ChannelID(p.Config) != p.Voucher.Channel {
		return l.misnamed(p)
	}
	return &Refusal{Err: ErrChannelNotFound, Detail: p.Voucher.Channel.Hex()}
}

func (l *Ledger) misnamed(p *Payment) error {
	right := l.domain(p.Deployment).ChannelID(p.Config)
	return &Refusal{Err: ErrChannelID, Detail: fmt.Sprintf("the voucher is for %s, the config in %s is of %s", p.Voucher.Channel, p.Deployment, right)}
}

func answerKey(id vouchers.ChannelID, identifier string) vouchers.AnswerKey {
	var in [len(id) + MaxIdentifier]byte
	n := copy(in[:], id[:])
	n += copy(in[n:], identifier)
	return sha256.Sum256(in[:n])
}

// identify makes r the one call in flight of its identifier, or ends it with the
// answer that the same payment got before.
func (r *Reservation) identify(ctx context.Context) error {
	for {
		r.ch.mu.Lock()
		if r.isBurnt() && !r.proven {
			defer r.ch.mu.Unlock()
			return r.burnt()
		}
		a := r.ch.active()
		other := a.identified[r.key]
		if other == nil {
			if a.identified == nil {
				a.identified = map[vouchers.AnswerKey]*Reservation{}
			}
			a.identified[r.key] = r
			r.ch.mu.Unlock()
			return r.recall()
		}
		if !r.repeats(other) {
			defer r.ch.mu.Unlock()
			return r.ch.refuse(ErrIdentifierConflict, "the payment that has it is in flight")
		}
		if a.waiting >= r.ledger.options.maxInFlight {
			defer r.ch.mu.Unlock()
			return r.ch.refuse(ErrTooManyInFlight, fmt.Sprintf("%d wait for one of them", a.waiting))
		}
		if err := r.wait(ctx, other, nil); err != nil {
			return err
		}
	}
}

// recall looks for the answer in the store.
func (r *Reservation) recall() error {
	answer, found, err := r.ledger.store.Answer(r.key)
	if err == nil && (!found || !r.ledger.now().Before(answer.Expires)) {
		return nil
	}
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	r.endLocked()
	switch {
	case err != nil:
		return r.ch.refuse(err, "")
	case answer.Fingerprint != r.fingerprint || answer.Ceiling != r.voucher.Ceiling:
		return r.ch.refuse(ErrIdentifierConflict, fmt.Sprintf("the payment that has it was answered; it is free again at %s", answer.Expires.UTC().Format(time.RFC3339)))
	case answer.Omitted:
		return r.ch.refuse(ErrAnswerGone, "it was too large, or the call was charged in parts and did not end")
	}
	r.reply, r.replied = answer.Body, true
	return nil
}

// repeats reports whether r is the same payment for the same request as other.
func (r *Reservation) repeats(other *Reservation) bool {
	return r.fingerprint == other.fingerprint && r.voucher.Ceiling == other.voucher.Ceiling
}

// admit takes the price out of what the channel has left, or says why not.
func (r *Reservation) admit(ctx context.Context, sig vouchers.Signature) error {
	var patience *time.Timer
	for {
		if err := r.ledger.store.Err(); err != nil {
			return &Refusal{Err: err}
		}
		r.ch.mu.Lock()
		refusal, other := r.judge()
		if refusal == nil {
			if !r.replied {
				r.enter(sig)
			}
			r.ch.mu.Unlock()
			return nil
		}
		if other == nil || r.ch.active().waiting >= r.ledger.options.maxInFlight {
			refusal.State = r.ch.snapshot()
			r.ch.mu.Unlock()
			return refusal
		}
		var out <-chan time.Time
		if !r.repeats(other) {
			if patience == nil {
				patience = time.NewTimer(r.ledger.options.patience)
				defer patience.Stop()
			}
			out = patience.C
		}
		if err := r.wait(ctx, other, out); err == errPatience {
			r.ch.mu.Lock()
			refusal.State = r.ch.snapshot()
			r.ch.mu.Unlock()
			return refusal
		} else if err != nil {
			return err
		}
	}
}

var errPatience = fmt.Errorf("patience has run out")

// wait waits for another call to end. It is called with ch.mu held and returns
// without it.
func (r *Reservation) wait(ctx context.Context, other *Reservation, out <-chan time.Time) error {
	if other.done == nil {
		other.done = make(chan struct{})
	}
	done := other.done
	a := r.ch.active()
	a.waiting++
	r.ch.mu.Unlock()
	defer func() {
		r.ch.mu.Lock()
		a.waiting--
		r.ch.mu.Unlock()
	}()
	select {
	case <-done:
		return nil
	case <-out:
		return errPatience
	case <-ctx.Done():
		return fmt.Errorf("waiting for another call of channel %s: %w", r.ch.id, context.Cause(ctx))
	}
}

// judge applies the rules, with ch.mu held. Without a refusal the call may go
// ahead, or has its answer already. A refusal comes with the call in flight whose
// end may change the verdict, if there is one.
func (r *Reservation) judge() (*Refusal, *Reservation) {
	ch, a := r.ch, r.ch.active()
	if r.isBurnt() {
		return r.judgeBurnt()
	}
	if a.frozen {
		return &Refusal{Err: ErrChannelFrozen}, nil
	}
	if a.stopped {
		return &Refusal{Err: ErrChannelStopped}, nil
	}
	ceiling := r.voucher.Ceiling
	holder := a.ceilings.holder(ceiling)
	if holder != nil && r.repeats(holder) {
		return &Refusal{Err: ErrCeilingMismatch, Detail: "the same payment is in flight"}, holder
	}
	used := a.ceilings.isUsed(ceiling)
	if used {
		if gone, known := r.replay(); known {
			return gone, nil
		}
	}
	need, ok := r.need()
	if !ok {
		return &Refusal{Err: ErrInsufficientBalance, Available: ch.balance, Detail: "the price does not fit any balance"}, nil
	}
	if refusal := r.ledger.blind(ch.terms); refusal != nil {
		return refusal, nil
	}
	if refusal := r.judgeMoney(need); refusal != nil {
		return refusal, nil
	}
	counted := need.Plus(a.offset)
	strict := a.inFlight == 0 && ceiling == counted
	if !strict && (used || counted > max(ch.ceiling, ceiling)) {
		refusal := &Refusal{Err: ErrCeilingMismatch, Required: counted, Available: ceiling}
		if ceiling == 0 && ch.claimed == 0 && r.price > 0 {
			refusal.Err = ErrCeilingBelowClaimed
			return refusal, nil
		}
		if used {
			refusal.Detail = "this ceiling has bought a call already"
		}
		if holder == nil {
			holder = a.ceilings.inFlight()
		}
		return refusal, holder
	}
	if a.inFlight >= r.ledger.options.maxInFlight {
		return &Refusal{Err: ErrTooManyInFlight, Detail: fmt.Sprintf("%d calls", a.inFlight)}, nil
	}
	return nil, nil
}

// replay ends r with the answer that the same payment without an identifier got before, or
// refuses it where it was charged in parts and has none, if either is still known.
func (r *Reservation) replay() (gone *Refusal, known bool) {
	body, known := r.ledger.recent.answer(r.callKey(), r.ledger.now())
	switch {
	case !known:
		return nil, false
	case body == nil:
		return &Refusal{Err: ErrAnswerGone, Detail: "the call was charged in parts and did not end"}, true
	}
	r.reply, r.replied = body, true
	r.endLocked()
	return nil, true
}

// need returns what must be covered once the call is in: everything charged,
// reserved and set aside, and the price.
func (r *Reservation) need() (vouchers.Amount, bool) {
	a := r.ch.busy
	sum, ok := r.ch.charged.Add(a.reserved)
	if !ok {
		return 0, false
	}
	if sum, ok = sum.Add(a.aside); !ok {
		return 0, false
	}
	return sum.Add(r.price)
}

// judgeMoney compares with what the escrow holds and has paid out.
func (r *Reservation) judgeMoney(need vouchers.Amount) *Refusal {
	ch, ceiling := r.ch, r.voucher.Ceiling
	w := ch.busy.withdrawal
	switch {
	case ceiling.Minus(ch.busy.offset) > ch.balance:
		return &Refusal{Err: ErrCeilingAboveBalance, Required: ceiling, Available: ch.balance}
	case need > ch.balance:
		return &Refusal{Err: ErrInsufficientBalance, Required: need, Available: ch.balance}
	case r.ledger.tooLate(w):
		return &Refusal{Err: ErrWithdrawalPending, Detail: leaving(w) + "; vouchers are accepted again once that is done"}
	case need > ch.balance.Minus(w.Amount):
		return &Refusal{Err: ErrWithdrawalPending, Required: need, Available: ch.balance.Minus(w.Amount), Detail: leaving(w)}
	}
	return nil
}

// tooLate reports whether a voucher accepted now might not be claimed before the
// withdrawal.
func (l *Ledger) tooLate(w vouchers.Withdrawal) bool {
	if w.FinalizeAfter == 0 {
		return false
	}
	now := uint64(max(0, l.now().Unix()))
	return w.FinalizeAfter <= now || w.FinalizeAfter-now <= l.options.withdrawMargin
}

// enter sets the price aside. A new highest voucher becomes durable with what is next
// written of the channel: with the charge that it pays for at the latest, or before it is
// published (see [Ledger.Burn]). One whose call was not charged may be forgotten by a
// restart, as if it had never come in. Called with ch.mu held.
func (r *Reservation) enter(sig vouchers.Signature) {
	ch, a := r.ch, r.ch.busy
	a.reserved += r.price
	a.inFlight++
	a.ceilings.take(r, a.inFlight)
	r.stage = reserved
	ch.trust()
	r.present(sig)
}

// present keeps the voucher of r, as the newest or below that. Called with ch.mu held.
func (r *Reservation) present(sig vouchers.Signature) {
	ch := r.ch
	ch.busy.used = r.ledger.seconds()
	if r.voucher.Ceiling <= ch.ceiling {
		ch.keep(r.voucher.Ceiling, sig)
		return
	}
	ch.climb()
	ch.ceiling = r.voucher.Ceiling
	ch.setProof(sig)
	ch.touch(ch.busy.used)
}

// submit queues the channel's record, with what else u holds. Called with ch.mu held, so that
// records are queued in the order of the states that they hold.
func (l *Ledger) submit(ch *channel, u vouchers.Update) vouchers.Ticket {
	if put, some := l.mark(ch); some {
		u.Puts = append(slices.Clip(u.Puts), put)
	}
	u.Slot = &ch.active().slot
	ch.record(&u.Record)
	return l.store.Submit(u)
}
