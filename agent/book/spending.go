package book

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/vouchers"
)

// SettleTokens writes into the book what the live tokens of a server have left by its word,
// in atomic units: what they were given beyond that is spent.
func (b *Book) SettleTokens(server string, live vouchers.Amount) error {
	return b.UpdateSpending(context.Background(), 0, func(rows budget.Rows) { rows.SettleTokens(naming.Server(server), live) })
}

// SpentOnTokens is what credit tokens have, by server.
func (b *Book) SpentOnTokens() (by map[string]vouchers.Amount, err error) {
	err = b.UpdateSpending(context.Background(), 0, func(rows budget.Rows) { by = rows.OnTokens() })
	return by, err
}

var spendingBucket = []byte("spending")

// UpdateSpending reads what was spent, and writes what f changes of it, durably. It covers
// this book's tail up to a page.
func (b *Book) UpdateSpending(ctx context.Context, last uint64, f func(budget.Rows)) error {
	if err := b.adopt(ctx); err != nil {
		return err
	}
	err := b.changeSpending(ctx, func(tx *bbolt.Tx, rows budget.Rows) error {
		f(rows)
		return b.tail.cover(tx, last)
	})
	if err == nil {
		b.tail.clear(last)
	}
	return err
}

func (b *Book) changeSpending(ctx context.Context, f func(*bbolt.Tx, budget.Rows) error) error {
	return b.updateUntil(ctx, spendingBucket, func(bucket *bbolt.Bucket) error {
		before, err := readSpending(bucket)
		if err != nil {
			return err
		}
		after := maps.Clone(before)
		if err := f(bucket.Tx(), after); err != nil {
			return err
		}
		return writeSpending(bucket, before, after)
	})
}

func readSpending(bucket *bbolt.Bucket) (budget.Rows, error) {
	rows := make(budget.Rows)
	return rows, bucket.ForEach(func(key, value []byte) error {
		parts := bytes.Split(key, spendingSeparator)
		if len(parts) != 3 || len(value) != 8 {
			return fmt.Errorf("%q under %q is not what was spent on a day, at a server, for a tool", value, key)
		}
		rows[budget.Row{Day: string(parts[0]), Server: string(parts[1]), Tool: string(parts[2])}] = vouchers.Amount(binary.BigEndian.Uint64(value))
		return nil
	})
}

var spendingSeparator = []byte{0}

func writeSpending(bucket *bbolt.Bucket, before, after budget.Rows) error {
	for row := range before {
		if after[row] == 0 {
			if err := bucket.Delete(keyOf(row)); err != nil {
				return err
			}
		}
	}
	for row, amount := range after {
		if amount == 0 || amount == before[row] {
			continue
		}
		if err := bucket.Put(keyOf(row), binary.BigEndian.AppendUint64(nil, uint64(amount))); err != nil {
			return err
		}
	}
	return nil
}

func keyOf(row budget.Row) []byte {
	return bytes.Join([][]byte{[]byte(row.Day), []byte(row.Server), []byte(row.Tool)}, spendingSeparator)
}

// Jot implements [budget.Table], as Turn and UpdateSpending do.
func (b *Book) Jot(server string, c budget.Change) error { return b.tail.jot(server, c) }

// Turn ends a page of notes.
func (b *Book) Turn() (last uint64) { return b.tail.turn() }

// Disputed is what is disputed of all channels.
func (b *Book) Disputed() (vouchers.Amount, error) {
	entries, err := b.Channels()
	return Disputed(entries), err
}

// ErrUnwritten says that something could not be written into the payer's book. What was
// paid for is given all the same; nothing is signed until it can be written.
var ErrUnwritten = errors.New("the payer's book could not be written")

// Disputed is what is disputed of some channels.
func Disputed(entries []Entry) (sum vouchers.Amount) {
	for _, e := range entries {
		sum = sum.Plus(e.Disputed)
	}
	return sum
}
