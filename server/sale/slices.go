package sale

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// ErrCeiling says that an answer has cost all that its payer has agreed to.
var ErrCeiling = errors.New("the call has cost all that was agreed to")

// slices charge a call while it is answered.
type slices struct {
	part func(ctx context.Context, amount vouchers.Amount) error
	size vouchers.Amount // of one, at least
	// due is what was asked for so far, and paid what is charged of it, durably.
	due, paid vouchers.Amount
	last      *receipts.Draft // of the last slice that was charged, nil if there is none
	used      bool
}

// Slices reports whether the call can be paid for while it is answered: by [Bill.Pay].
func (b *Bill) Slices() bool { return b.slices.part != nil }

// Pay makes durable that the call has cost due so far, in atomic units, before what that pays for
// leaves. Where more is due than was charged it charges a slice at least, as far as the price
// goes, so that not everything that leaves waits for the disk; what is charged stays so. It is
// for one goroutine. [ErrCeiling] is of what is due beyond the price: nothing is charged for
// that, and it must not leave. After every other error nothing must leave either.
func (b *Bill) Pay(ctx context.Context, due vouchers.Amount) error {
	s := &b.slices
	s.used = true
	if due > b.price {
		return fmt.Errorf("%w: %s", ErrCeiling, b.price)
	}
	s.due = max(s.due, due)
	if due <= s.paid || b.free != nil {
		return nil
	}
	amount := min(max(due-s.paid, s.size), b.price-s.paid)
	if err := s.part(ctx, amount); err != nil {
		return err
	}
	if s.paid == 0 {
		b.tab.settle()
	}
	s.paid += amount
	return nil
}

// slice lets the call be paid for while it is answered, where what pays can.
func (s *sale[A]) slice(h Held) {
	if !h.Slices() {
		return
	}
	s.bill.slices.size = s.offer.Slice
	s.bill.slices.part = func(ctx context.Context, amount vouchers.Amount) error {
		var of *receipts.Draft
		err := h.Part(ctx, amount, func(c ledger.Charge) (kept ledger.Kept, err error) {
			of, err = s.draft(h, &c)
			if err != nil {
				return kept, err
			}
			s.Receipts.Issue(of)
			return ledger.Kept{Entry: of.Entry}, nil
		}, nil)
		if err == nil {
			s.bill.slices.last = of
		}
		return err
	}
}

// finish ends a call that was paid for while it was answered. What it was charged, with the
// receipt of its last slice, is told after the answer.
func (s *sale[A]) finish(ctx context.Context, h Held, answer A) A {
	paid, of := &s.bill.slices, charged[A]{}
	of.amount, of.draft = paid.paid, paid.last
	var puts []vouchers.Put
	if s.bill.free != nil && paid.due > 0 {
		puts = []vouchers.Put{s.bill.free.Spend(paid.due)}
	}
	err := h.Commit(ctx, 0, nil, func(c ledger.Charge) (kept ledger.Kept, err error) {
		var receipt *receipts.Receipt
		if of.draft != nil {
			receipt = &of.draft.Receipt
		}
		told, err := h.Tell(ctx, 0, c.State, receipt)
		if err != nil {
			return kept, err
		}
		told.charges(of.amount)
		if len(puts) > 0 {
			told.Free = s.bill.free
		}
		of.notes, err = s.on.Note(told)
		return kept, err
	}, puts)
	s.bill.close(err == nil && len(puts) > 0)
	s.bill.tells(err == nil && s.bill.end == Delivered)
	if err != nil { // what was charged stays so
		s.line.trouble(ctx, slog.LevelError, "the end of a stream is not durable", slog.Any("error", err))
		s.line.End(ctx, CodeFailed, of.amount)
		return answer
	}
	return s.deliver(ctx, &of, answer, s.bill.end.Code())
}

// charges says what was charged in all.
func (t *Told) charges(sum vouchers.Amount) {
	t.Response.Extra.ChargedAmount = &sum
	if t.Short != nil {
		t.Short.Charged = sum
	}
	if t.Token != nil {
		t.Token.Charged = sum
	}
}
