package book

import (
	"context"
	"fmt"
	"maps"

	"github.com/ethereum/go-ethereum/common"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/budget"
)

var doubtsBucket = []byte("doubts")

// UpdateDoubts implements [budget.Table]: one transaction has all of it.
func (b *Book) UpdateDoubts(ctx context.Context, last uint64, f func(budget.Rows, budget.Doubts)) error {
	if err := b.adopt(ctx); err != nil {
		return err
	}
	err := b.changeSpending(ctx, func(tx *bbolt.Tx, rows budget.Rows) error {
		bucket, err := tx.CreateBucketIfNotExists(doubtsBucket)
		if err != nil {
			return err
		}
		before, err := readDoubts(bucket)
		if err != nil {
			return err
		}
		after := maps.Clone(before)
		f(rows, after)
		if err := writeDoubts(bucket, before, after); err != nil {
			return err
		}
		return b.tail.cover(tx, last)
	})
	if err == nil {
		b.tail.clear(last)
	}
	return err
}

func readDoubts(bucket *bbolt.Bucket) (budget.Doubts, error) {
	doubts := make(budget.Doubts)
	return doubts, bucket.ForEach(func(key, value []byte) error {
		var d budget.Doubt
		if err := d.UnmarshalBinary(value); err != nil {
			return fmt.Errorf("payment %x, which is in doubt, cannot be read: %w", key, err)
		}
		doubts[common.BytesToHash(key)] = d
		return nil
	})
}

// writeDoubts adds and removes: a doubt does not change.
func writeDoubts(bucket *bbolt.Bucket, before, after budget.Doubts) error {
	for key := range before {
		if _, kept := after[key]; !kept {
			if err := bucket.Delete(key[:]); err != nil {
				return err
			}
		}
	}
	for key, d := range after {
		if _, there := before[key]; there {
			continue
		}
		raw, err := d.MarshalBinary()
		if err != nil {
			return err
		}
		if err := bucket.Put(key[:], raw); err != nil {
			return err
		}
	}
	return nil
}
