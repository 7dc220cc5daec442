package diskstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/migrate"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

var _ vouchers.Store = (*Store)(nil)

// What a store is refused with.
var (
	// ErrInUse says that another process has it open.
	ErrInUse = boltfile.ErrInUse
	// ErrFormat says that it is no store, or one of a newer version of this program.
	ErrFormat = state.ErrFormat
	// ErrCorrupt says that it is damaged.
	ErrCorrupt = boltfile.ErrCorrupt
)

// Store is a vouchers.Store in one folder. It is safe for concurrent use.
type Store struct {
	path    string
	options options
	state   *state.File
	journal *journal.Journal
	tables  *history.Tables
	answers *history.Answers
	queue   *queue
	disk    *disk
	keeper  *keeper
	ended   chan struct{} // closed when the writer has ended
	closing sync.Once
	closed  error // what Close returns, once closing is done

	attestor   atomic.Pointer[vouchers.Attest]
	unattested atomic.Pointer[error]
	failure    atomic.Pointer[error] // why the store ended, unless it was closed

	// The writer alone uses what follows.
	encoder frame.Encoder
	buffer  []byte // of one frame

	upkeep sync.Mutex // held while files other than the newest segment come and go

	mu       sync.Mutex // guards what follows; held for moments
	active   *overlay   // what is not being written to the checkpoint yet
	frozen   *overlay   // what is being written, nil if nothing is
	unsealed []*live    // by their segments
	newest   *live      // the last of them
}

// Path is where the folder is.
func (s *Store) Path() string { return s.path }

// Attest says who attests what is added to the history. It is to be called before the first
// entry is submitted.
func (s *Store) Attest(attest vouchers.Attest) { s.attestor.Store(&attest) }

// Load implements vouchers.Store.
func (s *Store) Load(ctx context.Context, visit func(*vouchers.Record) error) error {
	at, newer, err := s.channelsNow()
	if err != nil {
		return fmt.Errorf("load the channels of %s: %w", s.path, err)
	}
	defer at.End()
	err = at.Load(ctx, func(r *vouchers.Record) error {
		if now := newer[r.ID]; now != nil {
			delete(newer, r.ID)
			return visit(share(now, r.Terms))
		}
		return visit(r)
	})
	for _, r := range newer {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			break
		}
		err = visit(r)
	}
	if err != nil {
		return fmt.Errorf("load the channels of %s: %w", s.path, err)
	}
	return nil
}

