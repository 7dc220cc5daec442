package watch

import (
	"time"

	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
)

// sight is as of when a watcher has last seen the chain, and when it last said that
// this is long ago. Only the goroutine that polls has it.
type sight struct {
	of, alarmed time.Time
}

// blindFor is after how long without progress a watcher alarms, and again after each
// such time. The ledger refuses payments later, by each channel's own delay.
const blindFor = 2 * time.Minute

// Resume tells the ledger as of when its views are the chain's: when this watcher, or
// the one before it with the same place, has last seen it. A watcher that has never
// been anywhere begins now.
func (w *Watcher) Resume() error {
	if err := w.trail.load(); err != nil {
		return err
	}
	w.sight.of = w.options.now()
	if last, known := w.trail.last(); known {
		w.sight.of = last.Seen
	}
	w.ledger.Watched(w.contract.Deployment(), w.sight.of)
	return nil
}

// sees notes that everything up to a head is in the ledger. An endpoint whose head
// stands still shows nothing newer than that; on a local chain it does while nothing
// happens.
func (w *Watcher) sees(head *types.Header) {
	w.sight.of = w.options.now()
	if at := time.Unix(int64(min(head.Time, 1<<40)), 0); at.Before(w.sight.of) && !chain.IsLocal(w.contract.Deployment().ChainID) {
		w.sight.of = at
	}
	w.ledger.Watched(w.contract.Deployment(), w.sight.of)
}

// alarm tells the operator, now and then, that nothing was seen of the chain for long.
func (w *Watcher) alarm(failed error) {
	now := w.options.now()
	if w.sight.of.IsZero() {
		w.sight.of = now
	}
	unseen := now.Sub(w.sight.of)
	if unseen < blindFor || now.Sub(w.sight.alarmed) < blindFor {
		return
	}
	w.sight.alarmed = now
	w.options.logger.Error("the chain is not seen, nor are withdrawals: channels take no payments once that lasts for half of their withdraw delay; check the endpoint, or name another",
		"escrow", w.contract.Deployment(), "for", unseen.Round(time.Second), "error", failed)
}
