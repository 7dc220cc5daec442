package diskstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
)

// A disk that is full is mended by whoever makes room on it, and loses nothing: the journal
// takes back a record that does not fit. So the store waits for room instead of
// ending. Until then [Store.Err] says so, upon which no payments are accepted, and what is
// submitted all the same (claims, refunds, what the chain shows) is kept in order and
// written as soon as it can be: at once from the reserve, which is a file in the
// store's folder that is given up then and made again when there is room.

// WithReserve keeps so many bytes of the disk for what must be written down when it is
// full. The default is none.
func WithReserve(bytes int64) Option { return func(o *options) { o.reserve = bytes } }

// OnFull calls f when the disk is full, with an error that wraps vouchers.ErrStoreFull, and
// with nil when there is room again. It is called by the writer, and must be quick.
func OnFull(f func(error)) Option { return func(o *options) { o.onFull = f } }

// retryEvery is how often a full disk is tried again.
const retryEvery = 500 * time.Millisecond

// disk is what a store knows of the place that it has.
type disk struct {
	path    string // of the reserve
	reserve int64  // bytes; 0 is none
	onFull  func(error)

	mu   sync.Mutex // guards what follows
	full error
	had  bool // there was a reserve once
	kept bool // the reserve is there
}

func newDisk(path string, o options) *disk {
	d := &disk{path: filepath.Join(path, "reserve"), reserve: o.reserve, onFull: o.onFull}
	d.kept = d.keep() == nil && d.reserve > 0
	d.had = d.kept
	return d
}

func (d *disk) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full
}

// short notes that a write did not fit.
func (d *disk) short(store string, cause error) {
	d.set(fmt.Errorf("%w: write %s: %w", vouchers.ErrStoreFull, store, cause))
}

func (d *disk) set(full error) {
	d.mu.Lock()
	changed := (d.full == nil) != (full == nil)
	d.full = full
	d.mu.Unlock()
	if changed && d.onFull != nil {
		d.onFull(full)
	}
}

// giveUp frees the reserve, and reports whether there was any.
func (d *disk) giveUp() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.kept {
		return false
	}
	d.kept = false
	return os.Remove(d.path) == nil
}

// restore makes the reserve again, once there is twice as much free, and says that there
// is room. Where there is no reserve to be had, a write that fits says so.
func (d *disk) restore() {
	if free, known := folder.Free(d.path); known && free < max(2*uint64(d.reserve), leastFree) {
		return
	}
	if d.keep() != nil {
		return
	}
	d.mu.Lock()
	d.kept = d.reserve > 0
	d.had = d.kept
	d.mu.Unlock()
	d.set(nil)
}

// fits notes that a write has fit, which says that there is room where no reserve does.
func (d *disk) fits() {
	d.mu.Lock()
	waits := d.full == nil || d.had
	d.mu.Unlock()
	if !waits {
		d.set(nil)
	}
}

// leastFree is from how many bytes on a disk that was full has room again, where there is no reserve.
const leastFree = 1 << 20

// keep makes the reserve if it is not there, from bytes that the disk has to give.
func (d *disk) keep() error {
	if d.reserve == 0 {
		return nil
	}
	if info, err := os.Stat(d.path); err == nil && info.Size() == d.reserve {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(d.path, make([]byte, d.reserve), 0o600); err != nil {
		return errors.Join(err, os.Remove(d.path))
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
	free, known := folder.Free(s.path)
	return Space{Free: free, Known: known, Full: s.disk.err()}
}
