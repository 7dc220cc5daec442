package operate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

// Restored is a store that was restored from a backup, and what it knows. Amounts are atomic
// USDC.
type Restored struct {
	// Taken is when the backup was made: what came after is not known.
	Taken time.Time `json:"taken"`
	// Kept is where the store is that was replaced, absent if there was none.
	Kept string `json:"kept,omitempty"`
	// Epoch is that of the store's receipts from now on.
	Epoch uint64 `json:"epoch"`
	// Channels is how many there are, all of them in doubt until their payers pay again.
	Channels int `json:"channels"`
	// Unclaimed is what was charged and not claimed when the backup was made, and Open what the
	// channels held beyond all charges: the most that may have been charged since.
	Unclaimed vouchers.Amount `json:"unclaimed"`
	Open      vouchers.Amount `json:"open"`
	// Aside is what was set aside for credit tokens: the most that they may spend again.
	Aside vouchers.Amount `json:"aside"`
	// Unread is why it is not known in which epoch the replaced store was, absent if it is. A
	// shop with a note beside its key opens another epoch then if it has to.
	Unread string `json:"unread,omitempty"`
}

// RestoreStore puts a backup in the place of the store, which is kept beside it, and opens the
// next epoch of receipts above those of both. Where it is killed in the middle, the store is
// the old one or the new one, and it can be done again. Errors are those of [restore.From]: where
// the file is no backup that is whole, and while a shop runs on the store.
func (p Place) RestoreStore(ctx context.Context, from string) (done Restored, err error) {
	file, err := os.Open(from)
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	former, err := p.epoch()
	if errors.Is(err, diskstore.ErrInUse) {
		return Restored{}, fmt.Errorf("restore %s: %w", p.Store, err)
	}
	if err != nil {
		done.Unread = err.Error()
	}
	took, err := restore.From(file, p.Store, func(dir string) error { return done.open(ctx, dir, former) })
	if err != nil {
		return Restored{}, err
	}
	done.Taken, done.Kept = took.Taken, took.Kept
	return done, nil
}

// epoch is that of the store which is there, 0 if there is none.
func (p Place) epoch() (epoch uint64, err error) {
	store, err := books.OpenStore(p.Store, diskstore.MustExist())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return vouchers.Epoch(store)
}

// open opens the next epoch of the store in a folder, and reads what it knows.
func (r *Restored) open(ctx context.Context, dir string, former uint64) (err error) {
	store, err := books.OpenStore(dir, diskstore.MustExist())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if r.Epoch, err = vouchers.OpenEpoch(ctx, store, former); err != nil {
		return err
	}
	return store.Load(ctx, func(c *vouchers.Record) error {
		r.Channels++
		r.Unclaimed = r.Unclaimed.Plus(c.Charged.Minus(c.Claimed))
		r.Open = r.Open.Plus(c.Balance.Minus(c.Charged))
		r.Aside = r.Aside.Plus(c.Aside)
		return nil
	})
}
