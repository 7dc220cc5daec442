package book

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// MaxGrants is how many grants of one channel the book remembers that have not expired. Who
// has as many buys none until one has.
const MaxGrants = 1 << 16

// ErrManyGrants says that the book has [MaxGrants] of a channel.
var ErrManyGrants = errors.New("the book remembers no more grants of the channel")

// ErrGrantGiven says that a server gave a grant that it had given before: for another order, or
// for one that was paid again.
var ErrGrantGiven = errors.New("the server gave this grant before")

// grantsBucket holds, by channel and grant, the digest of the order that it was given for and
// when it expires, in Unix seconds.
var grantsBucket = []byte("grants")

// Grant is one that a server gave for an order of the payer.
type Grant struct {
	Channel vouchers.ChannelID
	ID      macaroon.GrantID
	// Order is the digest of the order.
	Order common.Hash
	// Expires is when the grant's tokens do, to the second: it is forgotten after that. Zero is
	// never.
	Expires time.Time
}

func (g Grant) key() []byte { return append(g.Channel[:], g.ID[:]...) }

func (g Grant) record() []byte {
	over := uint64(math.MaxUint64)
	if !g.Expires.IsZero() {
		over = uint64(max(0, g.Expires.Unix()))
	}
	return binary.BigEndian.AppendUint64(g.Order[:], over)
}

// grantOver is when a grant is forgotten; one that cannot be read never is.
func grantOver(record []byte) uint64 {
	if len(record) != len(common.Hash{})+8 {
		return math.MaxUint64
	}
	return binary.BigEndian.Uint64(record[len(common.Hash{}):])
}

// RoomForGrant says whether the book can remember another grant of a channel. It forgets those
// that have expired. Errors wrap [ErrManyGrants], or are the book's.
func (b *Book) RoomForGrant(channel vouchers.ChannelID, now time.Time) error {
	return b.update(grantsBucket, func(bucket *bbolt.Bucket) error {
		if err := forgetGrants(bucket, now); err != nil {
			return err
		}
		n, first := 0, uint64(math.MaxUint64)
		cursor := bucket.Cursor()
		for key, record := cursor.Seek(channel[:]); bytes.HasPrefix(key, channel[:]); key, record = cursor.Next() {
			n, first = n+1, min(first, grantOver(record))
		}
		if n < MaxGrants {
			return nil
		}
		wayOut := "pay from another channel"
		if first <= macaroon.MaxTime {
			wayOut = "the first expires at " + time.Unix(int64(first), 0).UTC().Format(time.RFC3339) + ", or " + wayOut
		}
		return fmt.Errorf("%w %s: it has %d that have not expired; %s", ErrManyGrants, channel, n, wayOut)
	})
}

func forgetGrants(bucket *bbolt.Bucket, now time.Time) error {
	var over [][]byte
	err := bucket.ForEach(func(key, record []byte) error {
		if grantOver(record) < uint64(max(0, now.Unix())) {
			over = append(over, bytes.Clone(key))
		}
		return nil
	})
	for _, key := range over {
		err = errors.Join(err, bucket.Delete(key))
	}
	return err
}

// TakeGrant remembers a grant that a server gave, durably. The same order may get it again, as
// long as only one of them was paid. Errors wrap [ErrGrantGiven], or are the book's.
func (b *Book) TakeGrant(g Grant, paid bool) error {
	return b.update(grantsBucket, func(bucket *bbolt.Bucket) error {
		kept := bucket.Get(g.key())
		switch {
		case kept == nil:
			return bucket.Put(g.key(), g.record())
		case !bytes.HasPrefix(kept, g.Order[:]):
			return fmt.Errorf("%w: grant %s is that of another order", ErrGrantGiven, g.ID)
		case paid:
			return fmt.Errorf("%w: grant %s is that of the same order, and was paid again", ErrGrantGiven, g.ID)
		}
		return nil
	})
}
