package diskstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Verified is what [Verify] has found in a backup.
type Verified struct {
	Manifest
	// Size is that of the backup, in bytes.
	Size int64 `json:"size"`
	Report
}

// Verify reads a backup that Backup has written to its end: whether it is whole, as it was
// written, and holds a sound store, which can be opened. It is unpacked for that into a folder
// under [os.TempDir], which takes as much room as the backup has, and is deleted. Errors wrap
// [ErrBackup] where the backup is not to be used; then the report has what was found until then.
// Progress may be nil.
func Verify(ctx context.Context, file string, progress Progress) (found Verified, err error) {
	err = unpacked(ctx, file, progress, func(dir string, m Manifest, size int64) (err error) {
		found.Manifest, found.Size = m, size
		if found.Report, err = Check(ctx, dir, progress); err != nil {
			return err
		}
		if err := damageOf(found.Report); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		store, err := Open(dir, MustExist())
		if err != nil {
			return fmt.Errorf("%s: %w: it cannot be opened: %w", file, ErrBackup, err)
		}
		return store.Close()
	})
	return found, err
}

// unpacked runs use on a folder with what a backup holds, once that is found to be whole.
func unpacked(ctx context.Context, file string, progress Progress, use func(dir string, m Manifest, size int64) error) (err error) {
	from, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	info, err := from.Stat()
	if err != nil {
		return fmt.Errorf("backup %s: %w", file, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w: it is no file; `chit store check %s` reads the copy of a store's folder", file, ErrBackup, file)
	}
	under := os.TempDir()
	if free, known := freeBytes(under); known && free < uint64(info.Size()) {
		return fmt.Errorf("unpack %s: it needs %d bytes in %s, which has %d: set TMPDIR to a folder with more room", file, info.Size(), under, free)
	}
	dir, err := os.MkdirTemp(under, "chit-backup-*")
	if err != nil {
		return fmt.Errorf("unpack %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir), removeLock(dir)) }()
	m, err := extract(&reading{ctx: ctx, r: from, all: info.Size(), progress: progress}, dir)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case isFull(err):
		return fmt.Errorf("unpack %s in %s: %w: set TMPDIR to a folder with more room", file, under, err)
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	}
	return use(dir, m, info.Size())
}

// reading is a file that is read until the context ends.
type reading struct {
	ctx       context.Context
	r         io.Reader
	done, all int64
	progress  Progress
}

func (r *reading) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.r.Read(b)
	r.done += int64(n)
	if r.progress != nil {
		r.progress("the backup", r.done, r.all)
	}
	return n, err
}
