package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

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
	proven      bool // the payer asks, also where the voucher is burnt
	reply       []byte
	replied     bool
	unfollow    func() bool

	// ch.mu guards what follows.
	stage stage
	again bool          // the ceiling has bought another call before
	done  chan struct{} // closed when the call ends, if anybody waits for that
}

type stage uint8

const (
	entering   stage = iota // not admitted yet
	reserved                // the tool runs
	committing              // the charge is on its way to the disk
	ended
)

// Charge is what a call has cost. Amounts are atomic units.
type Charge struct {
	Channel vouchers.ChannelID
	// Charged is what this call has cost.
	Charged vouchers.Amount
	// Cumulative is what the channel was charged over its life, up to and
	// including this call. No two charges of a channel share it, unless one is 0.
	Cumulative vouchers.Amount
	// State is the channel as this call left it: with Cumulative as what is
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
	// Puts are writes to the buckets of other rooms, such as a receipt.
	Puts []vouchers.Put
}

// Commit turns the reservation into a charge of actual, which is 0 to the price.
// It returns once the voucher, the charge, the puts and, for a payment with an
// identifier, the answer are durable together. With 0 the voucher is free to pay
// for another call.
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
	if actual > r.price {
		r.Release()
		return Charge{}, fmt.Errorf("%w: %s of %s", ErrOvercharge, actual, r.price)
	}
	if err := vouchers.ValidatePuts(puts); err != nil {
		r.Release()
		return Charge{}, fmt.Errorf("commit a charge of %s: %w", actual, err)
	}
	charge, kept, ticket, err := r.submitInTurn(actual, answer, puts)
	if err != nil {
		return Charge{}, err
	}
	if ticket != nil {
		if err := ticket.Wait(context.WithoutCancel(ctx)); err != nil {
			r.fail()
			return Charge{}, fmt.Errorf("commit a charge of %s: %w", actual, err)
		}
	}
	r.settle(actual, kept)
	return charge, nil
}

// submitInTurn makes the charge, has it answered, and hands both to the store; the
// ticket is nil if there is nothing to make durable. The channel's charges take turns,
// so that what is durable is always a prefix of their history, and each answer can
// build on the one before.
func (r *Reservation) submitInTurn(actual vouchers.Amount, answer func(Charge) (Kept, error), puts []vouchers.Put) (Charge, []byte, vouchers.Ticket, error) {
	turn := r.turn()
	turn.Lock()
	defer turn.Unlock()
	charge, err := r.promise(actual)
	if err != nil {
		return Charge{}, nil, nil, err
	}
	kept, err := r.render(charge, answer)
	if err != nil {
		return Charge{}, nil, nil, fmt.Errorf("commit a charge of %s: %w", actual, err)
	}
	if len(kept.Puts) > 0 {
		puts = append(kept.Puts, puts...)
	}
	return charge, kept.Answer, r.submit(charge, kept.Answer, puts), nil
}

// turn is held by the charge of the channel that is being submitted.
func (r *Reservation) turn() *sync.Mutex {
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	return &r.ch.active().turn
}

// promise gives the charge its place in the channel's history.
func (r *Reservation) promise(actual vouchers.Amount) (Charge, error) {
	ch := r.ch
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if r.stage != reserved {
		return Charge{}, fmt.Errorf("%w: nothing to commit", ErrReservationEnded)
	}
	a := ch.busy
	if actual > ch.ceiling.Minus(ch.charged).Minus(a.committing) {
		r.vacate(r.price)
		return Charge{}, fmt.Errorf("commit a charge of %s: %w: the channel was claimed from beyond what this ledger has charged", actual, ErrCeilingMismatch)
	}
	r.stage = committing
	if r.drawn {
		a.drawn -= r.price - actual
		a.aside += r.price - actual
	}
	a.reserved -= r.price - actual
	ch.level()
	charge := Charge{Channel: ch.id, Charged: actual, Cumulative: ch.charged + a.committing + actual, State: ch.snapshot()}
	charge.State.Charged = charge.Cumulative
	charge.State.Reserved -= a.committing + actual
	return charge, nil
}

