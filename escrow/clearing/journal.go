package clearing

import (
	"context"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/vouchers"
)

// Journal lets a sender keep what it sends in a bucket of a store ([txmgr.WithJournal]).
type Journal struct{ Bucket vouchers.Bucket }

var _ txmgr.Journal = Journal{}

// Put is durable on return.
func (j Journal) Put(key, value []byte) error {
	return j.Bucket.Put(context.Background(), key, value)
}

// Delete is durable on return.
func (j Journal) Delete(key []byte) error { return j.Bucket.Delete(context.Background(), key) }

// ForEach visits every entry.
func (j Journal) ForEach(visit func(key, value []byte) error) error {
	return j.Bucket.ForEach(nil, visit)
}
