package boltstore

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
)

// write is the one goroutine that writes. It ends when the store is closed, or with the
// first error but that of a full disk. Before each transaction it lets everybody run who is
// ready to: under load they submit what would otherwise take transactions of its own, and
// without load nobody is there to wait for.
func (s *Store) write() {
	defer close(s.ended)
	for {
		var again <-chan time.Time // while the reserve is to be made again
		if s.room.err() != nil {
			again = time.After(retryEvery)
		}
		select {
		case <-s.queue.wake:
		case <-again:
			s.room.restore()
			continue
		}
		closing := s.queue.err() != nil // nothing comes in any more: what is queued is all
		if !s.writeQueued() || closing {
			return
		}
	}
}

// writeQueued writes what is queued, and reports whether it could.
func (s *Store) writeQueued() bool {
	next := func() *batch {
		runtime.Gosched()
		return s.queue.take()
	}
	for b := next(); b != nil; b = next() {
		if err := s.persist(b); err != nil {
			s.failure = fmt.Errorf("%w: write %s: %w: mend the cause and start again", vouchers.ErrStoreFailed, s.path, err)
			s.queue.end(s.failure)
			b.finish(s.failure)
			return false
		}
		b.finish(nil)
		s.queue.recycle(b)
	}
	return true
}

// commit makes a batch durable.
func (s *Store) commit(b *batch) error {
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it has nothing to do
	if err := s.fill(tx, b); err != nil {
		return err
	}
	return s.options.commit(tx)
}

func (s *Store) fill(tx *bbolt.Tx, b *batch) error {
	s.arena, s.numbered = s.arena[:0], s.numbered[:0]
	channels := tx.Bucket(channelBucket)
	for i := range b.records {
		r := &b.records[i]
		terms, err := s.number(tx, r.Terms)
		if err != nil {
			return err
		}
		value := s.value(func(b []byte) []byte { return appendChannel(b, r, terms) })
		if err := channels.Put(r.ID[:], value); err != nil {
			return fmt.Errorf("channel %s: %w", r.ID, err)
		}
	}
	if err := s.keep(tx, b.answers); err != nil {
		return err
	}
	if err := s.forget(tx, forgetAtLeast+2*len(b.answers)); err != nil {
		return err
	}
	return s.put(tx, b.puts)
}

// value returns what appendTo appends, in memory that lasts until the
// transaction ends.
func (s *Store) value(appendTo func([]byte) []byte) []byte {
	start := len(s.arena)
	s.arena = appendTo(s.arena)
	return s.arena[start:len(s.arena):len(s.arena)]
}

// number returns the number under which the file has these terms.
func (s *Store) number(tx *bbolt.Tx, t *vouchers.Terms) (uint32, error) {
	if number, known := s.terms[*t]; known {
		return number, nil
	}
	number := s.nextTerms
	key := binary.BigEndian.AppendUint32(nil, number)
	if err := tx.Bucket(termsBucket).Put(key, appendTerms(nil, key, t)); err != nil {
		return 0, fmt.Errorf("terms %d: %w", number, err)
	}
	s.terms[*t] = number
	s.numbered = append(s.numbered, *t)
	s.nextTerms++
	return number, nil
}

// forgetNumbers takes back the numbers of a transaction that came to nothing.
func (s *Store) forgetNumbers() {
	for _, t := range s.numbered {
		delete(s.terms, t)
	}
	s.numbered = s.numbered[:0]
}

// keep writes answers, and when each may be forgotten.
func (s *Store) keep(tx *bbolt.Tx, kept []*vouchers.Answer) error {
	answers, expiries := tx.Bucket(answerBucket), tx.Bucket(expiryBucket)
	for _, a := range kept {
		value := s.value(func(b []byte) []byte { return appendAnswer(b, a) })
		if err := answers.Put(a.Key[:], value); err != nil {
			return fmt.Errorf("answer %x: %w", a.Key, err)
		}
		if err := expiries.Put(expiryKey(seconds(a.Expires), a.Key[:]), []byte{}); err != nil {
			return fmt.Errorf("expiry of answer %x: %w", a.Key, err)
		}
	}
	return nil
}

// forgetAtLeast is how many answers past their time a transaction removes even if
// it keeps no new ones: enough to keep up, and few enough to delay nobody.
const forgetAtLeast = 256

// forget removes up to most answers whose time is over. An answer that was
// replaced by a later one under the same key leaves an entry in the index, which
// then removes itself alone.
func (s *Store) forget(tx *bbolt.Tx, most int) error {
	now := seconds(s.options.now())
	answers, expiries := tx.Bucket(answerBucket), tx.Bucket(expiryBucket)
	var due [][]byte
	cursor := expiries.Cursor()
	for key, _ := cursor.First(); key != nil && len(due) < most; key, _ = cursor.Next() {
		expires, _, err := splitExpiry(key)
		if err != nil {
			return at(expiryBucket, key, err)
		}
		if expires > now {
			break
		}
		due = append(due, append([]byte(nil), key...))
	}
	for _, key := range due {
		if err := expiries.Delete(key); err != nil {
			return at(expiryBucket, key, err)
		}
		expires, answer, _ := splitExpiry(key)
		if value := answers.Get(answer); value == nil || answerExpires(value) > expires {
			continue
		}
		if err := answers.Delete(answer); err != nil {
			return at(answerBucket, answer, err)
		}
	}
	return nil
}

// put writes to the buckets of other rooms.
func (s *Store) put(tx *bbolt.Tx, puts []vouchers.Put) error {
	rooms := tx.Bucket(roomsBucket)
	for _, p := range puts {
		room, err := rooms.CreateBucketIfNotExists([]byte(p.Bucket))
		if err != nil {
			return fmt.Errorf("bucket %s: %w", p.Bucket, err)
		}
		if p.Value == nil {
			err = room.Delete(p.Key)
		} else {
			err = room.Put(p.Key, s.value(func(b []byte) []byte { return appendPlain(b, p.Key, p.Value) }))
		}
		if err != nil {
			return at([]byte(p.Bucket), p.Key, err)
		}
	}
	return nil
}

// expiryKey orders answers by the second from which they may be forgotten.
func expiryKey(expires uint64, answer []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, expiryLength), expires), answer...)
}

func splitExpiry(key []byte) (expires uint64, answer []byte, err error) {
	if len(key) != expiryLength {
		return 0, nil, fmt.Errorf("%w: an expiry of %d bytes, want %d", ErrCorrupt, len(key), expiryLength)
	}
	return binary.BigEndian.Uint64(key), key[8:], nil
}

// seconds returns t in Unix seconds, as the file has it; 0 for what is before.
func seconds(t time.Time) uint64 { return uint64(max(0, t.Unix())) }

func moment(seconds uint64) time.Time { return time.Unix(int64(seconds), 0).UTC() }
