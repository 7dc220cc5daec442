package boltstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Backup writes a consistent copy of the file to w while the store is in use, and
// returns its size in bytes. The copy holds everything that was durable when
// Backup began, and is itself a store. What is written to the store meanwhile
// makes its file larger, since no page of the copy is used again until w has it.
func (s *Store) Backup(w io.Writer) (n int64, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		return outside(func() error {
			n, err = tx.WriteTo(w)
			return err
		})
	})
	if err != nil {
		return n, fmt.Errorf("backup of %s: %w", s.path, s.readable(err))
	}
	return n, nil
}

// Compact writes what the store at src holds, without its free pages, to a new
// file dst, which must not exist. No process may have src open; it is left as it
// is. A damaged store is refused with [ErrCorrupt], other errors are those of
// [Open].
func Compact(src, dst string) error {
	report, err := Check(src)
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("compact %s: %w: %s", src, ErrCorrupt, report.Problems[0])
	}
	file, err := os.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("compact %s: %w", src, err)
	}
	if err := errors.Join(file.Close(), compact(src, dst)); err != nil {
		return errors.Join(fmt.Errorf("compact %s: %w", src, err), os.Remove(dst))
	}
	return nil
}

func compact(src, dst string) (err error) {
	const transaction = 1 << 20 // bytes
	from, err := openReadOnly(src)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := bbolt.Open(dst, 0o600, &bbolt.Options{Timeout: time.Nanosecond})
	if err != nil {
		return err
	}
	err = guard(func() error { return bbolt.Compact(to, from, transaction) })
	if err := errors.Join(err, to.Close(), syncDir(filepath.Dir(dst))); err != nil {
		return err
	}
	return sound(dst)
}

// sound refuses a copy in which there is anything wrong.
func sound(path string) error {
	report, err := Check(path)
	if err == nil && len(report.Problems) > 0 {
		err = fmt.Errorf("%w: the copy %s: %s", ErrCorrupt, path, report.Problems[0])
	}
	return err
}
