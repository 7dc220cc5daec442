package boltfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Update runs f in a transaction of a bbolt file that several processes use in turn, and
// waits for the others for so long, or until the context ends; it tries once at least. It
// makes a file that is not there. Errors are f's, or wrap [ErrInUse], or [ErrCorrupt] where
// the file is damaged, cut off or empty: a file is never made empty, so one that is has lost
// what it held.
func Update(ctx context.Context, path string, wait time.Duration, f func(*bbolt.Tx) error) error {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		if err := makeFile(path); err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
	case err == nil && info.Size() < int64(2*os.Getpagesize()):
		return fmt.Errorf("%w: %s has %d bytes: restore it from a backup, or delete it to begin with nothing", ErrCorrupt, path, info.Size())
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	db, err := Open(path, &bbolt.Options{})
	for errors.Is(err, ErrInUse) && pause(ctx) {
		db, err = Open(path, &bbolt.Options{})
	}
	if err != nil {
		return err
	}
	err = Guard(func() error { return db.Update(f) })
	return errors.Join(err, db.Close())
}

// pollTime is how often a file that is held is looked at.
const pollTime = 20 * time.Millisecond

// pause waits, and says whether the context still goes on.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(pollTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// makeFile makes a file that is whole when it is there. One that another process has
// made meanwhile stays.
func makeFile(path string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	db, err := Open(temporary.Name(), &bbolt.Options{})
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(filepath.Dir(path))
}