// render calls answer. If that fails or panics the call is not charged.
func (r *Reservation) render(charge Charge, answer func(Charge) (Kept, error)) (kept Kept, err error) {
	if answer == nil {
		return Kept{}, nil
	}
	rendered := false
	defer func() {
		if !rendered {
			r.takeBack(charge.Charged)
		}
	}()
	if kept, err = answer(charge); err == nil {
		err = vouchers.ValidatePuts(kept.Puts)
	}
	rendered = err == nil
	return kept, err
}

// takeBack ends a call whose charge was promised and not submitted.
func (r *Reservation) takeBack(actual vouchers.Amount) {
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	r.vacate(actual)
}

// submit hands the charge and its answer to the store; nil if there is nothing to
// make durable.
func (r *Reservation) submit(charge Charge, body []byte, puts []vouchers.Put) vouchers.Ticket {
	var kept *vouchers.Answer
	if r.identified {
		kept = r.keeps(charge.Charged, body)
	}
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	a := r.ch.busy
	a.committing += charge.Charged
	if r.drawn {
		a.drawn -= charge.Charged
	}
	if charge.Charged == 0 && kept == nil && len(puts) == 0 {
		return nil
	}
	r.ch.touch(r.ledger.seconds())
	return r.ledger.submit(r.ch, kept, puts)
}

// What a call that cost nothing was answered with is kept for so long at most, and if it
// has so many bytes at most: nobody has paid for the disk.
const (
	freeAnswerTTL = 10 * time.Minute
	maxFreeAnswer = 64 << 10
)

// keeps is the answer as the store keeps it for a replay.
func (r *Reservation) keeps(charged vouchers.Amount, body []byte) *vouchers.Answer {
	ttl, most := r.ledger.options.answerTTL, r.ledger.options.maxAnswer
	if charged == 0 {
		ttl, most = min(ttl, freeAnswerTTL), min(most, maxFreeAnswer)
	}
	kept := &vouchers.Answer{Key: r.key, Fingerprint: r.fingerprint, Ceiling: r.voucher.Ceiling, Expires: r.ledger.now().Add(ttl)}
	if kept.Omitted = body == nil || len(body) > most; !kept.Omitted {
		kept.Body = body
	}
	return kept
}

// settle counts a charge that is durable.
func (r *Reservation) settle(actual vouchers.Amount, body []byte) {
	if r.unfollow != nil {
		r.unfollow()
	}
	if actual > 0 && body != nil && !r.identified && len(body) <= r.ledger.options.maxAnswer {
		r.ledger.recent.keep(r.callKey(), body, r.ledger.now().Add(r.ledger.options.answerTTL))
	}
	ch := r.ch
	ch.mu.Lock()
	defer ch.mu.Unlock()
	a := ch.busy
	ch.charged = ch.with(actual)
	a.committing -= actual
	a.reserved -= actual
	a.inFlight--
	if actual == 0 {
		a.ceilings.free(r)
	} else {
		a.ceilings.spend(r)
	}
	r.endLocked()
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

// Release ends the call without a charge, and frees its voucher. It does nothing
// if the call has ended, and never waits for the disk.
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
		r.vacate(r.price)
	}
}

// vacate gives back what is still reserved for a call that is not charged, and
// ends it. Called with ch.mu held.
func (r *Reservation) vacate(held vouchers.Amount) {
	a := r.ch.busy
	a.reserved -= held
	a.inFlight--
	if r.drawn {
		a.drawn -= held
		a.aside += held
	} else {
		a.ceilings.free(r)
	}
	r.ch.level()
	r.endLocked()
}

// endLocked is called with ch.mu held.
func (r *Reservation) endLocked() {
	r.stage = ended
	if r.identified && r.ch.busy.identified[r.key] == r {
		delete(r.ch.busy.identified, r.key)
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