// channelsNow is the checkpoint, with copies of the records that it may not have.
func (s *Store) channelsNow() (*state.View, map[vouchers.ChannelID]*vouchers.Record, error) {
	if err := s.queue.err(); errors.Is(err, vouchers.ErrStoreClosed) {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.state.View()
	if err != nil {
		return nil, nil, err
	}
	shared := map[vouchers.Terms]*vouchers.Terms{}
	all := map[vouchers.ChannelID]*vouchers.Record{}
	for _, o := range []*overlay{s.frozen, s.active} {
		if o == nil {
			continue
		}
		for id, r := range o.records {
			kept := *r
			if shared[*r.Terms] == nil {
				shared[*r.Terms] = r.Terms
			}
			kept.Terms = shared[*r.Terms]
			all[id] = &kept
		}
	}
	return at, all, nil
}

// share gives a record the terms that others have, if they are its own.
func share(r *vouchers.Record, terms *vouchers.Terms) *vouchers.Record {
	if *r.Terms == *terms {
		r.Terms = terms
	}
	return r
}

// Submit implements vouchers.Store. An update that no store can keep is refused with an error
// that wraps vouchers.ErrUpdate, and harms nothing else.
func (s *Store) Submit(u vouchers.Update) vouchers.Ticket {
	if err := check(&u); err != nil {
		refused := newBatch()
		refused.finish(err)
		return refused
	}
	return s.queue.add(&u)
}

// The longest value of an entry, and the longest update, in bytes.
const (
	maxEntry  = 64 << 10
	maxUpdate = 512 << 20
)

// check refuses an update that cannot be kept.
func check(u *vouchers.Update) error {
	if u.Slot != nil {
		if u.Record.Terms == nil {
			return fmt.Errorf("%w: channel %s has no terms", vouchers.ErrUpdate, u.Record.ID)
		}
		if n := u.Record.Proof.Len(); n > vouchers.MaxSignature {
			return fmt.Errorf("%w: channel %s has a signature of %d bytes, at most %d", vouchers.ErrUpdate, u.Record.ID, n, vouchers.MaxSignature)
		}
	}
	if u.Entry != nil && (u.Entry.Number == 0 || len(u.Entry.Value) > maxEntry) {
		return fmt.Errorf("%w: entry %d of channel %s with %d bytes: want a number above 0, and at most %d bytes", vouchers.ErrUpdate, u.Entry.Number, u.Entry.Channel, len(u.Entry.Value), maxEntry)
	}
	if size := sizeOf(u); size > maxUpdate {
		return fmt.Errorf("%w: it has %d bytes, at most %d", vouchers.ErrUpdate, size, maxUpdate)
	}
	return vouchers.ValidatePuts(u.Puts)
}

// Answer implements vouchers.Store. What is past its time is not found.
func (s *Store) Answer(key vouchers.AnswerKey) (a vouchers.Answer, found bool, err error) {
	a, found, err = s.findAnswer(key)
	if err != nil {
		return vouchers.Answer{}, false, fmt.Errorf("look for an answer: %w", err)
	}
	if found && !s.options.now().Before(a.Expires) {
		return vouchers.Answer{}, false, nil
	}
	return a, found, nil
}

func (s *Store) findAnswer(key vouchers.AnswerKey) (a vouchers.Answer, found bool, err error) {
	if err := s.queue.err(); errors.Is(err, vouchers.ErrStoreClosed) {
		return a, false, err
	}
	if at, in := s.unsealedAnswer(key); in != nil {
		a, err = s.readAnswer(at, in)
		if !errors.Is(err, fs.ErrNotExist) { // it was not sealed meanwhile
			return a, err == nil, err
		}
	}
	return s.answers.Lookup(key)
}

func (s *Store) unsealedAnswer(key vouchers.AnswerKey) (at place, in *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.unsealed {
		if p, known := l.answers[key]; known {
			at, in = p, l
		}
	}
	return at, in
}

func (s *Store) readAnswer(at place, in *live) (a vouchers.Answer, err error) {
	r := frameReader{from: s.journal}
	f, err := r.read(in.position(at))
	if err != nil {
		return a, err
	}
	return *f.Answers[at.index], nil
}

// Err implements vouchers.Store.
func (s *Store) Err() error {
	if err := s.queue.err(); err != nil {
		return err
	}
	if err := s.unattested.Load(); err != nil {
		return *err
	}
	return s.disk.err()
}

// Close implements vouchers.Store. It waits for those who read, returns why the store failed
// if it did, and returns the same when it is called again.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.queue.shut(fmt.Errorf("%w: %s", vouchers.ErrStoreClosed, s.path))
		<-s.ended
		s.keeper.end()
		if failure := s.failure.Load(); failure != nil {
			s.closed = *failure
		}
		s.closed = errors.Join(s.closed, s.journal.Close(), s.tables.Close(), s.answers.Close(), s.state.Close())
	})
	return s.closed
}

type options struct {
	now          func() time.Time
	mustExist    bool
	former       migrate.Receipt
	segment      int64 // bytes
	checkpointAt int64 // bytes of the journal
	reserve      int64 // bytes
	onFull       func(error)
	fail         func(point string) error
	failJournal  func(point string) error
}

// Option configures a store.
type Option func(*options)

// WithClock sets what tells the time, by which kept answers are forgotten; the
// default is time.Now.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// MustExist makes Open refuse a path where no store is, with an error that wraps
// fs.ErrNotExist, instead of creating one.
func MustExist() Option { return func(o *options) { o.mustExist = true } }

// WithFormerReceipts says how the receipts of a store of version 1 are read. Without it a
// store that has any is not migrated.
func WithFormerReceipts(read migrate.Receipt) Option { return func(o *options) { o.former = read } }
