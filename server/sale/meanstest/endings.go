package meanstest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/server"
)

var errNoSuchPage = errors.New("no such page")

// misfortunes are how a call ends without a good result; hangUp ends its client's patience.
var misfortunes = map[string]func(ctx context.Context, hangUp func()) (string, error){
	"an error": func(context.Context, func()) (string, error) { return "", errNoSuchPage },
	"a panic":  func(context.Context, func()) (string, error) { panic("at the wheel") },
	"a client that goes away": func(ctx context.Context, hangUp func()) (string, error) {
		hangUp()
		<-ctx.Done()
		return "too late", nil
	},
}

func chargesOnce(tr *trial) {
	p := tr.open(goods{})
	payer := tr.payer(p, 2*Price)
	if got := tr.buys(p, "a", payer.Pay(tr, Price), Price); got.said != "done a" {
		tr.Errorf("answered %s", got)
	}
	p.stands(payer, Price, 1)
	tr.buys(p, "b", payer.Pay(tr, Price), Price)
	p.stands(payer, 2*Price, 2)
}

// failsForNothing gives the payer no more than one call may cost: what a call without a good
// result keeps, or spends, is missed by the next.
func failsForNothing(tr *trial) {
	for name, end := range misfortunes {
		tr.part(name, func(tr *trial) {
			var mended atomic.Bool
			ctx, hangUp := context.WithCancel(tr.Context())
			defer hangUp()
			p := tr.open(goods{do: func(ctx context.Context, text string) (string, error) {
				if mended.Load() {
					return text, nil
				}
				return end(ctx, hangUp)
			}})
			payer := tr.payer(p, Price)
			payment := payer.Pay(tr, Price)
			got := tr.sendIn(ctx, p, "a", payment)
			if got.ending != failed && got.ending != lost || got.charged != nil && *got.charged != 0 {
				tr.Errorf("answered %v with a receipt of %v", got, got.charged)
			}
			p.stands(payer, 0, 1)
			mended.Store(true)
			tr.buys(p, "a", payment, Price)
			p.stands(payer, Price, 2)
		})
	}
}

func chargesFailures(tr *trial) {
	for _, name := range []string{"an error", "a client that goes away"} {
		tr.part(name, func(tr *trial) {
			ctx, hangUp := context.WithCancel(tr.Context())
			defer hangUp()
			p := tr.open(goods{rate: server.Rate{ChargeFailed: true, ChargeCancelled: true}, do: func(ctx context.Context, _ string) (string, error) {
				return misfortunes[name](ctx, hangUp)
			}})
			payer := tr.payer(p, Price)
			payment := payer.Pay(tr, Price)
			got := tr.sendIn(ctx, p, "a", payment)
			if got.ending == failed && (got.charged == nil || *got.charged != Price) {
				tr.Errorf("answered %v with a receipt of %v", got, got.charged)
			}
			p.stands(payer, Price, 1)
		})
	}
}

func chargesTheGone(tr *trial) {
	ctx, hangUp := context.WithCancel(tr.Context())
	defer hangUp()
	var during context.Context
	p := tr.open(goods{do: func(ctx context.Context, text string) (string, error) {
		during = ctx
		return "done " + text, nil
	}})
	goAway := sync.OnceFunc(func() {
		hangUp()
		<-during.Done()
	})
	p.steps.tells(func(now step) {
		if now == atEnd {
			goAway()
		}
	})
	payer := tr.payer(p, Price)
	payment := payer.Pay(tr, Price)
	if got := tr.sendIn(ctx, p, "a", payment); got.ending != lost {
		tr.Errorf("who went away is answered %s", got)
	}
	p.stands(payer, Price, 1)
	if tr.keeps(AnswersAgain) {
		if got := tr.buys(p, "a", payment, Price); got.said != "done a" {
			tr.Errorf("the same again is answered %s", got)
		}
		p.stands(payer, Price, 1)
	}
}

// withholdsUnsaved takes the disk away while a call runs.
func withholdsUnsaved(tr *trial) {
	var p *Place
	var broken atomic.Bool
	broken.Store(true)
	p = tr.open(goods{do: func(context.Context, string) (string, error) {
		if broken.Load() {
			return "the goods", p.Store.Close()
		}
		return "the goods", nil
	}})
	payer := tr.payer(p, Price)
	payment := payer.Pay(tr, Price)
	if got := tr.ends(p, "a", payment, failed); got.charged != nil || got.said == "the goods" {
		tr.Errorf("answered %s", got)
	}
	tr.part("and is sold after a restart", func(tr *trial) {
		broken.Store(false)
		p = p.again(tr.T, p.options.Store)
		runs := int64(1)
		if payer.Charged(tr, p.Shop) > 0 { // it became durable after all
			runs = 0
		}
		if got := tr.buys(p, "a", payment, Price); got.said != "the goods" {
			tr.Errorf("answered %s", got)
		}
		p.stands(payer, Price, runs)
	})
}
