package state

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/journal"
)

// Position is where in the journal the checkpoint has come to: what is at or after it is not
// in the file.
func (f *File) Position() (p journal.Position, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		p, err = readPosition(tx)
		return err
	})
	return p, err
}

// Journal is the name of the journal that the checkpoint is of, zero before it was bound to one.
func (v *View) Journal() (name [16]byte, err error) {
	err = boltfile.Guard(func() error {
		value := v.tx.Bucket(formatBucket).Get(journalKey)
		if value == nil {
			return nil
		}
		body, err := open(journalKey, value, headLength+len(name))
		copy(name[:], body)
		return at(formatBucket, journalKey, err)
	})
	return name, err
}

// Bind makes the file the checkpoint of the journal with this name.
func (f *File) Bind(name [16]byte) error {
	err := boltfile.Guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(formatBucket).Put(journalKey, appendPlain(nil, journalKey, name[:]))
		})
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

// Position is [File.Position] of the view.
func (v *View) Position() (p journal.Position, err error) {
	err = boltfile.Guard(func() error {
		p, err = readPosition(v.tx)
		return err
	})
	return p, err
}

func readPosition(tx *bbolt.Tx) (p journal.Position, err error) {
	value := tx.Bucket(formatBucket).Get(positionKey)
	if value == nil {
		return p, nil
	}
	body, err := open(positionKey, value, headLength+16)
	if err != nil {
		return p, at(formatBucket, positionKey, err)
	}
	return journal.Position{Segment: binary.BigEndian.Uint64(body), Offset: int64(binary.BigEndian.Uint64(body[8:]))}, nil
}

// Load calls visit for every channel of the file, in the order of their ids. The record is
// only valid during the call. An error of visit ends the load and is returned.
func (v *View) Load(ctx context.Context, visit func(*vouchers.Record) error) error {
	return boltfile.Guard(func() error {
		defer release(v.tx)
		return loadChannels(ctx, v.tx, visit)
	})
}

// contextEvery is after how many values it is asked whether the context has ended.
const contextEvery = 1024

func loadChannels(ctx context.Context, tx *bbolt.Tx, visit func(*vouchers.Record) error) error {
	terms, err := readTerms(tx)
	if err != nil {
		return err
	}
	var record vouchers.Record
	seen := 0
	return tx.Bucket(channelBucket).ForEach(func(key, value []byte) error {
		if seen++; seen%contextEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := recordOf(key, value, terms, &record); err != nil {
			return err
		}
		return boltfile.Outside(func() error { return visit(&record) })
	})
}

func recordOf(key, value []byte, terms map[uint32]*vouchers.Terms, record *vouchers.Record) error {
	number, err := decodeChannel(key, value, record)
	if err == nil {
		if record.Terms = terms[number]; record.Terms == nil {
			err = fmt.Errorf("%w: terms %d are missing", boltfile.ErrCorrupt, number)
		}
	}
	return at(channelBucket, key, err)
}

// readTerms returns the terms of the file by their numbers.
func readTerms(tx *bbolt.Tx) (map[uint32]*vouchers.Terms, error) {
	terms := map[uint32]*vouchers.Terms{}
	err := tx.Bucket(termsBucket).ForEach(func(key, value []byte) error {
		number, t, err := decodeTerms(key, value)
		if err != nil {
			return at(termsBucket, key, err)
		}
		terms[number] = t
		return nil
	})
	return terms, err
}

// View is the file at one moment. It must be ended, and used by one goroutine.
type View struct {
	tx    *bbolt.Tx
	terms map[uint32]*vouchers.Terms // read when first needed
}

// View returns the file as it is now. Errors wrap [vouchers.ErrStoreClosed] once it is closed.
func (f *File) View() (*View, error) {
	tx, err := f.db.Begin(false)
	if err != nil {
		return nil, closed(err)
	}
	return &View{tx: tx}, nil
}

// End gives the view back.
func (v *View) End() { _ = v.tx.Rollback() } // of one that only reads it has nothing to fail at

// Size is how many bytes [View.WriteTo] writes.
func (v *View) Size() int64 { return v.tx.Size() }

