package meanstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/vouchers"
)

// addsUp makes calls at once of which every third fails, and every other is made twice where
// that is one call.
func addsUp(tr *trial) {
	const calls = 24
	p := tr.open(goods{do: func(_ context.Context, text string) (string, error) {
		if strings.HasPrefix(text, "fails") {
			return "", errNoSuchPage
		}
		return text, nil
	}})
	payer := tr.payer(p, calls*Price)
	var all sync.WaitGroup
	good := 0
	for n := range calls {
		payment, text := payer.Pay(tr, Price), fmt.Sprintf("call %d", n)
		if n%3 == 0 {
			all.Go(func() { tr.ends(p, "fails: "+text, payment, failed) })
			continue
		}
		good++
		all.Go(func() { tr.buys(p, text, payment, Price) })
		if tr.keeps(AnswersAgain) {
			all.Go(func() { tr.buys(p, text, payment, Price) })
		}
	}
	all.Wait()
	p.stands(payer, vouchers.Amount(good)*Price, calls)
}

func neverOverspends(tr *trial) {
	const calls, afforded = 12, 3
	var judged atomic.Int64
	all := make(chan struct{}) // closed once every call runs or is refused
	judge := func() {
		if judged.Add(1) == calls {
			close(all)
		}
	}
	p := tr.open(goods{do: func(ctx context.Context, text string) (string, error) {
		judge()
		select {
		case <-all:
			return text, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}})
	payer := tr.payer(p, afforded*Price)
	var asked sync.WaitGroup
	var sold atomic.Int64
	for n := range calls {
		payment := payer.Pay(tr, Price)
		asked.Go(func() {
			switch got := tr.send(p, fmt.Sprintf("call %d", n), payment); got.ending {
			case delivered:
				sold.Add(1)
			case refused:
				judge()
			default:
				tr.Errorf("call %d is answered %s", n, got)
			}
		})
	}
	asked.Wait()
	if sold.Load() != afforded {
		tr.Errorf("%d calls are sold for the money of %d", sold.Load(), afforded)
	}
	p.stands(payer, afforded*Price, afforded)
}

func refusesTheSpent(tr *trial) {
	p := tr.open(goods{})
	payer := tr.payer(p, 3*Price)
	payment := payer.Pay(tr, Price)
	first := tr.buys(p, "a", payment, Price)
	tr.buys(p, "b", payer.Pay(tr, Price), Price)
	tr.buys(p, "c", payer.Pay(tr, Price), Price)
	lacks := func(p *Place) {
		tr.Helper()
		if got := tr.ends(p, "d", payer.Pay(tr, Price), refused); !strings.Contains(got.said, tr.subject.UsedUp) {
			tr.Errorf("the refusal does not say %q: %s", tr.subject.UsedUp, got.said)
		}
	}
	lacks(p)
	p.stands(payer, 3*Price, 3)
	if tr.keeps(AnswersAgain) {
		tr.repeats(p, "a", payment, first)
	}
	p = p.again(tr.T, p.options.Store)
	lacks(p)
	p.stands(payer, 3*Price, 0)
}
