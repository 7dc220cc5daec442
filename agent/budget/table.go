package budget

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// Row names one sum of the table of what was spent.
type Row struct {
	Day          string // "2006-01-02" in UTC, or "" for all days that are long over
	Server, Tool string // a tool, a tool on its way, or a pool of a channel
}

// Rows are the table of what was spent.
type Rows map[Row]vouchers.Amount

// Table is what was spent, by day, server and tool. Update runs f on all of it, and
// keeps what f changes; no other update, of this process or another, comes between. Others
// are waited for until the context ends.
//
// UpdateDoubts is UpdateSpending with the transfers that are in doubt: what f changes of both is
// kept together, or nothing is.
//
// Jot notes a change of a server's rows that an update is yet to make, so that a process
// that is killed does not forget it. Turn ends a page of such notes: an update that has
// made all of them says so by the page's number, which is 0 where there are none.
type Table interface {
	UpdateSpending(ctx context.Context, last uint64, f func(Rows)) error
	UpdateDoubts(ctx context.Context, last uint64, f func(Rows, Doubts)) error
	Jot(server string, c Change) error
	Turn() (last uint64)
}

// daysKept is how many days the table tells apart.
const daysKept = 31

// fold adds up all days but the latest, so that the table does not grow. Which day it is
// by the clock, which may be wrong for a moment, does not matter.
func fold(rows Rows) {
	days := make(map[string]bool)
	for key := range rows {
		days[key.Day] = true
	}
	delete(days, "")
	if len(days) <= daysKept {
		return
	}
	sorted := slices.Sorted(maps.Keys(days))
	oldest := sorted[len(sorted)-daysKept]
	for key, amount := range maps.Clone(rows) {
		if key.Day != "" && key.Day < oldest {
			delete(rows, key)
			key.Day = ""
			rows[key] = rows[key].Plus(amount)
		}
	}
}

// scratch is a table in memory, for a payer without a book.
type scratch struct {
	mu     sync.Mutex // guards what follows
	rows   Rows
	doubts Doubts
}

// Jot forgets: what is in memory alone dies with the process.
func (t *scratch) Jot(string, Change) error { return nil }

// Turn says that there are no notes.
func (t *scratch) Turn() uint64 { return 0 }

// UpdateSpending implements [Table].
func (t *scratch) UpdateSpending(ctx context.Context, last uint64, f func(Rows)) error {
	return t.UpdateDoubts(ctx, last, func(rows Rows, _ Doubts) { f(rows) })
}

// UpdateDoubts implements [Table].
func (t *scratch) UpdateDoubts(_ context.Context, _ uint64, f func(Rows, Doubts)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows, t.doubts = make(Rows), make(Doubts)
	}
	f(t.rows, t.doubts)
	return nil
}
