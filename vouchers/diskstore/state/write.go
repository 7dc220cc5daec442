package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/journal"
)

// Changes are what the journal has from one position to another.
type Changes struct {
	// Records are the channels as they are at Position, Heads the ends of their histories.
	Records map[vouchers.ChannelID]*vouchers.Record
	Heads   map[vouchers.ChannelID]vouchers.Head
	// Rooms calls put for every key of a room's bucket that has changed, with nil for one
	// that was deleted.
	Rooms    func(put func(bucket string, key, value []byte) error) error
	Position journal.Position
}

// Write makes changes durable in one transaction. If it fails the file is as it was.
func (f *File) Write(c *Changes) error {
	err := boltfile.Guard(func() error {
		tx, err := f.db.Begin(true)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // after a commit it has nothing to do
		if err := f.fill(tx, c); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err != nil {
		f.forgetNumbers()
		err = fmt.Errorf("write %s: %w", f.path, err)
	}
	f.numbered = f.numbered[:0]
	if cap(f.arena) > keptArena {
		f.arena = nil
	}
	return err
}

// keptArena is how many bytes at most are kept for the next transaction.
const keptArena = 8 << 20

func (f *File) fill(tx *bbolt.Tx, c *Changes) error {
	f.arena, f.numbered = f.arena[:0], f.numbered[:0]
	if err := f.putChannels(tx, c.Records); err != nil {
		return err
	}
	heads := tx.Bucket(headBucket)
	for _, id := range ordered(c.Heads) {
		head := c.Heads[id]
		if err := heads.Put(id[:], f.value(func(b []byte) []byte { return appendHead(b, id[:], &head) })); err != nil {
			return at(headBucket, id[:], err)
		}
	}
	if c.Rooms != nil {
		if err := c.Rooms(func(bucket string, key, value []byte) error { return f.put(tx, bucket, key, value) }); err != nil {
			return err
		}
	}
	return tx.Bucket(formatBucket).Put(positionKey, appendPosition(c.Position))
}

func appendPosition(p journal.Position) []byte {
	body := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.Segment), uint64(p.Offset))
	return appendPlain(nil, positionKey, body)
}

// ordered are the ids as the file has them: writing in this order touches each page once.
func ordered[V any](all map[vouchers.ChannelID]V) []vouchers.ChannelID {
	return slices.SortedFunc(maps.Keys(all), func(a, b vouchers.ChannelID) int { return bytes.Compare(a[:], b[:]) })
}

func (f *File) putChannels(tx *bbolt.Tx, records map[vouchers.ChannelID]*vouchers.Record) error {
	channels := tx.Bucket(channelBucket)
	for _, id := range ordered(records) {
		r := records[id]
		terms, err := f.number(tx, r.Terms)
		if err != nil {
			return err
		}
		if err := channels.Put(id[:], f.value(func(b []byte) []byte { return appendChannel(b, r, terms) })); err != nil {
			return at(channelBucket, id[:], err)
		}
	}
	return nil
}

// value returns what appendTo appends, in memory that lasts until the transaction ends.
func (f *File) value(appendTo func([]byte) []byte) []byte {
	start := len(f.arena)
	f.arena = appendTo(f.arena)
	return f.arena[start:len(f.arena):len(f.arena)]
}

// number returns the number under which the file has these terms.
func (f *File) number(tx *bbolt.Tx, t *vouchers.Terms) (uint32, error) {
	if number, known := f.terms[*t]; known {
		return number, nil
	}
	number := f.nextTerms
	key := binary.BigEndian.AppendUint32(nil, number)
	if err := tx.Bucket(termsBucket).Put(key, appendTerms(nil, key, t)); err != nil {
		return 0, fmt.Errorf("terms %d: %w", number, err)
	}
	f.terms[*t] = number
	f.numbered = append(f.numbered, *t)
	f.nextTerms++
	return number, nil
}

// forgetNumbers takes back the numbers of a transaction that came to nothing.
func (f *File) forgetNumbers() {
	for _, t := range f.numbered {
		delete(f.terms, t)
	}
	f.numbered = f.numbered[:0]
}

func (f *File) put(tx *bbolt.Tx, bucket string, key, value []byte) error {
	room, err := tx.Bucket(roomsBucket).CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bucket, err)
	}
	if value == nil {
		return at([]byte(bucket), key, room.Delete(key))
	}
	return at([]byte(bucket), key, room.Put(key, f.value(func(b []byte) []byte { return appendPlain(b, key, value) })))
}
