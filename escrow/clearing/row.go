package clearing

import (
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// phase is what the house does with a row.
type phase uint8

const (
	opening phase = iota // it is being written down
	waiting              // to be sent, or looked at again when it is due
	resting              // refused by the chain, and to be tried again when it is due
	sailing              // in a load: it is simulated, sent or looked for
	landed               // settled and not final, or final
)

// row is a payment in memory.
type row struct {
	key      common.Hash
	transfer transfer.Transfer
	amount   vouchers.Amount
	opened   chan struct{} // closed once it is known whether it is written down
	failed   error         // why it is not; set before that

	mu      sync.Mutex // guards what follows
	record  Record
	refused uint64        // how often it was told that the chain refuses it
	news    chan struct{} // closed when any of the above changes

	// What follows is guarded by the house's lock.
	phase    phase
	due      time.Time
	ready    time.Time        // since when it waits for a transaction
	lone     bool             // it goes in a transaction of its own
	kind     transfer.Account // whose signature it is; 0 is not known
	attempts int              // that came to nothing, in a row
	tried    time.Time        // when the chain last refused it
	found    transfer.Use     // that it stands for, if the chain shows none that is older
	wasted   uint64           // gas units that the house was told of as used for nothing
	index    int              // in the heap of what is due later
}

func newRow(key common.Hash, record Record) *row {
	return &row{key: key, transfer: record.Transfer, amount: record.Amount, opened: make(chan struct{}), record: record, news: make(chan struct{}), index: -1}
}

func (r *row) read() Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.record.clone()
}

// tell puts a new record in the place of the old one and wakes who waits for it.
func (r *row) tell(record Record, refused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record = record
	if refused {
		r.refused++
	}
	close(r.news)
	r.news = make(chan struct{})
}

// later is a heap of rows by when they are due.
type later []*row

func (l later) Len() int           { return len(l) }
func (l later) Less(i, j int) bool { return l[i].due.Before(l[j].due) }
func (l later) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].index, l[j].index = i, j
}

// Push adds a row.
func (l *later) Push(x any) {
	r := x.(*row)
	r.index = len(*l)
	*l = append(*l, r)
}

// Pop takes the last row off.
func (l *later) Pop() any {
	old := *l
	r := old[len(old)-1]
	r.index = -1
	*l = old[:len(old)-1]
	return r
}

// isWild reports whether it is known that the payer's own code runs when the row settles.
func (r *row) isWild() bool { return r.kind != 0 && r.kind.RunsCode() }
