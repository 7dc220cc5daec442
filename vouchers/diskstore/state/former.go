package state

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
)

// The version of a store in one bbolt file, and the buckets that only it has.
const formerVersion = 1

var (
	answerBucket = []byte("answers")
	// ReceiptBucket is the room's bucket that had the receipts.
	receiptBucket = []byte("receipts")
)

// Former is a store of version 1: one bbolt file with everything in it.
type Former struct {
	path string
	db   *bbolt.DB
}

// OpenFormer opens a store of version 1, which is the caller's alone until Close. It changes
// nothing of it. Errors are those of [Open], or wrap fs.ErrNotExist.
func OpenFormer(path string) (*Former, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	db, err := boltfile.Open(path, &bbolt.Options{InitialMmapSize: mapped})
	if err != nil {
		return nil, err
	}
	err = boltfile.Guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			version, err := versionOf(tx)
			switch {
			case err != nil:
				return err
			case version == 0:
				return fmt.Errorf("%w: nothing is in it", ErrFormat)
			case version != formerVersion:
				return fmt.Errorf("%w: a file of version %d by itself: a store of that version is a folder", ErrFormat, version)
			}
			return nil
		})
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), db.Close())
	}
	return &Former{path, db}, nil
}

// Close gives the file back.
func (f *Former) Close() error { return f.db.Close() }

func (f *Former) view(read func(*bbolt.Tx) error) error {
	return boltfile.Guard(func() error { return f.db.View(read) })
}

// CopyTo writes what is alive to an empty checkpoint: channels, their terms, and the buckets of
// other rooms but that of receipts. Every value is checked on its way.
func (f *Former) CopyTo(to *File) error {
	return f.view(func(from *bbolt.Tx) error {
		w := &bulk{db: to.db}
		err := w.copy(from.Bucket(termsBucket), termsBucket, nil, func(key, value []byte) error {
			_, _, err := decodeTerms(key, value)
			return err
		})
		if err != nil {
			return err
		}
		var r vouchers.Record
		err = w.copy(from.Bucket(channelBucket), channelBucket, nil, func(key, value []byte) error {
			_, err := decodeChannel(key, value, &r)
			return err
		})
		if err != nil {
			return err
		}
		rooms := from.Bucket(roomsBucket)
		err = rooms.ForEachBucket(func(name []byte) error {
			if string(name) == string(receiptBucket) {
				return nil
			}
			return w.copy(rooms.Bucket(name), roomsBucket, name, func(key, value []byte) error {
				_, err := open(key, value, headLength)
				return err
			})
		})
		if err != nil {
			return err
		}
		if err := w.commit(); err != nil {
			return err
		}
		return to.readNumbers()
	})
}

// Answers visits the answers that are kept.
func (f *Former) Answers(visit func(vouchers.Answer) error) error {
	return f.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(answerBucket).ForEach(func(key, value []byte) error {
			a, err := decodeAnswer(key, value)
			if err != nil {
				return at(answerBucket, key, err)
			}
			return visit(a)
		})
	})
}

// Receipts visits the receipts as their room has kept them, by channel and number. Key and
// value are only valid during the call.
func (f *Former) Receipts(visit func(key, value []byte) error) error {
	return f.view(func(tx *bbolt.Tx) error {
		room := tx.Bucket(roomsBucket).Bucket(receiptBucket)
		if room == nil {
			return nil
		}
		return room.ForEach(func(key, stored []byte) error {
			value, err := open(key, stored, headLength)
			if err == nil {
				err = visit(key, value)
			}
			return at(receiptBucket, key, err)
		})
	})
}

func moment(seconds uint64) time.Time { return time.Unix(int64(seconds), 0).UTC() }

// decodeAnswer copies what it returns.
func decodeAnswer(key, value []byte) (vouchers.Answer, error) {
	if len(key) != len(vouchers.AnswerKey{}) {
		return vouchers.Answer{}, fmt.Errorf("%w: an answer's key of %d bytes", boltfile.ErrCorrupt, len(key))
	}
	body, err := open(key, value, answerLength)
	if err != nil {
		return vouchers.Answer{}, err
	}
	r := reader{body}
	a := vouchers.Answer{
		Key: vouchers.AnswerKey(key), Fingerprint: [32]byte(r.bytes(32)), Ceiling: r.amount(), Expires: moment(r.uint64()),
	}
	omitted := r.bytes(1)[0]
	if omitted > 1 || omitted == 1 && len(r.rest) > 0 {
		return vouchers.Answer{}, fmt.Errorf("%w: an answer that is both kept and omitted", boltfile.ErrCorrupt)
	}
	a.Omitted = omitted == 1
	if !a.Omitted {
		a.Body = append([]byte{}, r.rest...)
	}
	return a, nil
}
