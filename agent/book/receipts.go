package book

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

var receiptsBucket = []byte(receipts.Bucket)

// contradictionsBucket holds receipts whose number another one has.
var contradictionsBucket = []byte("contradictions")

// KeepReceipts writes receipts, durably. Of two different ones of one number, which are
// a proof against who signed them, the first stays, and the second is kept beside it:
// see [Book.Contradictions]. What cannot be a receipt is left out.
func (b *Book) KeepReceipts(all []*receipts.Signed) error {
	return b.update(receiptsBucket, func(bucket *bbolt.Bucket) error {
		for _, r := range all {
			key, value, err := r.Record()
			if err != nil {
				continue
			}
			into := bucket
			if contradicts(key, bucket.Get(key), r) {
				if into, err = bucket.Tx().CreateBucketIfNotExists(contradictionsBucket); err != nil {
					return err
				}
			}
			if err := into.Put(key, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// contradicts says whether what is kept under the key of a receipt, if anything, says something
// else. How it was signed does not matter.
func contradicts(key, kept []byte, r *receipts.Signed) bool {
	if kept == nil {
		return false
	}
	before, err := receipts.FromRecord(key, kept)
	return err != nil || before.Receipt != r.Receipt
}

// Contradictions returns the receipts of channels whose number another one has: a
// seller that gives two for one charge is dishonest, or has lost its books.
func (b *Book) Contradictions(ids ...vouchers.ChannelID) (all []receipts.Signed, err error) {
	for _, id := range ids {
		of, err := b.receiptsIn(contradictionsBucket, id)
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// Receipts returns the signed receipts of a channel that the book has, by their numbers.
func (b *Book) Receipts(id vouchers.ChannelID) ([]receipts.Signed, error) {
	return b.receiptsIn(receiptsBucket, id)
}

func (b *Book) receiptsIn(name []byte, id vouchers.ChannelID) ([]receipts.Signed, error) {
	all := []receipts.Signed{}
	err := b.update(name, func(bucket *bbolt.Bucket) error {
		cursor := bucket.Cursor()
		for key, value := cursor.Seek(id[:]); bytes.HasPrefix(key, id[:]); key, value = cursor.Next() {
			r, err := receipts.FromRecord(key, value)
			if err != nil {
				return err
			}
			all = append(all, *r)
		}
		return nil
	})
	return all, err
}

// Proof returns the receipt of a channel that proves most charged, of the epochs before one (see
// [vouchers.EpochOf]; 0 is no bound), and the epoch of the newest of these; nil where the book
// has none. Within an epoch the last receipt is the one that proves most.
func (b *Book) Proof(id vouchers.ChannelID, before uint64) (most *receipts.Signed, epoch uint64, err error) {
	from := uint64(math.MaxUint64)
	if before > 0 && before <= vouchers.MaxEpoch {
		from = vouchers.NextNumber(0, before) - 1 // which no receipt has
	}
	err = b.update(receiptsBucket, func(bucket *bbolt.Bucket) error {
		cursor := bucket.Cursor()
		for below := from; ; {
			r, err := lastBelow(cursor, id, below)
			if r == nil || err != nil {
				return err
			}
			of, within := vouchers.EpochOf(r.Sequence)
			epoch = max(epoch, of)
			if most == nil || r.Cumulative > most.Cumulative {
				most = r
			}
			if below = r.Sequence - within; below == 0 {
				return nil
			}
		}
	})
	return most, epoch, err
}

// lastBelow is the last receipt of a channel with a number up to one, nil if there is none.
func lastBelow(cursor *bbolt.Cursor, id vouchers.ChannelID, number uint64) (*receipts.Signed, error) {
	end := binary.BigEndian.AppendUint64(bytes.Clone(id[:]), number)
	key, value := cursor.Seek(end)
	if !bytes.Equal(key, end) {
		if key == nil {
			key, value = cursor.Last()
		} else {
			key, value = cursor.Prev()
		}
	}
	if !bytes.HasPrefix(key, id[:]) {
		return nil, nil
	}
	return receipts.FromRecord(key, value)
}

// WriteStatement writes the receipts in the book that want keeps, with their channels,
// as JSON lines (see [receipts.Statement]). claimed says what the chain knows of a
// channel, nil if that cannot be asked.
func (b *Book) WriteStatement(want receipts.Filter, claimed func(Entry) (*receipts.Claimed, error), w io.Writer) error {
	entries, err := b.Channels()
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool {
		return want.Channel != (vouchers.ChannelID{}) && want.Channel != e.Channel
	})
	if len(entries) == 0 && want.Channel != (vouchers.ChannelID{}) {
		return fmt.Errorf("%w: the book has none with the id %s", ErrNoChannel, want.Channel)
	}
	statement := receipts.NewStatement(w)
	for _, e := range entries {
		if err := b.writeChannel(statement, e, &want, claimed); err != nil {
			return err
		}
	}
	return nil
}

func (b *Book) writeChannel(statement *receipts.Statement, e Entry, want *receipts.Filter, claimed func(Entry) (*receipts.Claimed, error)) error {
	known, err := claimed(e)
	if err != nil {
		return err
	}
	all, err := b.Receipts(e.Channel)
	if err != nil {
		return err
	}
	if err := statement.Account(receipts.AccountOf(e.Deployment, e.Channel, e.Config)); err != nil {
		return err
	}
	for i := range all {
		if !want.Keeps(&all[i]) {
			continue
		}
		if err := statement.Receipt(&all[i]); err != nil {
			return err
		}
	}
	if known == nil {
		return nil
	}
	return statement.Claimed(*known)
}

// ErrNoChannel says that there is no money in a channel to the seller.
var ErrNoChannel = errors.New("no channel")

// Numbered returns the receipts of a channel with a number: more than one where the seller
// contradicts itself.
func (b *Book) Numbered(id vouchers.ChannelID, sequence uint64) (all []*receipts.Signed, err error) {
	key, _, err := (&receipts.Signed{Receipt: receipts.Receipt{Network: vouchers.Deployment{ChainID: 1}.Network(), Channel: id, Sequence: sequence}}).Record()
	if err != nil {
		return nil, err
	}
	err = b.update(receiptsBucket, func(bucket *bbolt.Bucket) error {
		for _, from := range []*bbolt.Bucket{bucket, bucket.Tx().Bucket(contradictionsBucket)} {
			if from == nil {
				continue
			}
			value := from.Get(key)
			if value == nil {
				continue
			}
			r, err := receipts.FromRecord(key, value)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all, err
}
