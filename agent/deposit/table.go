package deposit

import (
	"maps"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// Rows is what is known of deposits that were signed.
type Rows struct {
	Signed map[vouchers.ChannelID]Signed // those that may yet come in
	Moved  map[string]vouchers.Amount    // what top-ups were signed for in all channels, by day (UTC)
}

// Clone is a copy that can be changed, of nothing too.
func (r Rows) Clone() Rows {
	c := Rows{maps.Clone(r.Signed), maps.Clone(r.Moved)}
	if c.Signed == nil {
		c = Rows{make(map[vouchers.ChannelID]Signed), make(map[string]vouchers.Amount)}
	}
	return c
}

func (r Rows) add(d Signed) {
	r.Signed[d.Channel] = d
	if d.TopUp != "" {
		r.Moved[d.TopUp] = r.Moved[d.TopUp].Plus(d.Deposit.Amount)
	}
}

// drop takes a deposit out, but not another one that was signed for its channel since.
func (r Rows) drop(d *Signed) {
	if there, kept := r.Signed[d.Channel]; kept && there.nonce().Cmp(d.nonce()) == 0 {
		delete(r.Signed, d.Channel)
	}
}

func (r Rows) giveBack(d *Signed) {
	if d.TopUp != "" {
		r.Moved[d.TopUp] = r.Moved[d.TopUp].Minus(d.Deposit.Amount)
	}
}

// toppedUp is what top-ups move on a day, with those of days before that may yet come in.
func (r Rows) toppedUp(today string) (total vouchers.Amount) {
	for day, amount := range r.Moved {
		if day >= today {
			total = total.Plus(amount)
		}
	}
	for _, d := range r.Signed {
		if d.TopUp != "" && d.TopUp < today {
			total = total.Plus(d.Deposit.Amount)
		}
	}
	return total
}

// Table keeps the signed deposits, one for a channel, and what top-ups have moved.
// Update runs f on all of it, and keeps what f changes unless it fails.
type Table interface {
	UpdateDeposits(f func(*Rows) error) error
}

// pocket is a table of deposits in memory, for a payer without a book.
type pocket struct {
	mu   sync.Mutex // guards rows
	rows Rows
}

// InMemory is a table for a payer without a book.
func InMemory() Table { return &pocket{} }

// UpdateDeposits implements [Table].
func (t *pocket) UpdateDeposits(f func(*Rows) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	after := t.rows.Clone()
	if err := f(&after); err != nil {
		return err
	}
	t.rows = after
	return nil
}

// Origin is who wants a deposit.
type Origin bool

const (
	ByItself Origin = false // the client tops up
	ByHand   Origin = true  // somebody has typed the amount
)

// MovedOn is what top-ups have moved on a day.
func MovedOn(deposits Table, today string) (moved vouchers.Amount, err error) {
	err = deposits.UpdateDeposits(func(rows *Rows) error {
		moved = rows.toppedUp(today)
		return nil
	})
	return moved, err
}
