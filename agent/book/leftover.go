package book

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/budget"
)

// leftover is the tail of a process that is dead.
type leftover struct {
	id    string
	lock  *flock.Flock
	pages []uint64
}

// leftovers are the tails that nobody holds. They are held until they are cleared away.
func leftovers(dir string) (all []*leftover, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found := make(map[string]*leftover)
	for _, file := range files {
		name, ok := strings.CutPrefix(file.Name(), tailName)
		if !ok {
			continue
		}
		id, page, isPage := strings.Cut(name, ".")
		if found[id] == nil {
			found[id] = &leftover{id: id, lock: flock.New(filepath.Join(dir, tailName+id))}
		}
		if n, err := strconv.ParseUint(page, 10, 64); isPage && err == nil {
			found[id].pages = append(found[id].pages, n)
		}
	}
	for _, l := range found {
		dead, err := l.lock.TryLock()
		if err != nil {
			return all, err
		}
		if dead {
			slices.Sort(l.pages)
			all = append(all, l)
		}
	}
	return all, nil
}

// replay makes the changes that the table does not have yet, and says in its transaction that
// it has them. A line that was cut off was being written when its process ended, before
// anything was signed over it. Pages that are gone were written into the table meanwhile.
func (l *leftover) replay(tx *bbolt.Tx, rows budget.Rows) error {
	bucket, err := tx.CreateBucketIfNotExists(tailsBucket)
	if err != nil {
		return err
	}
	covered := uint64(0)
	if raw := bucket.Get([]byte(l.id)); len(raw) == 8 {
		covered = binary.BigEndian.Uint64(raw)
	}
	for _, page := range l.pages {
		if page <= covered {
			continue
		}
		raw, err := os.ReadFile(pageFile(l.lock.Path(), page))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for note := range bytes.Lines(raw) {
			if err := rows.Replay(note); err != nil {
				slog.Default().Warn("a note of what was spent is damaged, and left out", "file", pageFile(l.lock.Path(), page), "err", err)
			}
		}
		covered = page
	}
	return bucket.Put([]byte(l.id), binary.BigEndian.AppendUint64(nil, covered))
}

// clear removes the files of a tail that the table has.
func (l *leftover) clear() error {
	var errs []error
	for _, page := range l.pages {
		errs = append(errs, remove(pageFile(l.lock.Path(), page)))
	}
	return errors.Join(append(errs, remove(l.lock.Path()))...)
}

// adopt writes into the table what dead processes had yet to write, once.
func (b *Book) adopt(ctx context.Context) error {
	if err := b.adopting.Take(ctx); err != nil {
		return err
	}
	defer b.adopting.Give()
	if b.adopted {
		return nil
	}
	dead, err := leftovers(b.tail.dir)
	if err == nil && len(dead) > 0 {
		err = b.changeSpending(ctx, func(tx *bbolt.Tx, rows budget.Rows) error {
			for _, l := range dead {
				if err := l.replay(tx, rows); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, l := range dead {
		if err == nil {
			err = l.clear()
		}
		err = errors.Join(err, l.lock.Unlock())
	}
	if err != nil {
		return fmt.Errorf("channel book %s: what a process had yet to write when it ended: %w", b.path, err)
	}
	b.adopted = true
	return nil
}
