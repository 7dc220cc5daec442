package book

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/budget"
)

// tail is what one process has yet to write into the table of a book: its changes, as they
// happen, in files beside the book. A process that is killed forgets nothing of what it has
// signed: who opens the book next finds the tail, which nobody holds any more, and writes it
// into the table. What the machine's own crash takes of it was not synced.
//
// The tail is in pages. An update of the table covers whole pages, and says in the same
// transaction which was the last, so that none is written twice.
type tail struct {
	mu   sync.Mutex // guards what follows
	dir  string
	id   string       // "" before the first change
	mine *flock.Flock // held as long as the process lives
	page uint64       // that changes go to; the first is 1
	file *os.File     // of the page; nil before its first change
	gone uint64       // the last page whose file is removed
	err  error        // of files that could not be closed or removed
}

// errTail says that another process holds a tail that this one has just named.
var errTail = errors.New("another process holds it")

// tailName is what the names of tails' files begin with; a page's number follows.
const tailName = "spending."

// tailsBucket has, by tail, the last page that the table covers.
var tailsBucket = []byte("tails")

// jot writes a change of a server's leaf down.
func (t *tail) jot(server string, c budget.Change) error {
	line, err := c.Note(server)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return fmt.Errorf("note what is spent in %s: %w", t.dir, err)
	}
	if _, err := t.file.Write(append(line, '\n')); err != nil {
		t.end() // a line that was cut off spoils no other
		return fmt.Errorf("note what is spent: %w", err)
	}
	return nil
}

// end ends the page that changes go to.
func (t *tail) end() {
	if t.file == nil {
		return
	}
	t.err = errors.Join(t.err, t.file.Close())
	t.file = nil
	t.page++
}

func (t *tail) open() (err error) {
	if t.id == "" {
		if err := os.MkdirAll(t.dir, 0o700); err != nil {
			return err
		}
		id := rand.Text()
		mine := flock.New(filepath.Join(t.dir, tailName+id))
		if ok, err := mine.TryLock(); err != nil || !ok {
			return cmp.Or(err, errTail)
		}
		t.id, t.mine, t.page = id, mine, 1
	}
	if t.file == nil {
		t.file, err = os.OpenFile(pageFile(t.mine.Path(), t.page), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	}
	return err
}

func pageFile(tail string, page uint64) string {
	return tail + "." + strconv.FormatUint(page, 10)
}

// turn begins a new page, and returns the last one, 0 where the table has them all.
func (t *tail) turn() (last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end()
	if t.id == "" || t.page-1 == t.gone {
		return 0
	}
	return t.page - 1
}

// cover says in the table's own transaction that it has all pages up to one. Who says so
// first clears away what was said of tails that are gone.
func (t *tail) cover(tx *bbolt.Tx, last uint64) error {
	if last == 0 {
		return nil
	}
	bucket, err := tx.CreateBucketIfNotExists(tailsBucket)
	if err != nil {
		return err
	}
	if bucket.Get([]byte(t.id)) == nil {
		if err := forgetTails(bucket, t.dir); err != nil {
			return err
		}
	}
	return bucket.Put([]byte(t.id), binary.BigEndian.AppendUint64(nil, last))
}

func forgetTails(bucket *bbolt.Bucket, dir string) error {
	var gone [][]byte
	err := bucket.ForEach(func(id, _ []byte) error {
		_, err := os.Stat(filepath.Join(dir, tailName+string(id)))
		if errors.Is(err, os.ErrNotExist) {
			gone, err = append(gone, bytes.Clone(id)), nil
		}
		return err
	})
	for _, id := range gone {
		err = errors.Join(err, bucket.Delete(id))
	}
	return err
}

// clear removes the pages that the table covers. What it cannot remove is told at the end,
// and written into the table by nobody.
func (t *tail) clear(last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; t.gone < last; t.gone++ {
		t.err = errors.Join(t.err, remove(pageFile(t.mine.Path(), t.gone+1)))
	}
}

// close leaves what is not covered to who opens the book next.
func (t *tail) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.id == "" {
		return nil
	}
	t.end()
	errs := []error{t.err}
	if t.page-1 == t.gone {
		errs = append(errs, remove(t.mine.Path()))
	}
	errs = append(errs, t.mine.Unlock())
	t.id, t.mine, t.file, t.page, t.gone, t.err = "", nil, nil, 0, 0, nil
	return errors.Join(errs...)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
