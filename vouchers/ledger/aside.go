package ledger

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// SetAside turns the reservation into money for credit tokens: the whole price
// leaves what vouchers can spend, and can be drawn from with [Ledger.Draw]. It is
// durable on return, together with the puts. The voucher has bought this, and
// nothing else. Errors are those of Commit. It does nothing after a part was charged, and
// answers [ErrReservationEnded].
func (r *Reservation) SetAside(ctx context.Context, puts ...vouchers.Put) error {
	if err := ctx.Err(); err != nil {
		r.Release()
		return fmt.Errorf("set %s aside: %w", r.price, context.Cause(ctx))
	}
	if err := vouchers.ValidatePuts(puts); err != nil {
		r.Release()
		return fmt.Errorf("set %s aside: %w", r.price, err)
	}
	ticket, err := r.moveAside(puts)
	if err != nil {
		return err
	}
	if r.unfollow != nil {
		r.unfollow()
	}
	if err := ticket.Wait(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("set %s aside: %w", r.price, err)
	}
	return nil
}

func (r *Reservation) moveAside(puts []vouchers.Put) (vouchers.Ticket, error) {
	r.ch.mu.Lock()
	defer r.ch.mu.Unlock()
	if r.stage != reserved || r.drawn || r.paid > 0 {
		return nil, fmt.Errorf("%w: nothing to set aside", ErrReservationEnded)
	}
	a := r.ch.busy
	a.reserved -= r.price
	a.aside += r.price
	a.inFlight--
	a.ceilings.spend(r)
	r.endLocked()
	r.ch.touch(r.ledger.seconds())
	return r.ledger.submit(r.ch, vouchers.Update{Puts: puts}), nil
}

// Draw reserves price (atomic units) for one call out of what is set aside for
// credit tokens. What its Commit does not charge goes back there. The error is a
// [*Refusal].
func (l *Ledger) Draw(ctx context.Context, id vouchers.ChannelID, price vouchers.Amount) (*Reservation, error) {
	if err := l.store.Err(); err != nil {
		return nil, &Refusal{Err: err}
	}
	ch := l.index.find(&id)
	if ch == nil {
		return nil, &Refusal{Err: ErrChannelNotFound, Detail: id.Hex()}
	}
	r := &Reservation{ledger: l, ch: ch, drawn: true}
	if err := r.Draw(ctx, price); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reservation) draw(price vouchers.Amount) *Refusal {
	ch := r.ch
	ch.mu.Lock()
	defer ch.mu.Unlock()
	a := ch.active()
	if r.stage != entering || !r.drawn {
		return ch.refuse(ErrReservationEnded, "nothing to draw for")
	}
	r.price = price
	if refusal := r.ledger.blind(ch.terms); refusal != nil {
		return refusal
	}
	left := ch.balance.Minus(a.withdrawal.Amount)
	switch {
	case a.frozen:
		return ch.refuse(ErrChannelFrozen, "")
	case a.stopped:
		return ch.refuse(ErrChannelStopped, "")
	case r.price > a.aside:
		refusal := ch.refuse(ErrInsufficientBalance, "set aside for credit tokens")
		refusal.Required, refusal.Available = r.price, a.aside
		return refusal
	case r.price > ch.balance.Minus(ch.charged).Minus(a.reserved):
		refusal := ch.refuse(ErrInsufficientBalance, "what the channel holds does not cover what is set aside for credit tokens")
		refusal.Required, refusal.Available = r.price, ch.balance.Minus(ch.charged).Minus(a.reserved)
		return refusal
	case r.ledger.tooLate(a.withdrawal), r.price > left.Minus(ch.charged).Minus(a.reserved):
		return ch.refuse(ErrWithdrawalPending, leaving(a.withdrawal))
	case r.price > ch.ceiling.Minus(ch.charged).Minus(a.reserved):
		return ch.refuse(ErrCeilingMismatch, "the channel was claimed from beyond what this ledger has charged")
	case a.inFlight >= r.ledger.options.maxInFlight:
		return ch.refuse(ErrTooManyInFlight, fmt.Sprintf("%d calls", a.inFlight))
	}
	a.aside -= r.price
	a.drawn += r.price
	a.reserved += r.price
	a.inFlight++
	r.stage = reserved
	return nil
}

// GiveBack returns up to amount (atomic units) of what is set aside for credit
// tokens to what vouchers can spend, as when a token ends. It is durable on
// return, together with the puts. [ErrChannelNotFound] if the channel is not known.
func (l *Ledger) GiveBack(ctx context.Context, id vouchers.ChannelID, amount vouchers.Amount, puts ...vouchers.Put) error {
	ch := l.index.find(&id)
	if ch == nil {
		return fmt.Errorf("give back %s to channel %s: %w", amount, id, ErrChannelNotFound)
	}
	if err := vouchers.ValidatePuts(puts); err != nil {
		return fmt.Errorf("give back %s to channel %s: %w", amount, id, err)
	}
	ch.mu.Lock()
	a := ch.active()
	a.aside = a.aside.Minus(amount)
	ch.level()
	ch.touch(l.seconds())
	ticket := l.submit(ch, vouchers.Update{Puts: puts})
	ch.mu.Unlock()
	if err := ticket.Wait(ctx); err != nil {
		return fmt.Errorf("give back %s to channel %s: %w", amount, id, err)
	}
	return nil
}
