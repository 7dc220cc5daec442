package state

import (
	"errors"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers/boltfile"
)

// bulk writes much in transactions of a bounded size.
type bulk struct {
	db    *bbolt.DB
	tx    *bbolt.Tx
	bytes int
}

// transaction is how many bytes one writes.
const transaction = 16 << 20

// copy puts every key of a bucket into one of the same name, or of a name within it, once check
// has nothing against it. What it has written is durable after commit.
func (w *bulk) copy(from *bbolt.Bucket, outer, inner []byte, check func(key, value []byte) error) error {
	name := outer
	if inner != nil {
		name = inner
	}
	err := from.ForEach(func(key, value []byte) error {
		if err := check(key, value); err != nil {
			return at(name, key, err)
		}
		return w.put(outer, inner, key, value)
	})
	if err != nil && w.tx != nil {
		_ = w.tx.Rollback() // err says what went wrong
		w.tx = nil
	}
	return err
}

func (w *bulk) put(outer, inner, key, value []byte) (err error) {
	if w.tx == nil {
		if w.tx, err = w.db.Begin(true); err != nil {
			return err
		}
	}
	to := w.tx.Bucket(outer)
	if inner != nil {
		if to, err = to.CreateBucketIfNotExists(inner); err != nil {
			return err
		}
	}
	const full = 0.95 // the keys come in order: pages are not split again
	to.FillPercent = full
	if err := to.Put(key, value); err != nil {
		return err
	}
	if w.bytes += len(key) + len(value); w.bytes < transaction {
		return nil
	}
	return w.commit()
}

func (w *bulk) commit() error {
	if w.tx == nil {
		return nil
	}
	tx := w.tx
	w.tx, w.bytes = nil, 0
	return tx.Commit()
}

// CompactTo writes a copy of the file without free pages to a path where nothing is.
func (f *File) CompactTo(path string) (err error) {
	to, err := boltfile.Open(path, &bbolt.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	return boltfile.Guard(func() error { return bbolt.Compact(to, f.db, transaction) })
}
