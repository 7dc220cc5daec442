package ledger

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// Part charges amount, a part of the price, by the rules of [Reservation.Commit], with an
// answer and puts of its own. The rest stays reserved, and the call in flight. All parts and
// the charge of Commit are together at most the price.
//
// A part that was charged stays charged, whatever comes after it: Release gives back only the
// rest, and the voucher has bought this call. The same payment again waits for the end of
// the call, and gets the answer of Commit. If there was no Commit, since the call was
// released or the process has ended, the payment is neither run nor charged again: with an
// identifier it gets the answer that its last part kept, or [ErrAnswerGone] if that was nil.
// Without one it is refused with [ErrAnswerGone] for as long as this process would have kept
// an answer, and as one whose ceiling has bought a call after that.
//
// An error means that what the part pays for must be withheld. After one that wraps
// [vouchers.ErrStoreFailed] the part may or may not be found after a restart, and this
// process will not count it. After every other the reservation is as it was before.
func (r *Reservation) Part(ctx context.Context, amount vouchers.Amount, answer func(Charge) (Kept, error), puts ...vouchers.Put) (Charge, error) {
	if err := ctx.Err(); err != nil {
		return Charge{}, fmt.Errorf("charge a part of %s: %w", amount, context.Cause(ctx))
	}
	if err := vouchers.ValidatePuts(puts); err != nil {
		return Charge{}, fmt.Errorf("charge a part of %s: %w", amount, err)
	}
	charge, _, ticket, err := r.submitInTurn(amount, false, answer, puts)
	if err != nil {
		return Charge{}, err
	}
	if ticket != nil {
		err = ticket.Wait(context.WithoutCancel(ctx))
	}
	r.settlePart(amount, err == nil)
	if err != nil {
		return Charge{}, fmt.Errorf("charge a part of %s: %w", amount, err)
	}
	return charge, nil
}

// settlePart counts a part if it is durable. Otherwise what was reserved for it stays
// reserved, as [Reservation.fail] has it. It ends a call that is over but for it.
func (r *Reservation) settlePart(amount vouchers.Amount, durable bool) {
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	if durable {
		r.count(amount)
	}
	r.parts--
	if r.stage == departing {
		r.depart()
	}
}
