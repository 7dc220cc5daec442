package till

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// The store's buckets of what belongs to a chain or to a deployment. The first that a
// store was used with has the plain name, the others a number after it.
const (
	journalBucket = "sent"  // transactions, by chain
	watchBucket   = "watch" // the watcher's checkpoint, by deployment
	placesBucket  = "places"
)

// placed is the bucket of what, which belongs to a chain or a deployment. Which has
// the plain name is written down, so that it stays when the options name them in
// another order.
func placed(ctx context.Context, store vouchers.Store, what, whose string) (vouchers.Bucket, error) {
	places := store.Bucket(placesBucket)
	key := []byte(what + " " + whose)
	name, err := places.Get(key)
	if err == nil && name == nil {
		var others []string
		if others, err = placesOf(store, what); err == nil {
			name = []byte(what)
			if len(others) > 0 {
				name = fmt.Appendf(name, "-%d", len(others))
			}
			err = places.Put(ctx, key, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("find %s of %s in the store: %w", what, whose, err)
	}
	return store.Bucket(string(name)), nil
}

// placesOf are the names of all buckets of what.
func placesOf(store vouchers.Store, what string) (names []string, err error) {
	err = store.Bucket(placesBucket).ForEach([]byte(what+" "), func(_, name []byte) error {
		names = append(names, string(name))
		return nil
	})
	return names, err
}

// ReadPending lists the transactions that a store holds, of all chains.
func ReadPending(store *diskstore.Store) ([]txmgr.Pending, error) {
	names, err := placesOf(store, journalBucket)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 { // written before a shop could have several
		names = []string{journalBucket}
	}
	all := []txmgr.Pending{}
	for _, name := range names {
		pending, err := txmgr.ReadPending(clearing.Journal{Bucket: store.Bucket(name)})
		if err != nil {
			return nil, err
		}
		all = append(all, pending...)
	}
	return all, nil
}
