package ledger

import (
	"context"
	"fmt"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// Reservation is the price of one call, set aside. Its methods are safe for
// concurrent use.
type Reservation struct {
	ledger      *Ledger
	ch          *channel
	voucher     vouchers.Voucher
	price       vouchers.Amount
	fingerprint [32]byte
	identified  bool
	key         vouchers.AnswerKey
	drawn       bool // from what is set aside for credit tokens
	restores    bool // what was charged before, by evidence (see [Ledger.Restore])
	proven      bool // the payer asks, also where the voucher is burnt
	replied     bool
	reply       []byte
	unfollow    func() bool

	// ch.mu guards what follows.
	stage stage
	again bool // the ceiling has bought another call before
	// parts is how many parts are on their way to the disk. paid is the sum of all that was
	// charged or is on its way; it changes only in the channel's turn.
	parts uint32
	paid  vouchers.Amount
	done  chan struct{} // closed when the call ends, if anybody waits for that
}

type stage uint8

const (
	entering   stage = iota // not admitted yet
	reserved                // the tool runs
	committing              // the last charge is on its way to the disk
	departing               // over, but for the parts that are on their way to the disk
	ended
)

// Charge is what a call, or a part of it, has cost. Amounts are atomic units.
type Charge struct {
	Channel vouchers.ChannelID
	// Charged is what this charge alone comes to.
	Charged vouchers.Amount
	// Cumulative is what the channel was charged over its life, up to and
	// including this. No two charges of a channel share it, unless one is 0.
	Cumulative vouchers.Amount
	// State is the channel as this charge left it: with Cumulative as what is
	// charged.
	State Channel
}

// Answer returns what the same payment was answered with before, and true; or
// false if the call is to be run.
func (r *Reservation) Answer() ([]byte, bool) { return r.reply, r.replied }

// Price returns what is set aside, in atomic units.
func (r *Reservation) Price() vouchers.Amount { return r.price }

// Kept is what becomes durable with a charge.
type Kept struct {
	// Answer is what a replay of the same payment will get; nil is nothing.
	Answer []byte
	// Entry is the charge's in the history, such as its receipt; nil is none. It has its Batch
	// once the charge is durable.
	Entry *vouchers.Entry
	// Puts are writes to the buckets of other rooms.
	Puts []vouchers.Put
}

// Commit turns the reservation into a charge of actual, which is 0 to the price less its
// parts (see [Reservation.Part]). It returns once the voucher, the charge, its entry, the puts
// and, for a payment with an identifier, the answer are durable together. With 0, and without
// parts, the voucher is free to pay for another call.
//
// answer, which may be nil, says what is kept with the charge. The answers of one
// channel are called one after another, in the order of their [Charge.Cumulative] in
// which they become durable, so they should be quick and must not come back to the
// channel's calls; and before the charge is durable, so what they make must only leave
// the process after Commit has returned without an error. Where an answer fails or
// panics the call is not charged.
//
// An error means that the answer must be withheld. If it wraps [vouchers.ErrStoreFailed],
// the charge may or may not be found after a restart; this process will not count
// it. Every other error releases the reservation: [ErrReservationEnded],
// [ErrOvercharge], [vouchers.ErrUpdate], that of the answer or of a context that has ended, or
// [ErrCeilingMismatch] if somebody else has claimed what was reserved here. Once
// the charge is submitted the context is ignored, since the disk decides.
func (r *Reservation) Commit(ctx context.Context, actual vouchers.Amount, answer func(Charge) (Kept, error), puts ...vouchers.Put) (Charge, error) {
	if err := ctx.Err(); err != nil {
		r.Release()
		return Charge{}, fmt.Errorf("commit a charge of %s: %w", actual, context.Cause(ctx))
	}
	if err := vouchers.ValidatePuts(puts); err != nil {
		r.Release()
		return Charge{}, fmt.Errorf("commit a charge of %s: %w", actual, err)
	}
	charge, body, ticket, err := r.submitInTurn(actual, true, answer, puts)
	if err != nil {
		return Charge{}, err
	}
	if ticket != nil {
		if err := ticket.Wait(context.WithoutCancel(ctx)); err != nil {
			r.fail()
			return Charge{}, fmt.Errorf("commit a charge of %s: %w", actual, err)
		}
	}
	r.settle(actual, body)
	return charge, nil
}

// submitInTurn makes the charge, the last one or a part, has it answered, and hands both
// to the store; the ticket is nil if there is nothing to make durable. The channel's
// charges take turns, so that what is durable is always a prefix of their history, and
// each answer can build on the one before.
func (r *Reservation) submitInTurn(actual vouchers.Amount, last bool, answer func(Charge) (Kept, error), puts []vouchers.Put) (Charge, []byte, vouchers.Ticket, error) {
	turn := r.turn()
	turn.Lock()
	defer turn.Unlock()
	charge, err := r.promise(actual, last)
	if err != nil {
		return Charge{}, nil, nil, err
	}
	kept, err := r.render(charge, last, answer)
	if err != nil {
		return Charge{}, nil, nil, fmt.Errorf("commit a charge of %s: %w", actual, err)
	}
	if len(kept.Puts) > 0 {
		puts = append(kept.Puts, puts...)
	}
	kept.Puts = puts
	return charge, kept.Answer, r.submit(charge, last, kept), nil
}

// turn is held by the charge of the channel that is being submitted.
func (r *Reservation) turn() *sync.Mutex {
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	return &r.ch.active().turn
}

// promise gives the charge its place in the channel's history.
func (r *Reservation) promise(actual vouchers.Amount, last bool) (Charge, error) {
	ch := r.ch
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if r.stage != reserved {
		return Charge{}, fmt.Errorf("%w: nothing to commit", ErrReservationEnded)
	}
	a := ch.busy
	var err error
	if left := r.left(); actual > left {
		err = fmt.Errorf("%w: %s of %s", ErrOvercharge, actual, left)
	} else if actual > ch.ceiling.Minus(ch.charged).Minus(a.committing) {
		err = fmt.Errorf("commit a charge of %s: %w: the channel was claimed from beyond what this ledger has charged", actual, ErrCeilingMismatch)
	}
	if err != nil {
		if last {
			r.vacate(r.left())
		}
		return Charge{}, err
	}
	r.paid += actual
	if last {
		r.stage = committing
		r.giveBack(r.left())
	} else {
		r.parts++
	}
	charge := Charge{Channel: ch.id, Charged: actual, Cumulative: ch.charged + a.committing + actual, State: ch.snapshot()}
	charge.State.Charged = charge.Cumulative
	charge.State.Reserved -= a.committing + actual
	return charge, nil
}

// left is what is reserved and neither charged nor about to be. Called with ch.mu held.
func (r *Reservation) left() vouchers.Amount { return r.price - r.paid }

// render calls answer. If that fails or panics nothing is charged.
func (r *Reservation) render(charge Charge, last bool, answer func(Charge) (Kept, error)) (kept Kept, err error) {
	if answer == nil {
		return Kept{}, nil
	}
	rendered := false
	defer func() {
		if !rendered {
			r.takeBack(charge.Charged, last)
		}
	}()
	if kept, err = answer(charge); err == nil {
		err = vouchers.ValidatePuts(kept.Puts)
	}
	rendered = err == nil
	return kept, err
}

// takeBack takes a charge back that was promised and not submitted. With the last one the
// call ends.
func (r *Reservation) takeBack(actual vouchers.Amount, last bool) {
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	r.paid -= actual
	if !last {
		r.parts--
	}
	if last || r.stage == departing {
		r.vacate(actual)
	}
}

// submit hands the charge and its answer to the store; nil if there is nothing to
// make durable.
func (r *Reservation) submit(charge Charge, last bool, kept Kept) vouchers.Ticket {
	u := vouchers.Update{Entry: kept.Entry, Puts: kept.Puts}
	if r.identified && (last || r.paid > 0) {
		u.Answer = r.keeps(r.paid, kept.Answer)
	}
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	a := r.ch.busy
	a.committing += charge.Charged
	switch {
	case r.restores:
		r.ch.trust()
	case r.drawn:
		a.drawn -= charge.Charged
		r.ch.charging(charge.Charged)
	}
	if charge.Charged == 0 && u.Answer == nil && u.Entry == nil && len(u.Puts) == 0 {
		return nil
	}
	r.ch.touch(r.ledger.seconds())
	return r.ledger.submit(r.ch, u)
}

// settle counts the last charge, which is durable.
func (r *Reservation) settle(actual vouchers.Amount, body []byte) {
	if r.unfollow != nil {
		r.unfollow()
	}
	if r.paid > 0 && body != nil && !r.identified && len(body) <= r.ledger.options.maxAnswer {
		r.ledger.recent.keep(r.callKey(), body, r.ledger.now().Add(r.ledger.options.answerTTL))
	}
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	r.count(actual)
	r.depart()
}

// count counts what is durable. Called with ch.mu held.
func (r *Reservation) count(amount vouchers.Amount) {
	ch := r.ch
	ch.charged = ch.with(amount)
	ch.busy.committing -= amount
	ch.busy.reserved -= amount
}

// fail ends a call whose charge the store could not make durable. What was
// reserved stays reserved and is never counted as charged: nothing is accepted
// any more, and nothing is claimed for it.
func (r *Reservation) fail() {
	if r.unfollow != nil {
		r.unfollow()
	}
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	r.ch.busy.inFlight--
	r.endLocked()
}

// Release ends the call without a charge, and frees its voucher; where parts of its price
// were charged they stay so, and it gives back the rest. It does nothing if the call has
// ended, and never waits for the disk.
func (r *Reservation) Release() {
	if r.unfollow != nil {
		r.unfollow()
	}
	r.expire()
}

func (r *Reservation) expire() {
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	switch r.stage {
	case entering:
		r.endLocked()
	case reserved:
		r.vacate(r.left())
	}
}

// vacate gives back what is still reserved for a call that is not charged for it, and ends
// it. Where parts were charged that is remembered, so that its payment does not begin
// again. Called with ch.mu held.
func (r *Reservation) vacate(held vouchers.Amount) {
	if r.paid > 0 && !r.identified && !r.drawn {
		r.ledger.recent.keep(r.callKey(), nil, r.ledger.now().Add(r.ledger.options.answerTTL))
	}
	r.giveBack(held)
	r.depart()
}

// giveBack is called with ch.mu held.
func (r *Reservation) giveBack(held vouchers.Amount) {
	a := r.ch.busy
	a.reserved -= held
	if r.drawn {
		a.drawn -= held
		a.aside += held
	}
	r.ch.level()
}

// depart ends the call, or leaves that to the last of its parts that are on their way to the
// disk. Called with ch.mu held.
func (r *Reservation) depart() {
	if r.parts > 0 {
		r.stage = departing
		return
	}
	a := r.ch.busy
	a.inFlight--
	switch {
	case r.drawn, r.restores:
	case r.paid == 0:
		a.ceilings.free(r)
	default:
		a.ceilings.spend(r)
	}
	r.endLocked()
}

// endLocked is called with ch.mu held.
func (r *Reservation) endLocked() {
	r.stage = ended
	if r.identified && r.ch.busy.identified[r.key] == r {
		delete(r.ch.busy.identified, r.key)
	}
	if a := r.ch.busy; a != nil && a.restoring == r {
		a.restoring = nil
	}
	if r.done != nil {
		close(r.done)
		r.done = nil
	}
}

// follow releases the reservation when ctx ends.
func (r *Reservation) follow(ctx context.Context) {
	if ctx.Done() != nil && !r.replied {
		r.unfollow = context.AfterFunc(ctx, r.expire)
	}
}

// callKey names the payment without an identifier.
func (r *Reservation) callKey() callKey { return callKey{r.voucher, r.fingerprint} }

func (r *Reservation) orNil(err error) (*Reservation, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}
