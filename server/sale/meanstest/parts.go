package meanstest

import (
	"context"
	"errors"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

var errBroken = errors.New("the call breaks off before its end is charged")

// inParts charges what the steps say in parts, each with the receipt and the answer of the
// whole, and returns what is left for Commit. Of one part alone nothing follows.
func (h *watchedHeld) inParts(ctx context.Context, total vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error)) (left vouchers.Amount, err error) {
	n := vouchers.Amount(h.steps.parts.Load())
	if n == 0 {
		return total, nil
	}
	for left = total; left > total-total/4*n; left -= total / 4 {
		if err := h.Held.Part(ctx, total/4, render, nil); err != nil {
			return 0, err
		}
	}
	if err := h.Held.Part(ctx, left+1, render, nil); !errors.Is(err, ledger.ErrOvercharge) {
		return 0, errors.Join(errors.New("a part of more than is left was charged"), err)
	}
	if n == 1 {
		return 0, errBroken
	}
	return left, nil
}

func chargesInParts(tr *trial) {
	tr.part("to the end", func(tr *trial) {
		for _, parts := range []int32{2, 4} {
			p := tr.open(goods{})
			payer := tr.payer(p, Price)
			payment := payer.Pay(tr, Price)
			p.steps.parts.Store(parts)
			first := tr.ends(p, "a", payment, delivered)
			p.stands(payer, Price, 1)
			if tr.keeps(AnswersAgain) {
				if again := tr.ends(p, "a", payment, delivered); again.said != first.said {
					tr.Errorf("the same again is answered %s", again)
				}
				p.stands(payer, Price, 1)
			}
		}
	})
	tr.part("and breaks off", func(tr *trial) {
		p := tr.open(goods{})
		payer := tr.payer(p, 2*Price)
		payment := payer.Pay(tr, Price)
		p.steps.parts.Store(1)
		tr.ends(p, "a", payment, failed)
		p.stands(payer, Price/4, 1)
		if tr.keeps(AnswersAgain) {
			tr.send(p, "a", payment) // what the part kept, or a refusal
			p.stands(payer, Price/4, 1)
			p = p.again(tr.T, p.options.Store)
			tr.send(p, "a", payment)
			p.stands(payer, Price/4, 0)
		}
		p.steps.parts.Store(0)
		runs := p.runs.Load()
		tr.buys(p, "b", payer.Pay(tr, Price), Price)
		p.stands(payer, Price/4+Price, runs+1)
	})
}
