package boltstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/chitpay/chit/vouchers"
)

var _ vouchers.Store = (*Store)(nil)

// Store is a vouchers.Store in one bbolt file. It is safe for concurrent use.
type Store struct {
	path    string
	db      *bbolt.DB
	options options
	queue   *queue
	room    *room
	ended   chan struct{} // closed when the writer has ended
	closing sync.Once
	closed  error // what Close returns, once closing is done

	// The writer alone uses what follows, until it has ended.
	failure   error                     // why it ended, unless the store was closed
	terms     map[vouchers.Terms]uint32 // numbers of the terms in the file
	nextTerms uint32                    // no terms in the file have this number or a higher one
	numbered  []vouchers.Terms          // that got their numbers in the present transaction
	arena     []byte                    // holds the values of one transaction
}

type options struct {
	now       func() time.Time
	mustExist bool
	commit    func(*bbolt.Tx) error
	steps     []migration
	reserve   int64 // bytes
	onFull    func(error)
}

// Option configures a store.
type Option func(*options)

// WithClock sets what tells the time, by which kept answers are forgotten; the
// default is time.Now.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// MustExist makes Open refuse a path where no file is, with an error that wraps
// fs.ErrNotExist, instead of creating one.
func MustExist() Option { return func(o *options) { o.mustExist = true } }

// Open opens the store at path, creates it with mode 0600 if there is none, and
// brings an older format up to date. The file is this store's alone until Close.
//
// Errors wrap [ErrInUse] if another process has the file open, [ErrFormat] if it
// is no store or one of a newer version, [ErrCorrupt] if it is damaged.
func Open(path string, opts ...Option) (*Store, error) {
	s := &Store{
		path:    path,
		options: options{now: time.Now, commit: (*bbolt.Tx).Commit, steps: migrations},
		queue:   newQueue(),
		ended:   make(chan struct{}),
	}
	for _, set := range opts {
		set(&s.options)
	}
	var err error
	if s.db, err = openFile(path, s.options.mustExist); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), s.db.Close())
	}
	s.room = newRoom(path, s.options)
	go s.write()
	return s, nil
}

// Path is where the file is.
func (s *Store) Path() string { return s.path }

// prepare brings the file to the format of this program and reads its terms.
func (s *Store) prepare() error {
	if err := guard(func() error { return migrate(s.db, s.options.steps) }); err != nil {
		return err
	}
	return s.view(func(tx *bbolt.Tx) error {
		numbered, err := readTerms(tx)
		if err != nil {
			return err
		}
		s.terms = make(map[vouchers.Terms]uint32, len(numbered))
		for number, t := range numbered {
			s.terms[*t] = number
			s.nextTerms = max(s.nextTerms, number+1)
		}
		return nil
	})
}

// view runs read in a read-only transaction. Damaged pages become [ErrCorrupt].
func (s *Store) view(read func(*bbolt.Tx) error) error {
	return guard(func() error { return s.db.View(read) })
}

// Load implements vouchers.Store.
func (s *Store) Load(ctx context.Context, visit func(*vouchers.Record) error) error {
	err := s.view(func(tx *bbolt.Tx) error {
		defer release(tx)
		return loadChannels(ctx, tx, visit)
	})
	if err != nil {
		return fmt.Errorf("load the channels of %s: %w", s.path, s.readable(err))
	}
	return nil
}

func loadChannels(ctx context.Context, tx *bbolt.Tx, visit func(*vouchers.Record) error) error {
	const contextEvery = 1024
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
		number, err := decodeChannel(key, value, &record)
		if err != nil {
			return at(channelBucket, key, err)
		}
		if record.Terms = terms[number]; record.Terms == nil {
			return at(channelBucket, key, fmt.Errorf("%w: terms %d are missing", ErrCorrupt, number))
		}
		return outside(func() error { return visit(&record) })
	})
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

// Submit implements vouchers.Store. An update that no store can keep is refused
// with an error that wraps vouchers.ErrUpdate, and harms nothing else.
func (s *Store) Submit(u vouchers.Update) vouchers.Ticket {
	if err := check(&u); err != nil {
		refused := newBatch()
		refused.finish(err)
		return refused
	}
	return s.queue.add(&u)
}

// Answer implements vouchers.Store.
func (s *Store) Answer(key vouchers.AnswerKey) (a vouchers.Answer, found bool, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		value := tx.Bucket(answerBucket).Get(key[:])
		if value == nil {
			return nil
		}
		found = true
		a, err = decodeAnswer(key[:], value)
		return at(answerBucket, key[:], err)
	})
	if err != nil {
		return vouchers.Answer{}, false, fmt.Errorf("look for an answer: %w", s.readable(err))
	}
	return a, found, nil
}

// Err implements vouchers.Store.
func (s *Store) Err() error {
	if err := s.queue.err(); err != nil {
		return err
	}
	return s.room.err()
}

// readable says of a read that failed because the store is closed that it is.
func (s *Store) readable(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return vouchers.ErrStoreClosed
	}
	return err
}

// Close implements vouchers.Store. It waits for those who read, returns why the
// store failed if it did, and returns the same when it is called again.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.queue.shut(fmt.Errorf("%w: %s", vouchers.ErrStoreClosed, s.path))
		<-s.ended
		s.closed = errors.Join(s.failure, s.db.Close())
	})
	return s.closed
}
