package book

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
)

// Book is the payer's list of channels on disk, with what it has spent. The channels
// can be lost without loss of money: the chain and the seller's corrective answer,
// which carries the payer's own signature, bring them back. The
// file is open only while it is read or written, so that several processes can share it.
// While they pay from the same channel they share its account, too, which is in a folder
// beside the book.
type Book struct {
	path string
	open lock.Turn // held while the file is open: bbolt's own lock is polled for, slowly
	tail tail

	adopting lock.Turn // guards adopted
	adopted  bool      // what dead processes had yet to write is in the table
}

var _ budget.Table = (*Book)(nil)

// liveFolder is beside the book, under its name with this: what changes with every call.
const liveFolder = ".live"

// Close leaves what is not in the table yet to who opens the book next.
func (b *Book) Close() error { return b.tail.close() }

// Folder is where processes with the same book share the channels' accounts.
func (b *Book) Folder() string { return b.tail.dir }

var channelsBucket = []byte("channels")

// Open opens the book, or makes it, for its owner alone. A process that holds the file
// longer than a few seconds makes others fail with [lock.ErrBusy], and so does the end of the
// context meanwhile; it bounds nothing that is done with the book later. A file that is
// empty, cut off or damaged is an error that wraps [boltfile.ErrCorrupt]: it held what
// budgets count from.
func Open(ctx context.Context, path string) (*Book, error) {
	b := &Book{path: path, tail: tail{dir: path + liveFolder}}
	return b, b.updateUntil(ctx, channelsBucket, func(*bbolt.Bucket) error { return nil })
}

func (b *Book) update(name []byte, f func(*bbolt.Bucket) error) error {
	return b.updateUntil(context.Background(), name, f)
}

// updateUntil waits for others until the context ends, and no longer than update.
func (b *Book) updateUntil(ctx context.Context, name []byte, f func(*bbolt.Bucket) error) error {
	if err := b.open.Take(ctx); err != nil {
		return err
	}
	defer b.open.Give()
	err := boltfile.Update(ctx, b.path, lock.Patience, func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists(name)
		if err != nil {
			return err
		}
		return f(bucket)
	})
	if errors.Is(err, boltfile.ErrInUse) {
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %s: %w", lock.ErrBusy, b.path, context.Cause(ctx))
		}
		return fmt.Errorf("%w: %s; wait for the other chit process, or end it", lock.ErrBusy, b.path)
	}
	if err != nil {
		return fmt.Errorf("channel book %s: %w", b.path, err)
	}
	return nil
}

// Channel returns the entry of a channel, and false if there is none.
func (b *Book) Channel(id vouchers.ChannelID) (entry Entry, found bool, err error) {
	err = b.update(channelsBucket, func(bucket *bbolt.Bucket) error {
		raw := bucket.Get(id[:])
		if raw == nil {
			return nil
		}
		found = true
		return json.Unmarshal(raw, &entry)
	})
	return entry, found, err
}

// Channels lists the book. Entries that cannot be read are left out: the error, which
// names each and wraps [ErrEntry], comes with all others.
func (b *Book) Channels() ([]Entry, error) {
	entries := []Entry{}
	var unread []error
	err := b.update(channelsBucket, func(bucket *bbolt.Bucket) error {
		return bucket.ForEach(func(id, raw []byte) error {
			var entry Entry
			if err := json.Unmarshal(raw, &entry); err != nil {
				unread = append(unread, fmt.Errorf("%w: %s: channel %x: %w", ErrEntry, b.path, id, err))
				return nil
			}
			entries = append(entries, entry)
			return nil
		})
	})
	return entries, errors.Join(append(unread, err)...)
}

// Put writes an entry, durably.
func (b *Book) Put(entry Entry) error {
	raw, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("write channel %s to the book: %w", entry.Channel, err)
	}
	return b.update(channelsBucket, func(bucket *bbolt.Bucket) error { return bucket.Put(entry.Channel[:], raw) })
}

// Revise writes what f makes of an entry, which is empty if there is none, durably.
func (b *Book) Revise(id vouchers.ChannelID, f func(*Entry)) (*Entry, error) {
	e := new(Entry)
	return e, b.update(channelsBucket, func(bucket *bbolt.Bucket) error {
		if raw := bucket.Get(id[:]); raw != nil {
			if err := json.Unmarshal(raw, e); err != nil {
				return err
			}
		}
		f(e)
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		return bucket.Put(id[:], raw)
	})
}
