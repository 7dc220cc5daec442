package vouchers

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Terms returns the terms of all channels that were known since the ledger was
// opened, once each, in any order.
func (l *Ledger) Terms() []Terms {
	l.interning.Lock()
	defer l.interning.Unlock()
	all := make([]Terms, 0, len(l.terms))
	for t := range l.terms {
		all = append(all, t)
	}
	return all
}

// Watched notes that the ledger has the escrow's view of every channel of a deployment
// as of a time. From the first such note on, a channel takes no payment once that is
// longer ago than half of its withdraw delay: its payer might withdraw unseen, and what
// was sold could not be claimed any more. An earlier time than the known one changes
// nothing. Views in which nobody claims this, as in a ledger without a watcher, never
// grow old.
func (l *Ledger) Watched(d Deployment, at time.Time) {
	l.interning.Lock()
	watched := l.watchedLocked(d)
	l.interning.Unlock()
	seconds := at.Unix()
	for {
		known := watched.Load()
		if seconds <= known || watched.CompareAndSwap(known, seconds) {
			return
		}
	}
}

// watchedLocked returns the one note of a deployment: Unix seconds, 0 if there is none.
func (l *Ledger) watchedLocked(d Deployment) *atomic.Int64 {
	if known := l.watched[d]; known != nil {
		return known
	}
	fresh := new(atomic.Int64)
	l.watched[d] = fresh
	return fresh
}

// blind refuses payments of channels whose view is too old; nil if it is not.
func (l *Ledger) blind(t *terms) *Refusal {
	if unseen := l.unseen(t.watched); unseen > time.Duration(t.WithdrawDelay/2)*time.Second {
		return &Refusal{Err: ErrUnwatched, Detail: fmt.Sprintf("%s was last seen %s ago", t.Deployment, unseen)}
	}
	return nil
}

func (l *Ledger) unseen(watched *atomic.Int64) time.Duration {
	at := watched.Load()
	if at == 0 {
		return 0
	}
	return time.Duration(l.now().Unix()-at) * time.Second
}

// Unseen returns how long ago the views of a deployment were the escrow's by
// [Ledger.Watched], 0 if nobody has said.
func (l *Ledger) Unseen(d Deployment) time.Duration {
	l.interning.Lock()
	watched := l.watchedLocked(d)
	l.interning.Unlock()
	return l.unseen(watched)
}
