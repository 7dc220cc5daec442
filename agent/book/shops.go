package book

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/naming"
)

// Add writes an entry, unless it is new and the book has one that rivals says no to.
func (b *Book) Add(entry Entry, rivals func(Entry) error) error {
	raw, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("write channel %s to the book: %w", entry.Channel, err)
	}
	return b.update(channelsBucket, func(bucket *bbolt.Bucket) error {
		if bucket.Get(entry.Channel[:]) != nil {
			return bucket.Put(entry.Channel[:], raw)
		}
		err := bucket.ForEach(func(_, value []byte) error {
			var e Entry
			if err := json.Unmarshal(value, &e); err != nil {
				return err
			}
			return rivals(e)
		})
		if err != nil {
			return err
		}
		return bucket.Put(entry.Channel[:], raw)
	})
}

// Moved writes into the book that the shop at one URL is at another one now, by its
// owner's word: its channels pay there. It returns how many there are.
func (b *Book) Moved(from, to string) (int, error) {
	return b.change(from, func(e *Entry) { e.Server = to })
}

// Leave writes into the book that the owner agrees to other terms of a shop: its channels
// are used no more, unless it comes back to their terms. It returns how many there are.
func (b *Book) Leave(server string) (int, error) {
	return b.change(server, func(e *Entry) { e.Left = true })
}

func (b *Book) change(server string, f func(*Entry)) (n int, err error) {
	entries, err := b.Channels()
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.Server == "" || !naming.SameShop(e.Server, server) {
			continue
		}
		if _, err := b.Revise(e.Channel, f); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// ChannelsTo are the entries of a shop, whichever of its paths they were opened for.
func (b *Book) ChannelsTo(server string) ([]Entry, error) {
	all, err := b.Channels()
	return slices.DeleteFunc(all, func(e Entry) bool { return !naming.SameShop(e.Server, server) }), err
}
