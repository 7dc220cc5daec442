package diskstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// Backup writes a copy of the store as it is now, as [backup.Extract] reads it, and returns its
// size in bytes. The store goes on meanwhile, however slow the writer is.
func (s *Store) Backup(w io.Writer) (n int64, err error) {
	snap, err := s.snapshot()
	if err != nil {
		return 0, fmt.Errorf("backup of %s: %w", s.path, err)
	}
	defer func() { err = errors.Join(err, snap.close()) }()
	counted := &counter{w: w}
	if err := snap.write(counted); err != nil {
		return counted.n, fmt.Errorf("backup of %s: %w", s.path, err)
	}
	return counted.n, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// snapshot is a store at one moment: what its files have is kept until it is closed.
type snapshot struct {
	taken   time.Time
	state   *state.View
	journal *journal.Snapshot
	tables  []namedFile
}

type namedFile struct {
	name string // in the store's folder
	*os.File
}

// snapshot takes one. The checkpoint and the tables stand still for that moment, so that the
// journal goes on from where they end.
func (s *Store) snapshot() (snap *snapshot, err error) {
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	snap = &snapshot{taken: s.options.now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, snap.close())
		}
	}()
	if err := s.snapshotTables(snap); err != nil {
		return snap, err
	}
	if snap.state, err = s.state.View(); err != nil {
		return snap, err
	}
	if snap.journal, err = s.journal.Snapshot(); err != nil {
		return snap, readable(err)
	}
	return snap, nil
}

// snapshotTables opens all tables, again from the first on where one was pruned meanwhile. The
// checkpoint and the journal are looked at afterwards: they have what is kept of those.
func (s *Store) snapshotTables(snap *snapshot) error {
	for {
		err := errors.Join(snap.openAll("history", s.tables.List()), snap.openAll("answers", s.answers.List()))
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := snap.closeTables(); err != nil {
			return err
		}
	}
}

func (s *snapshot) openAll(part string, tables []history.Facts) error {
	for _, table := range tables {
		if err := s.open(part, table.Path); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) open(part, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	s.tables = append(s.tables, namedFile{path.Join(part, path.Base(f.Name())), f})
	return nil
}

func (s *snapshot) closeTables() (err error) {
	for _, table := range s.tables {
		err = errors.Join(err, table.Close())
	}
	s.tables = nil
	return err
}

func (s *snapshot) close() error {
	err := s.closeTables()
	if s.journal != nil {
		s.journal.Release()
	}
	if s.state != nil {
		s.state.End()
	}
	return err
}

func (s *snapshot) write(w io.Writer) error {
	out, err := backup.NewWriter(w, s.taken)
	if err != nil {
		return err
	}
	if err := out.Add("state.db", s.state.Size(), s.state.WriteTo); err != nil {
		return err
	}
	for _, segment := range s.journal.Segments {
		if err := out.Add(path.Join("journal", segment.Name), segment.Size, copyOf(segment.Bytes())); err != nil {
			return err
		}
	}
	for _, table := range s.tables {
		info, err := table.Stat()
		if err != nil {
			return err
		}
		if err := out.Add(table.name, info.Size(), copyOf(table)); err != nil {
			return err
		}
	}
	return out.Close()
}

func copyOf(r io.Reader) func(io.Writer) (int64, error) {
	return func(w io.Writer) (int64, error) { return io.Copy(w, r) }
}
