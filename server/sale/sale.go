package sale

import (
	"context"
	"errors"
	"time"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// sale is one call that is paid for.
type sale[A any] struct {
	*Register

	line  *Line
	offer *offer.Offer
	by    Means
	on    Carrier[A]
	bill  *Bill // once the call runs
}

// Run sells one call. How it is paid for is its means, and how it is asked for and answered
// its carrier. What is paid, run, charged, kept and given again, and in which order, stands
// here alone.
//
// The price is held before the call runs, and charged after it, durably, before its answer
// leaves. A call that fails, or whose client goes away, costs nothing unless the seller
// says so; one whose charge cannot be made durable has its answer withheld.
func Run[A any](ctx context.Context, l *Line, o *offer.Offer, by Means, on Carrier[A]) A {
	s := &sale[A]{Register: l.register, line: l, offer: o, by: by, on: on}
	return s.run(ctx)
}

func (s *sale[A]) run(ctx context.Context) A {
	until, untie := untied(ctx)
	defer untie()
	held, kept, no := s.by.Hold(until, s.on.Request())
	if no != nil {
		return s.on.Refuse(ctx, no)
	}
	s.Observe(s.line.Name, time.Since(s.line.began))
	if kept != nil {
		return s.replay(ctx, kept)
	}
	defer held.Release()
	if sold := held.Ran(); sold != nil {
		return s.resume(ctx, held, sold)
	}
	tab, many := s.opens(held.Customer(), s.line.Name, s.offer)
	if many != nil {
		held.Release()
		return s.on.Refuse(ctx, s.by.Busy(ctx, many))
	}
	defer tab.close()
	untie()
	s.bill = s.openBill(s.line, s.offer, held.Customer())
	s.bill.tab = tab
	s.slice(held)
	defer s.bill.close(false)
	defer s.bill.tells(false)
	answer, end := s.on.Serve(ctx, s.bill)
	s.bill.end = end
	if s.bill.slices.used {
		return s.finish(context.WithoutCancel(ctx), held, answer)
	}
	if end.isCharged(s.offer) {
		if sold, ok := s.on.Sells(end, answer); ok {
			return s.charge(context.WithoutCancel(ctx), held, sold)
		}
	}
	held.Release()
	if end == Unfinished {
		tab.goOn()
	}
	s.line.End(ctx, end.Code(), 0)
	s.sayUncharged(ctx, held, answer)
	return answer
}

// charge makes the charge durable, then lets the answer out with its receipt.
func (s *sale[A]) charge(ctx context.Context, h Held, answer A) A {
	var sold []byte
	if h.Keeps() {
		var err error
		if sold, err = s.on.Pack(answer); err != nil {
			return s.on.Break(err)
		}
	}
	total, puts := s.bill.total(ctx)
	of, err := s.commit(ctx, h, total, sold, puts)
	s.bill.close(err == nil)
	s.bill.settle(total, err)
	if err != nil {
		return s.uncommitted(ctx, h, err)
	}
	return s.deliver(ctx, &of, answer, s.bill.end.Code())
}

func (s *sale[A]) commit(ctx context.Context, h Held, total vouchers.Amount, sold []byte, puts []vouchers.Put) (of charged[A], err error) {
	err = h.Commit(ctx, total, sold, func(c ledger.Charge) (kept ledger.Kept, err error) {
		kept, of, err = s.keep(ctx, h, &c, sold)
		return kept, err
	}, puts)
	return of, err
}

// uncommitted answers in the place of what was not paid for.
func (s *sale[A]) uncommitted(ctx context.Context, h Held, err error) A {
	if no, ok := errors.AsType[*Denied](err); ok {
		return s.on.Refuse(ctx, no.Denial)
	}
	s.line.withheld(ctx, err)
	return s.on.Withhold(h.Advice())
}

func (s *sale[A]) deliver(ctx context.Context, of *charged[A], answer A, code string) A {
	s.line.End(ctx, code, of.amount)
	if err := of.into(s.on, answer); err != nil { // it is in the history all the same
		s.Logger.Error("sign the receipt of an answer", s.line.kind, s.line.Name, "error", err)
	}
	return answer
}

// resume charges a call that has run before, and lets its answer out.
func (s *sale[A]) resume(ctx context.Context, h Held, sold []byte) A {
	answer, err := s.on.Unpack(unnoted(sold))
	if err != nil {
		return s.on.Break(err)
	}
	ctx = context.WithoutCancel(ctx)
	of, err := s.commit(ctx, h, s.line.Price, sold, nil)
	if err != nil {
		return s.uncommitted(ctx, h, err)
	}
	return s.deliver(ctx, &of, answer, codeRepeated)
}

// sayUncharged says on an answer that it cost nothing.
func (s *sale[A]) sayUncharged(ctx context.Context, h Held, answer A) {
	state, known := s.Ledger.Channel(h.Customer().Channel)
	if !known {
		return
	}
	told, err := h.Tell(ctx, 0, state, nil)
	var notes Added[A]
	if err == nil {
		notes, err = s.on.Note(told)
	}
	if err != nil {
		s.Logger.Error("encode what a failed call says of its payment", s.line.kind, s.line.Name, "error", err)
		return
	}
	notes.Into(answer)
}

// replay answers with what the same payment for the same request was answered with.
func (s *sale[A]) replay(ctx context.Context, kept []byte) A {
	receipt, kept, err := s.receiptOf(ctx, kept)
	if err != nil {
		return s.on.Break(err)
	}
	answer, err := s.on.Unpack(kept)
	if err == nil && receipt != nil {
		err = s.on.NoteReceipt(answer, receipt)
	}
	if err != nil {
		return s.on.Break(err)
	}
	s.line.End(ctx, codeRepeated, 0)
	return answer
}
