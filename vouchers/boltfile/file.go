package boltfile

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var (
	// ErrInUse is what a file is refused with that another process has open.
	ErrInUse = errors.New("the store is in use by another process")
	// ErrCorrupt is what damage of a file is reported with.
	ErrCorrupt = errors.New("corrupt store")
)

// OpenReadOnly opens a file that no process writes to, so that others may read it too.
func OpenReadOnly(path string) (*bbolt.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	return Open(path, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
}

// Open opens a file, and makes it with mode 0600 if it is not there. Errors wrap [ErrInUse],
// or [ErrCorrupt] where the file is damaged, cut off or none of bbolt's.
func Open(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	var file *os.File
	o.Timeout = max(o.Timeout, time.Nanosecond) // one try at least
	o.FreelistType = bbolt.FreelistMapType
	o.NoStatistics = true
	o.OpenFile = func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = Guard(func() error {
		db, err = bbolt.Open(path, 0o600, o)
		return err
	})
	switch {
	case err == nil:
		return complete(db)
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s: ask the running server for what you need, or stop it first", ErrInUse, path)
	case errors.Is(err, ErrCorrupt):
		err = errors.Join(err, abandon(file))
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		err = fmt.Errorf("%w: %w: no store, or one that is damaged: restore it from a backup", ErrCorrupt, err)
	}
	return nil, fmt.Errorf("store %s: %w", path, err)
}

// abandon unlocks and closes a file that bbolt has left open when it panicked. What
// it has mapped stays mapped, which alone would keep the lock.
func abandon(file *os.File) error {
	return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
}

// complete refuses a file that ends before what it holds does.
func complete(db *bbolt.DB) (*bbolt.DB, error) {
	err := Guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			info, err := os.Stat(db.Path())
			if err == nil && info.Size() < tx.Size() {
				err = fmt.Errorf("%w: the file is cut off at %d of %d bytes: restore it from a backup", ErrCorrupt, info.Size(), tx.Size())
			}
			return err
		})
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", db.Path(), err), db.Close())
	}
	return db, nil
}

// SyncDir makes what was created, renamed or removed in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
