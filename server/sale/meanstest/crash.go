package meanstest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/server/shoptest"
)

// crash is a moment at which the process ends, and what it leaves.
type crash struct {
	tr    *trial
	place *Place
	store string
	back  func() // puts the chain back; nil where nothing is to be
}

func (tr *trial) crash(p *Place) *crash { return &crash{tr: tr, place: p} }

func (c *crash) take() {
	c.store = shoptest.Copy(c.tr, c.place.Shop)
	if c.tr.subject.Snap != nil {
		c.back = c.tr.subject.Snap(c.tr)
	}
}

// again is the place after a restart.
func (c *crash) again() *Place {
	c.place.settled()
	c.place.close()
	if c.back != nil {
		c.back()
	}
	return c.place.again(c.tr.T, c.store)
}

// reruns is how often a call runs that is made again after a crash before it was charged.
func (tr *trial) reruns(when step) int64 {
	if tr.subject.Resumes && when == atPromise {
		return 0
	}
	return 1
}

// survivesCrashes ends a sale at each of its steps. The payer has the money of two calls, so
// that one that is lost, or charged twice, is missed by the second.
func survivesCrashes(tr *trial) {
	for _, when := range allSteps {
		tr.part(string(when), func(tr *trial) {
			p := tr.open(goods{})
			payer := tr.payer(p, 2*Price)
			payment := payer.Pay(tr, Price)
			left := tr.crash(p)
			crash := sync.OnceFunc(left.take)
			p.steps.tells(func(now step) {
				if now == when {
					crash()
				}
			})
			first := tr.buys(p, "a", payment, Price)
			if when == atAnswer {
				crash()
			}
			p = left.again()
			if !when.isDurable() {
				p.stands(payer, 0, 0)
				tr.buys(p, "a", payment, Price)
				p.stands(payer, Price, tr.reruns(when))
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
	left := tr.crash(p)
	var charges atomic.Int64
	p.steps.tells(func(now step) {
		if now == atCharge && charges.Add(1) == before {
			left.take()
		}
	})
	var all sync.WaitGroup
	for n, payment := range payments {
		all.Go(func() { tr.buys(p, fmt.Sprintf("call %d", n), payment, Price) })
	}
	all.Wait()
	p = left.again()
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
	charged, runs := calls*Price, calls-int64(kept/Price)
	if tr.subject.Resumes { // some of what was not charged had run
		runs = p.runs.Load()
	}
	p.stands(payer, charged, runs)
}
