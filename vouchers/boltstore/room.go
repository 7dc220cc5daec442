package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// A disk that is full is mended by whoever makes room on it, and loses nothing: bbolt
// takes back a transaction that does not fit. So the store waits for room instead of
// ending. Until then [Store.Err] says so, upon which no payments are accepted, and what is
// submitted all the same (claims, refunds, what the chain shows) is kept in order and
// written as soon as it can be: at once from the reserve, which is a file beside the store
// that is given up then and made again when there is room.

// WithReserve keeps so many bytes of the disk for what must be written down when it is
// full. The default is none.
func WithReserve(bytes int64) Option { return func(o *options) { o.reserve = bytes } }

// OnFull calls f when the disk is full, with an error that wraps vouchers.ErrStoreFull, and
// with nil when there is room again. It is called by the writer, and must be quick.
func OnFull(f func(error)) Option { return func(o *options) { o.onFull = f } }

// retryEvery is how often a full disk is tried again.
const retryEvery = 500 * time.Millisecond

// isFull reports whether a write failed for want of room: of the disk, of a quota, or of
// what a file may have.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// room is what a store knows of the place on its disk.
type room struct {
	path    string // of the reserve
	reserve int64  // bytes; 0 is none
	onFull  func(error)
	had     bool // there was a reserve once; the writer's alone once the store is open, as kept
	kept    bool // the reserve is there

	mu   sync.Mutex // guards what follows
	full error
}

func newRoom(path string, o options) *room {
	r := &room{path: path + ".reserve", reserve: o.reserve, onFull: o.onFull}
	r.kept = r.keep() == nil && r.reserve > 0
	r.had = r.kept
	return r
}

func (r *room) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.full
}

// short notes that a write did not fit.
func (r *room) short(store string, cause error) {
	r.set(fmt.Errorf("%w: write %s: %w", vouchers.ErrStoreFull, store, cause))
}

func (r *room) set(full error) {
	r.mu.Lock()
	changed := (r.full == nil) != (full == nil)
	r.full = full
	r.mu.Unlock()
	if changed && r.onFull != nil {
		r.onFull(full)
	}
}

// giveUp frees the reserve, and reports whether there was any.
func (r *room) giveUp() bool {
	if !r.kept {
		return false
	}
	r.kept = false
	return os.Remove(r.path) == nil
}

// restore makes the reserve again, once there is twice as much free, and says that there
// is room. Where there is no reserve to be had, a write that fits says so.
func (r *room) restore() {
	if free, known := freeBytes(r.path); known && free < 2*uint64(r.reserve) {
		return
	}
	if r.keep() != nil {
		return
	}
	r.kept = r.reserve > 0
	r.had = r.kept
	r.set(nil)
}

// keep makes the reserve if it is not there, from bytes that the disk has to give.
func (r *room) keep() error {
	if r.reserve == 0 {
		return nil
	}
	if info, err := os.Stat(r.path); err == nil && info.Size() == r.reserve {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(r.path, make([]byte, r.reserve), 0o600); err != nil {
		return errors.Join(err, os.Remove(r.path))
	}
	return nil
}

// Space is the room that a store has.
type Space struct {
	// Free is what the disk has left for this user, in bytes; 0 where the system does not
	// say (Known is false then).
	Free  uint64 `json:"free"`
	Known bool   `json:"known"`
	// Full is nil unless the disk is full, or was and the reserve is not made again yet.
	Full error `json:"-"`
}

// Space looks at the disk.
func (s *Store) Space() Space {
	free, known := freeBytes(s.path)
	return Space{Free: free, Known: known, Full: s.room.err()}
}

// persist makes a batch durable, and waits for room where there is none. When the store is
// closed it waits no longer.
func (s *Store) persist(b *batch) error {
	for {
		err := guard(func() error { return s.commit(b) })
		if err == nil {
			if s.room.err() != nil && !s.room.had {
				s.room.set(nil)
			}
			return nil
		}
		s.forgetNumbers()
		if !isFull(err) {
			return err
		}
		s.room.short(s.path, err)
		if s.room.giveUp() {
			continue
		}
		select {
		case <-s.queue.shutting:
			return err
		case <-time.After(retryEvery):
		}
	}
}
