package meanstest

import (
	"context"
	"sync"
)

// repeats makes a call again, which must be answered as it was.
func (tr *trial) repeats(at *Place, text string, with Payment, first reply) {
	tr.Helper()
	again := tr.send(at, text, with)
	if again.ending != first.ending || again.said != first.said || again.charged == nil || first.charged == nil || *again.charged != *first.charged {
		tr.Errorf("%q again is answered %v with a receipt of %v, first %v with %v", clipped(text), again, again.charged, first, first.charged)
	}
}

func answersAgain(tr *trial) {
	p := tr.open(goods{})
	payer := tr.payer(p, 2*Price)
	payment, next := payer.Pay(tr, Price), payer.Pay(tr, Price)
	first := tr.buys(p, "a", payment, Price)
	tr.repeats(p, "a", payment, first)
	second := tr.buys(p, "b", next, Price)
	tr.repeats(p, "a", payment, first)
	tr.repeats(p, "b", next, second)
	p.stands(payer, 2*Price, 2)
}

func answersAfterStop(tr *trial) {
	p := tr.open(goods{})
	payer := tr.payer(p, Price)
	payment := payer.Pay(tr, Price)
	first := tr.buys(p, "a", payment, Price)
	p = p.again(tr.T, p.options.Store)
	tr.repeats(p, "a", payment, first)
	p.stands(payer, Price, 0)
}

func answersDearer(tr *trial) {
	p := tr.open(goods{})
	payer := tr.payer(p, 3*Price)
	payment := payer.Pay(tr, Price)
	first := tr.buys(p, "a", payment, Price)
	p.reprice(2 * Price)
	tr.repeats(p, "a", payment, first)
	p.stands(payer, Price, 1)
	tr.buys(p, "b", payer.Pay(tr, 2*Price), 2*Price)
	p.stands(payer, 3*Price, 2)
}

func answersAllAlike(tr *trial) {
	const copies = 8
	started, finish := make(chan struct{}), make(chan struct{})
	p := tr.open(goods{do: func(_ context.Context, text string) (string, error) {
		close(started) // a second run panics, and fails the call
		<-finish
		return text, nil
	}})
	payer := tr.payer(p, Price)
	payment := payer.Pay(tr, Price)
	var all sync.WaitGroup
	for range copies {
		all.Go(func() { tr.buys(p, "a", payment, Price) })
	}
	<-started
	close(finish)
	all.Wait()
	p.stands(payer, Price, 1)
}

func refusesAnother(tr *trial) {
	p := tr.open(goods{})
	payer := tr.payer(p, 3*Price)
	payment := payer.Pay(tr, Price)
	tr.buys(p, "a", payment, Price)
	tr.ends(p, "b", payment, refused)
	p.stands(payer, Price, 1)
	tr.buys(p, "b", payer.Pay(tr, Price), Price)
	tr.ends(p, "c", payment, refused)
	p.stands(payer, 2*Price, 2)
}

func refusesForgeries(tr *trial) {
	p := tr.open(goods{})
	payer := tr.payer(p, 2*Price)
	payment := payer.Pay(tr, Price)
	tr.ends(p, "a", payer.Forge(tr, Price), refused)
	tr.ends(p, "a", nil, refused)
	p.stands(payer, 0, 0)
	tr.buys(p, "a", payment, Price)
	p.stands(payer, Price, 1)
}
