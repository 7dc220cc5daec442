package ledger_test

import (
	"context"
	"errors"
	"slices"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// bound is a payment whose identifier has an answer, or "" for one that is gone.
type bound struct {
	payment ledger.Payment
	answer  string
}

// part charges a part of a call, or more than is left, or one whose answer fails.
func (w *walk) part(rt *rapid.T) {
	f := w.flying(rt)
	amount := rapid.SampledFrom([]vouchers.Amount{0, f.left(), f.left() + 1, amountUpTo(rt, f.left(), "any")}).Draw(rt, "amount")
	kept, fails := rapid.SampledFrom([]string{"", "so far"}).Draw(rt, "kept"), rapid.IntRange(0, 5).Draw(rt, "fails") == 0
	charge, err := f.r.Part(context.Background(), amount, func(ledger.Charge) (ledger.Kept, error) {
		switch {
		case fails:
			return ledger.Kept{}, errNoAnswer
		case kept == "":
			return ledger.Kept{}, nil
		}
		return ledger.Kept{Answer: []byte(kept)}, nil
	})
	switch {
	case amount > f.left():
		if !errors.Is(err, ledger.ErrOvercharge) {
			rt.Fatalf("a part of %d of %d: %v", amount, f.left(), err)
		}
		return
	case fails:
		if !errors.Is(err, errNoAnswer) {
			rt.Fatalf("a part without an answer: %v", err)
		}
		return
	case err != nil:
		rt.Fatal(err)
	}
	w.charged += amount
	if f.paid += amount; f.paid > 0 {
		f.kept = kept
	}
	w.buys(f)
	if charge.Charged != amount || charge.Cumulative != w.charged || charge.State.Charged != w.charged || charge.State.Reserved != w.reserved() {
		rt.Fatalf("the charge of a part %+v", charge)
	}
}

var errNoAnswer = errors.New("no answer")

// breaksOff notes what the payment of a call has a right to that ended without a commit.
func (w *walk) breaksOff(f *flight) {
	switch {
	case f.drawn || f.paid == 0:
	case f.payment.Identifier == "":
		w.broken = append(w.broken, f.payment)
	default:
		w.bound = append(w.bound, bound{f.payment, f.kept})
	}
}

// replayBound sends a payment with an identifier once more that was charged: in this process
// or an earlier one, by a commit or in parts alone.
func (w *walk) replayBound(rt *rapid.T) {
	b := rapid.SampledFrom(w.bound).Draw(rt, "payment")
	r, err := w.shop.Reserve(context.Background(), b.payment)
	switch {
	case b.payment.Voucher.Ceiling <= w.burnt:
		if !errors.Is(err, ledger.ErrCeilingBurnt) && !errors.Is(err, ledger.ErrCeilingBelowClaimed) {
			rt.Fatalf("a burnt payment is answered %v", err)
		}
	case b.answer == "":
		if !errors.Is(err, ledger.ErrAnswerGone) {
			rt.Fatalf("replay of %s, which broke off: %v", b.payment.Identifier, err)
		}
	case err != nil:
		rt.Fatalf("replay of %s: %v", b.payment.Identifier, err)
	default:
		if body, replied := r.Answer(); !replied || string(body) != b.answer {
			rt.Fatalf("replay of %s: %q, %t, want %q", b.payment.Identifier, body, replied, b.answer)
		}
	}
}

// replayBroken sends a payment without an identifier once more whose call was charged in
// parts and broke off in this process.
func (w *walk) replayBroken(rt *rapid.T) {
	payment := rapid.SampledFrom(w.broken).Draw(rt, "payment")
	if slices.ContainsFunc(w.flights, func(f *flight) bool { return !f.drawn && f.payment.Voucher == payment.Voucher }) {
		rt.Skip("another call has taken its ceiling")
	}
	want := ledger.ErrAnswerGone
	if payment.Voucher.Ceiling <= w.burnt {
		want = ledger.ErrCeilingBurnt
		if payment.Voucher.Ceiling <= w.claimed {
			want = ledger.ErrCeilingBelowClaimed
		}
	}
	if _, err := w.shop.Reserve(context.Background(), payment); !errors.Is(err, want) {
		rt.Fatalf("replay of ceiling %d, which broke off: %v, want %v", payment.Voucher.Ceiling, err, want)
	}
}
