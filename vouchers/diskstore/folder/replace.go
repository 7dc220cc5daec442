package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chitpay/chit/vouchers/boltfile"
)

func makingOf(path string) string { return path + ".new" }
func wholeOf(path string) string  { return path + ".ready" }

// Replace makes a store with fill, in a folder that is not there yet, and puts it in the place of
// what is at path, which is kept beside it under the name that is returned; "" if nothing was
// there. The caller has the [Lock]. Until the store is whole, an error leaves all as it was.
func Replace(path string, fill func(dir string) error) (kept string, err error) {
	making := makingOf(path)
	if err := os.RemoveAll(making); err != nil {
		return "", err
	}
	if err := os.Mkdir(making, 0o700); err != nil {
		return "", err
	}
	err = fill(making)
	if err = errors.Join(err, RemoveLock(making)); err != nil { // of who has opened it there
		return "", errors.Join(err, os.RemoveAll(making))
	}
	if err := SyncAll(making); err != nil {
		return "", errors.Join(err, os.RemoveAll(making))
	}
	if err := os.Rename(making, wholeOf(path)); err != nil {
		return "", err
	}
	if err := boltfile.SyncDir(filepath.Dir(path)); err != nil {
		return "", err
	}
	return finish(path)
}

// finish puts the whole store in the place of what is at path.
func finish(path string) (kept string, err error) {
	if _, err := os.Lstat(path); err == nil {
		kept = unused(keptName(path))
		if err := os.Rename(path, kept); err != nil {
			return "", err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.Rename(wholeOf(path), path); err != nil {
		return "", err
	}
	return kept, boltfile.SyncDir(filepath.Dir(path))
}

// Finish finishes a [Replace] that a crash has ended in the middle, if there is any. The caller
// has the [Lock].
func Finish(path string) error {
	if whole, err := isThere(wholeOf(path)); !whole {
		return err
	}
	_, err := finish(path)
	return err
}

// Exists refuses a place where there is no store, and none that is to take it. The error wraps
// [fs.ErrNotExist] then.
func Exists(path string) error {
	if whole, err := isThere(wholeOf(path)); whole || err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	return nil
}

// isThere says whether there is anything at path.
func isThere(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
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

// SyncAll makes the files of a folder durable, and their names.
func SyncAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() && !entry.IsDir() {
			return err
		}
		return boltfile.SyncDir(path)
	})
}
