package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/chitpay/chit/vouchers"
)

// bucket is the key-value space of another room.
type bucket struct {
	store *Store
	name  string
}

// Bucket implements vouchers.Store.
func (s *Store) Bucket(name string) vouchers.Bucket { return bucket{s, name} }

// Get implements vouchers.Bucket.
func (b bucket) Get(key []byte) (value []byte, err error) {
	err = b.view(func(room *bbolt.Bucket) error {
		stored := room.Get(key)
		if stored == nil {
			return nil
		}
		plain, err := open(key, stored, headLength)
		value = append([]byte{}, plain...)
		return at([]byte(b.name), key, err)
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Put implements vouchers.Bucket.
func (b bucket) Put(ctx context.Context, key, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	return b.Submit(key, value).Wait(ctx)
}

// Delete implements vouchers.Bucket.
func (b bucket) Delete(ctx context.Context, key []byte) error {
	return b.Submit(key, nil).Wait(ctx)
}

// Submit implements vouchers.Bucket. It copies key and value.
func (b bucket) Submit(key, value []byte) vouchers.Ticket {
	return b.store.Submit(vouchers.Update{Puts: []vouchers.Put{{Bucket: b.name, Key: bytes.Clone(key), Value: bytes.Clone(value)}}})
}

// ForEach implements vouchers.Bucket.
func (b bucket) ForEach(prefix []byte, visit func(key, value []byte) error) error {
	return b.view(func(room *bbolt.Bucket) error {
		cursor := room.Cursor()
		for key, stored := cursor.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, stored = cursor.Next() {
			value, err := open(key, stored, headLength)
			if err != nil {
				return at([]byte(b.name), key, err)
			}
			if err := outside(func() error { return visit(key, value) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// Last implements vouchers.Bucket.
func (b bucket) Last(prefix []byte) (key, value []byte, err error) {
	err = b.view(func(room *bbolt.Bucket) error {
		last, stored := lastWith(room.Cursor(), prefix)
		if last == nil {
			return nil
		}
		plain, err := open(last, stored, headLength)
		key, value = bytes.Clone(last), append([]byte{}, plain...)
		return at([]byte(b.name), last, err)
	})
	if err != nil {
		return nil, nil, err
	}
	return key, value, nil
}

// lastWith moves to the last key with this prefix.
func lastWith(cursor *bbolt.Cursor, prefix []byte) (key, value []byte) {
	after := bytes.Clone(prefix)
	for len(after) > 0 && after[len(after)-1] == 0xff {
		after = after[:len(after)-1]
	}
	if len(after) == 0 {
		key, value = cursor.Last()
	} else {
		after[len(after)-1]++
		if key, _ = cursor.Seek(after); key == nil {
			key, value = cursor.Last()
		} else {
			key, value = cursor.Prev()
		}
	}
	if !bytes.HasPrefix(key, prefix) {
		return nil, nil
	}
	return key, value
}

// view runs read on the bucket, if there is one yet.
func (b bucket) view(read func(room *bbolt.Bucket) error) error {
	err := b.store.view(func(tx *bbolt.Tx) error {
		if room := tx.Bucket(roomsBucket).Bucket([]byte(b.name)); room != nil {
			return read(room)
		}
		return nil
	})
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return fmt.Errorf("bucket %s: %w", b.name, vouchers.ErrStoreClosed)
	}
	return err
}

// check refuses an update that the file cannot hold.
func check(u *vouchers.Update) error {
	if u.Slot != nil {
		if u.Record.Terms == nil {
			return fmt.Errorf("%w: channel %s has no terms", vouchers.ErrUpdate, u.Record.ID)
		}
		if n := u.Record.Proof.Len(); n > vouchers.MaxSignature {
			return fmt.Errorf("%w: channel %s has a signature of %d bytes, at most %d", vouchers.ErrUpdate, u.Record.ID, n, vouchers.MaxSignature)
		}
	}
	for _, p := range u.Puts {
		if err := p.Validate(); err != nil {
			return err
		}
	}
	return nil
}
