package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/chitpay/chit/vouchers/boltfile"
)

func lockOf(path string) string { return path + ".lock" }

// Lock keeps others from replacing or opening what is at path until unlock is called. The error
// wraps [boltfile.ErrInUse] while somebody else does either.
func Lock(path string) (unlock func() error, err error) {
	lock := flock.New(lockOf(path))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: %s is being opened or replaced by another process", boltfile.ErrInUse, path)
	}
	return lock.Close, nil // the file stays: who has it open already must not lock another one
}

// LockToOpen is [Lock] for who replaces nothing. In a folder where nothing can be made nothing is
// replaced either.
func LockToOpen(path string) (unlock func() error, err error) {
	unlock, err = Lock(path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return func() error { return nil }, nil
	}
	return unlock, err
}

// RemoveLock removes the lock of a place where nothing is opened any more.
func RemoveLock(path string) error {
	if err := os.Remove(lockOf(path)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
