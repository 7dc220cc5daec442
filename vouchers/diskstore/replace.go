package diskstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/chitpay/chit/vouchers/boltfile"
)

// A store takes the place of another one in steps, each of which a crash may follow: it is
// made beside the old one, and renamed when it is whole; then the old one is moved away, and
// the new one takes its name. What was begun and is not whole is deleted; what is whole is
// finished.

func makingOf(path string) string { return path + ".new" }
func lockOf(path string) string   { return path + ".lock" }
func wholeOf(path string) string  { return path + ".ready" }

// replace makes a store with fill, in a folder that is not there yet, and puts it in the place
// of what is at path, which is kept under a name that begins with kept, if there is anything;
// that name is returned.
func replace(path, kept string, fill func(dir string) error) (keptAs string, err error) {
	making := makingOf(path)
	if err := os.RemoveAll(making); err != nil {
		return "", err
	}
	if err := os.Mkdir(making, 0o700); err != nil {
		return "", err
	}
	err = fill(making)
	if err = errors.Join(err, removeLock(making)); err != nil { // of who has opened it there
		return "", errors.Join(err, os.RemoveAll(making))
	}
	if err := syncAll(making); err != nil {
		return "", errors.Join(err, os.RemoveAll(making))
	}
	if err := os.Rename(making, wholeOf(path)); err != nil {
		return "", err
	}
	if err := boltfile.SyncDir(filepath.Dir(path)); err != nil {
		return "", err
	}
	return finish(path, kept)
}

// finish puts the whole store in the place of what is at path.
func finish(path, kept string) (keptAs string, err error) {
	if _, err := os.Lstat(path); err == nil {
		keptAs = unused(kept)
		if err := os.Rename(path, keptAs); err != nil {
			return "", err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.Rename(wholeOf(path), path); err != nil {
		return "", err
	}
	return keptAs, boltfile.SyncDir(filepath.Dir(path))
}

// finishReplacing finishes what a crash has ended in the middle, if anything.
func finishReplacing(path string) error {
	if whole, err := isThere(wholeOf(path)); !whole {
		return err
	}
	_, err := finish(path, keptName(path))
	return err
}

// isThere says whether there is anything at path.
func isThere(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// lockPlace keeps others from replacing or opening what is at path until unlock is called.
func lockPlace(path string) (unlock func() error, err error) {
	lock := flock.New(lockOf(path))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: %s is being opened or replaced by another process", ErrInUse, path)
	}
	return lock.Close, nil // the file stays: who has it open already must not lock another one
}

// removeLock removes the lock of a place where nothing is opened any more.
func removeLock(path string) error {
	if err := os.Remove(lockOf(path)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lockToOpen is lockPlace for who replaces nothing. In a folder where nothing can be made nothing
// is replaced either.
func lockToOpen(path string) (unlock func() error, err error) {
	unlock, err = lockPlace(path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return func() error { return nil }, nil
	}
	return unlock, err
}

// keptName is what a store that is replaced is called.
func keptName(path string) string {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return path + ".v1"
	}
	return path + ".replaced"
}

// unused is the name, or the name and a number, that nothing has.
func unused(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free
		}
		free = fmt.Sprintf("%s.%d", name, n)
	}
}

// syncAll makes the files of a folder durable, and their names.
func syncAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() && !entry.IsDir() {
			return err
		}
		return boltfile.SyncDir(path)
	})
}
