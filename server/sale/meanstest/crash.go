package meanstest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/server/shoptest"
)

// survivesCrashes ends a sale at each of its steps. The payer has the money of two calls, so
// that one that is lost, or charged twice, is missed by the second.
func survivesCrashes(tr *trial) {
	for _, when := range allSteps {
		tr.part(string(when), func(tr *trial) {
			p := tr.open(goods{})
			payer := tr.payer(p, 2*Price)
			payment := payer.Pay(tr, Price)
			var left string
			crash := sync.OnceFunc(func() { left = shoptest.Copy(tr, p.Shop) })
			p.steps.tells(func(now step) {
				if now == when {
					crash()
				}
			})
			first := tr.buys(p, "a", payment, Price)
			if when == atAnswer {
				crash()
			}
			p = p.again(tr.T, left)
			if !when.isDurable() {
				p.stands(payer, 0, 0)
				tr.buys(p, "a", payment, Price)
				p.stands(payer, Price, 1)
			} else {
				p.stands(payer, Price, 0)
				if tr.keeps(AnswersAfterStop) {
					tr.repeats(p, "a", payment, first)
				}
				p.stands(payer, Price, 0)
			}
			runs := p.runs.Load()
			tr.buys(p, "b", payer.Pay(tr, Price), Price)
			p.stands(payer, 2*Price, runs+1)
			tr.ends(p, "c", payer.Pay(tr, Price), refused)
		})
	}
}

// survivesCrowdedCrashes ends the process while calls are in flight, of which some are charged.
// Each is then made again: by the same payment, or anew where that is not taken any more.
func survivesCrowdedCrashes(tr *trial) {
	const calls, before = 12, 5
	p := tr.open(goods{})
	payer := tr.payer(p, 2*calls*Price)
	payments := make([]Payment, calls)
	for n := range payments {
		payments[n] = payer.Pay(tr, Price)
	}
	var left string
	var charges atomic.Int64
	p.steps.tells(func(now step) {
		if now == atCharge && charges.Add(1) == before {
			left = shoptest.Copy(tr, p.Shop)
		}
	})
	var all sync.WaitGroup
	for n, payment := range payments {
		all.Go(func() { tr.buys(p, fmt.Sprintf("call %d", n), payment, Price) })
	}
	all.Wait()
	p = p.again(tr.T, left)
	kept := payer.Charged(tr, p.Shop)
	if kept < before*Price || kept%Price != 0 {
		tr.Errorf("%s are charged after %d calls of %s were", kept, before, Price)
	}
	p.stands(payer, kept, 0)
	if !tr.keeps(AnswersAfterStop) {
		return
	}
	for n, payment := range payments {
		text := fmt.Sprintf("call %d", n)
		if got := tr.send(p, text, payment); got.ending == refused {
			tr.buys(p, text, payer.Pay(tr, Price), Price)
		} else if got.ending != delivered {
			tr.Errorf("%q again is answered %s", text, got)
		}
	}
	p.stands(payer, calls*Price, calls-int64(kept/Price))
}
