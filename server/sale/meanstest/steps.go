package meanstest

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// step is a moment of a sale at which a process may end.
type step string

const (
	atHold    step = "the price is held"
	atRun     step = "the call runs"
	atEnd     step = "the call has run"
	atPromise step = "the charge is made and not durable"
	atCharge  step = "the charge is durable and its answer has not left"
	atAnswer  step = "the answer has left"
)

var allSteps = []step{atHold, atRun, atEnd, atPromise, atCharge, atAnswer}

// isDurable says whether the charge is written down by then.
func (s step) isDurable() bool { return s == atCharge || s == atAnswer }

// steps tells of the steps of the sales of a shop, whatever they are paid by.
type steps struct {
	told  atomic.Pointer[func(step)]
	parts atomic.Int32 // how many a charge is made in; 0 is at once
	open  atomic.Int64 // holds that have not ended
}

// tells has a function called at each step of all sales from now on.
func (s *steps) tells(f func(step)) { s.told.Store(&f) }

func (s *steps) at(now step) {
	if f := s.told.Load(); f != nil {
		(*f)(now)
	}
}

// watch puts itself between a shop and its ways to be paid.
func (s *steps) watch(ways server.Ways) server.Ways {
	return func(shop *server.Shop, own sale.Ways) sale.Ways {
		all := own
		if ways != nil {
			all = ways(shop, own)
		}
		watched := make(sale.Ways, len(all))
		for i, way := range all {
			watched[i] = watchedWay{way, s}
		}
		return watched
	}
}

type watchedWay struct {
	sale.Way
	steps *steps
}

func (w watchedWay) By(l *sale.Line, p sale.Presented) sale.Means {
	by := w.Way.By(l, p)
	if by == nil {
		return nil
	}
	return watchedMeans{by, w.steps}
}

type watchedMeans struct {
	sale.Means
	steps *steps
}

func (m watchedMeans) Hold(ctx context.Context, request [32]byte) (sale.Held, []byte, *sale.Denial) {
	h, kept, no := m.Means.Hold(ctx, request)
	if h == nil {
		return nil, kept, no
	}
	m.steps.open.Add(1)
	m.steps.at(atHold)
	return &watchedHeld{Held: h, steps: m.steps}, kept, no
}

type watchedHeld struct {
	sale.Held
	steps *steps
	ended sync.Once
}

func (h *watchedHeld) Release() {
	h.Held.Release()
	h.end()
}

func (h *watchedHeld) end() { h.ended.Do(func() { h.steps.open.Add(-1) }) }

func (h *watchedHeld) Commit(ctx context.Context, total vouchers.Amount, sold []byte, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	h.steps.at(atEnd)
	total, err := h.inParts(ctx, total, render)
	if err != nil {
		return err
	}
	err = h.Held.Commit(ctx, total, sold, func(c ledger.Charge) (ledger.Kept, error) {
		kept, err := render(c)
		h.steps.at(atPromise)
		return kept, err
	}, puts)
	if err == nil {
		h.steps.at(atCharge)
		h.end()
	}
	return err
}
