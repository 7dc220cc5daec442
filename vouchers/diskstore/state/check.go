package state

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
)

// Check reads every value of the file and calls report for what is damaged, with its bucket and
// key. The context's end ends it, with an error.
func (v *View) Check(ctx context.Context, report func(error)) error {
	c := checker{ctx, v.tx, report}
	if err := boltfile.Guard(c.values); err != nil {
		if ctx.Err() != nil {
			return err
		}
		report(err) // the pages are damaged: their own check would not survive it
		return nil
	}
	for err := range v.tx.Check() {
		report(err)
	}
	return nil
}

type checker struct {
	ctx    context.Context
	tx     *bbolt.Tx
	report func(error)
}

func (c *checker) values() error {
	if err := c.channels(); err != nil {
		return err
	}
	err := c.each(c.tx.Bucket(headBucket), headBucket, func(key, value []byte) error {
		_, err := decodeHead(key, value)
		return err
	})
	if err != nil {
		return err
	}
	rooms := c.tx.Bucket(roomsBucket)
	return rooms.ForEachBucket(func(name []byte) error {
		return c.each(rooms.Bucket(name), name, func(key, value []byte) error {
			_, err := open(key, value, headLength)
			return err
		})
	})
}

func (c *checker) channels() error {
	terms := map[uint32]bool{}
	err := c.each(c.tx.Bucket(termsBucket), termsBucket, func(key, value []byte) error {
		number, _, err := decodeTerms(key, value)
		terms[number] = err == nil
		return err
	})
	if err != nil {
		return err
	}
	var r vouchers.Record
	return c.each(c.tx.Bucket(channelBucket), channelBucket, func(key, value []byte) error {
		number, err := decodeChannel(key, value, &r)
		switch {
		case err != nil:
			return err
		case !terms[number]:
			return fmt.Errorf("%w: terms %d are missing", boltfile.ErrCorrupt, number)
		case r.Claimed > r.Charged || r.Charged > r.Ceiling:
			return fmt.Errorf("%w: claimed %s, charged %s, ceiling %s do not rise", boltfile.ErrCorrupt, r.Claimed, r.Charged, r.Ceiling)
		}
		return nil
	})
}

// each checks every value of a bucket; what is wrong with one is reported.
func (c *checker) each(b *bbolt.Bucket, name []byte, check func(key, value []byte) error) error {
	seen := 0
	return b.ForEach(func(key, value []byte) error {
		if seen++; seen%contextEvery == 0 && c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		if err := check(key, value); err != nil {
			c.report(at(name, key, err))
		}
		return nil
	})
}

// Stats say what a file holds.
type Stats struct {
	// Bytes is its size, Used the part of it that is not free for what comes next.
	Bytes int64 `json:"bytes"`
	Used  int64 `json:"used"`
	// Channels and Terms are how many there are, Rooms how many keys each bucket of another
	// room has.
	Channels int            `json:"channels"`
	Terms    int            `json:"terms"`
	Rooms    map[string]int `json:"rooms"`
}

// Stats reads the whole file.
func (v *View) Stats() (stats Stats, err error) {
	err = boltfile.Guard(func() error {
		stats, err = readStats(v.tx)
		return err
	})
	return stats, err
}

func readStats(tx *bbolt.Tx) (Stats, error) {
	const metaPages = 2
	stats := Stats{Bytes: tx.Size(), Used: int64(metaPages * tx.DB().Info().PageSize), Rooms: map[string]int{}}
	keys := map[string]int{}
	err := tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		pages := b.Stats()
		stats.Used += int64(pages.BranchAlloc + pages.LeafAlloc)
		keys[string(name)] = pages.KeyN
		return nil
	})
	if err != nil {
		return Stats{}, err
	}
	stats.Channels, stats.Terms = keys[string(channelBucket)], keys[string(termsBucket)]
	rooms := tx.Bucket(roomsBucket)
	return stats, rooms.ForEachBucket(func(name []byte) error {
		stats.Rooms[string(name)] = rooms.Bucket(name).Stats().KeyN
		return nil
	})
}
