package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/diskstore/state"
)

// Restored is what [From] has done.
type Restored struct {
	backup.Manifest
	// Kept is where the store is now that was replaced, "" if there was none.
	Kept string `json:"kept,omitzero"`
}

// From puts a store as a backup has it in the place of what is at path, which is kept
// beside it. Nothing is changed unless the backup is whole and sound. Prepare, which may be
// nil, is called on the folder of the new store before it takes the place. Errors wrap
// [backup.ErrNotWhole], or [boltfile.ErrInUse] while a process has the store open.
func From(file io.Reader, path string, prepare func(dir string) error) (done Restored, err error) {
	unlock, err := folder.Lock(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := folder.Finish(path); err != nil {
		return done, fmt.Errorf("restore %s: %w", path, err)
	}
	release, err := seize(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, release()) }()
	done.Kept, err = folder.Replace(path, func(dir string) (err error) {
		if done.Manifest, err = backup.Extract(file, dir); err != nil {
			return err
		}
		report, err := inspect.Check(context.Background(), dir, nil)
		if err == nil {
			err = damageOf(report)
		}
		if err != nil || prepare == nil {
			return err
		}
		return prepare(dir)
	})
	if err != nil {
		return done, fmt.Errorf("restore %s, which is as it was: %w", path, err)
	}
	return done, nil
}

// seize makes sure that nobody has the store at path open, until release is called. One that
// is damaged, or of another version, is nobody's.
func seize(path string) (release func() error, err error) {
	none := func() error { return nil }
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	if !info.IsDir() {
		former, err := state.OpenFormer(path)
		if errors.Is(err, boltfile.ErrInUse) {
			return nil, err
		}
		if err != nil {
			return none, nil
		}
		return former.Close, nil
	}
	if _, err := os.Stat(folder.State(path)); err != nil {
		return none, nil
	}
	open, err := state.Open(folder.State(path))
	if errors.Is(err, boltfile.ErrInUse) {
		return nil, err
	}
	if err != nil {
		return none, nil
	}
	return open.Close, nil
}

// damageOf is what a backup is refused with whose store has problems.
func damageOf(r inspect.Report) error {
	if len(r.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: what it holds was damaged when it was taken: %s", backup.ErrNotWhole, r.Problems[0])
}