// WriteTo writes a copy of the file.
func (v *View) WriteTo(w io.Writer) (n int64, err error) {
	err = boltfile.Guard(func() error {
		return boltfile.Outside(func() error {
			n, err = v.tx.WriteTo(w)
			return err
		})
	})
	return n, err
}

// Record reads the channel into r, and reports whether it is there.
func (v *View) Record(id vouchers.ChannelID, r *vouchers.Record) (found bool, err error) {
	err = boltfile.Guard(func() error {
		value := v.tx.Bucket(channelBucket).Get(id[:])
		if value == nil {
			return nil
		}
		if v.terms == nil {
			if v.terms, err = readTerms(v.tx); err != nil {
				return err
			}
		}
		found = true
		return recordOf(id[:], value, v.terms, r)
	})
	return found && err == nil, err
}

// Head is the end of a channel's history, zero if it has none.
func (v *View) Head(id vouchers.ChannelID) (h vouchers.Head, err error) {
	err = boltfile.Guard(func() error {
		if value := v.tx.Bucket(headBucket).Get(id[:]); value != nil {
			h, err = decodeHead(id[:], value)
		}
		return at(headBucket, id[:], err)
	})
	return h, err
}

// Get returns a copy of what a room's bucket has under key, nil if nothing.
func (v *View) Get(bucket string, key []byte) (value []byte, err error) {
	err = boltfile.Guard(func() error {
		room := v.room(bucket)
		if room == nil {
			return nil
		}
		stored := room.Get(key)
		if stored == nil {
			return nil
		}
		plain, err := open(key, stored, headLength)
		value = append([]byte{}, plain...)
		return at([]byte(bucket), key, err)
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (v *View) room(bucket string) *bbolt.Bucket {
	return v.tx.Bucket(roomsBucket).Bucket([]byte(bucket))
}

// Cursor walks a room's bucket. Keys and values are those of the file: they must not be
// changed, nor used after the view has ended.
type Cursor struct {
	name   string
	cursor *bbolt.Cursor // nil of a bucket that nobody has written to
}

// Cursor returns one over a room's bucket. Its methods are to be called within
// [boltfile.Guard].
func (v *View) Cursor(bucket string) *Cursor {
	c := &Cursor{name: bucket}
	if room := v.room(bucket); room != nil {
		c.cursor = room.Cursor()
	}
	return c
}

// Seek moves to the first key that is not below key. A nil key is the end.
func (c *Cursor) Seek(key []byte) (_, value []byte, err error) {
	if c.cursor == nil {
		return nil, nil, nil
	}
	return c.plain(c.cursor.Seek(key))
}

// Next moves on.
func (c *Cursor) Next() (_, value []byte, err error) {
	if c.cursor == nil {
		return nil, nil, nil
	}
	return c.plain(c.cursor.Next())
}

// Last moves to the last key with this prefix, nil if there is none.
func (c *Cursor) Last(prefix []byte) (key, value []byte, err error) {
	if c.cursor == nil {
		return nil, nil, nil
	}
	if after := After(prefix); after == nil {
		key, value = c.cursor.Last()
	} else if key, _ = c.cursor.Seek(after); key == nil {
		key, value = c.cursor.Last()
	} else {
		key, value = c.cursor.Prev()
	}
	if !bytes.HasPrefix(key, prefix) {
		return nil, nil, nil
	}
	return c.plain(key, value)
}

// Prev moves back.
func (c *Cursor) Prev() (_, value []byte, err error) {
	if c.cursor == nil {
		return nil, nil, nil
	}
	return c.plain(c.cursor.Prev())
}

func (c *Cursor) plain(key, stored []byte) (_, value []byte, err error) {
	if key == nil {
		return nil, nil, nil
	}
	value, err = open(key, stored, headLength)
	return key, value, at([]byte(c.name), key, err)
}

// After is the first key after all that have a prefix, nil if there is none.
func After(prefix []byte) []byte {
	after := bytes.Clone(prefix)
	for len(after) > 0 && after[len(after)-1] == 0xff {
		after = after[:len(after)-1]
	}
	if len(after) == 0 {
		return nil
	}
	after[len(after)-1]++
	return after
}
