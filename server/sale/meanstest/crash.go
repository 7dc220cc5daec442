package meanstest

import "sync"

// survivesCrashes ends a sale at each of its steps. The payer has the money of two calls, so
// that one that is lost, or charged twice, is missed by the second.
func survivesCrashes(tr *trial) {
	for _, when := range allSteps {
		tr.part(string(when), func(tr *trial) {
			p := tr.open(goods{})
			payer := tr.payer(p, 2*Price)
			payment := payer.Pay(tr, Price)
			var left string
			crash := sync.OnceFunc(func() { left = p.copyStore(tr) })
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
