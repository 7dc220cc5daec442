package agent

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
)

// depositRows is what is known of deposits that were signed.
type depositRows struct {
	signed map[vouchers.ChannelID]signedDeposit // those that may yet come in
	moved  map[string]vouchers.Amount           // what top-ups were signed for in all channels, by day (UTC)
}

func (r depositRows) clone() depositRows {
	c := depositRows{maps.Clone(r.signed), maps.Clone(r.moved)}
	if c.signed == nil {
		c = depositRows{make(map[vouchers.ChannelID]signedDeposit), make(map[string]vouchers.Amount)}
	}
	return c
}

func (r depositRows) add(d signedDeposit) {
	r.signed[d.Channel] = d
	if d.TopUp != "" {
		r.moved[d.TopUp] = r.moved[d.TopUp].Plus(d.Deposit.Amount)
	}
}

// drop takes a deposit out, but not another one that was signed for its channel since.
func (r depositRows) drop(d *signedDeposit) {
	if there, kept := r.signed[d.Channel]; kept && there.nonce().Cmp(d.nonce()) == 0 {
		delete(r.signed, d.Channel)
	}
}

func (r depositRows) giveBack(d *signedDeposit) {
	if d.TopUp != "" {
		r.moved[d.TopUp] = r.moved[d.TopUp].Minus(d.Deposit.Amount)
	}
}

// toppedUp is what top-ups move on a day, with those of days before that may yet come in.
func (r depositRows) toppedUp(today string) (total vouchers.Amount) {
	for day, amount := range r.moved {
		if day >= today {
			total = total.Plus(amount)
		}
	}
	for _, d := range r.signed {
		if d.TopUp != "" && d.TopUp < today {
			total = total.Plus(d.Deposit.Amount)
		}
	}
	return total
}

// depositTable keeps the signed deposits, one for a channel, and what top-ups have moved.
// Update runs f on all of it, and keeps what f changes unless it fails.
type depositTable interface {
	updateDeposits(f func(*depositRows) error) error
}

var (
	depositsBucket = []byte("deposits")
	topUpsBucket   = []byte("topUps")
)

// updateDeposits is durable.
func (b *Book) updateDeposits(f func(*depositRows) error) error {
	return b.update(depositsBucket, func(signed *bbolt.Bucket) error {
		moved, err := signed.Tx().CreateBucketIfNotExists(topUpsBucket)
		if err != nil {
			return err
		}
		before, err := readDeposits(signed, moved)
		if err != nil {
			return err
		}
		after := before.clone()
		if err := f(&after); err != nil {
			return err
		}
		if err := writeSigned(signed, before.signed, after.signed); err != nil {
			return err
		}
		return writeMoved(moved, before.moved, after.moved)
	})
}

func readDeposits(signed, moved *bbolt.Bucket) (depositRows, error) {
	rows := depositRows{}.clone()
	err := signed.ForEach(func(key, value []byte) error {
		var d storedDeposit
		if err := json.Unmarshal(value, &d); err != nil {
			return fmt.Errorf("the deposit that was signed for channel %x cannot be read: %w", key, err)
		}
		rows.signed[d.Channel] = d.signed()
		return nil
	})
	if err != nil {
		return rows, err
	}
	return rows, moved.ForEach(func(day, value []byte) error {
		if len(value) != 8 {
			return fmt.Errorf("what top-ups moved on %s cannot be read: it has %d bytes, want 8", day, len(value))
		}
		rows.moved[string(day)] = vouchers.Amount(binary.BigEndian.Uint64(value))
		return nil
	})
}

func writeSigned(bucket *bbolt.Bucket, before, after map[vouchers.ChannelID]signedDeposit) error {
	for id := range before {
		if _, kept := after[id]; !kept {
			if err := bucket.Delete(id[:]); err != nil {
				return err
			}
		}
	}
	for id, d := range after {
		raw, err := json.Marshal(d.stored())
		if err == nil {
			err = bucket.Put(id[:], raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeMoved(bucket *bbolt.Bucket, before, after map[string]vouchers.Amount) error {
	for day, amount := range after {
		if amount == before[day] {
			continue
		}
		if err := bucket.Put([]byte(day), binary.BigEndian.AppendUint64(nil, uint64(amount))); err != nil {
			return err
		}
	}
	return nil
}

// pocket is a table of deposits in memory, for a payer without a book.
type pocket struct {
	mu   sync.Mutex // guards rows
	rows depositRows
}

func (t *pocket) updateDeposits(f func(*depositRows) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	after := t.rows.clone()
	if err := f(&after); err != nil {
		return err
	}
	t.rows = after
	return nil
}

// origin is who wants a deposit.
type origin bool

const (
	byItself origin = false // the client tops up
	byHand   origin = true  // somebody has typed the amount
)

// movedOn is what top-ups have moved on a day.
func movedOn(deposits depositTable, today string) (moved vouchers.Amount, err error) {
	err = deposits.updateDeposits(func(rows *depositRows) error {
		moved = rows.toppedUp(today)
		return nil
	})
	return moved, err
}
