package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/chitpay/chit/vouchers/diskstore/folder"
)

// Is says whether a file is a backup, by how it begins.
func Is(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	head := make([]byte, len(manifestName))
	_, err = io.ReadFull(file, head)
	return err == nil && string(head) == manifestName
}

// Unpacked runs use on a folder with what a backup holds, once that is found to be whole. The folder
// is made under [os.TempDir], which takes as much room as the backup has, and is deleted afterwards.
// Progress, which may be nil, is told how many bytes of all were read; the error wraps [ErrNotWhole]
// where the backup is not to be used.
func Unpacked(ctx context.Context, file string, progress func(part string, done, all int64), use func(dir string, m Manifest, size int64) error) (err error) {
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
		return fmt.Errorf("%s: %w: it is no file; `chit store check %s` reads the copy of a store's folder", file, ErrNotWhole, file)
	}
	under := os.TempDir()
	if free, known := folder.Free(under); known && free < uint64(info.Size()) {
		return fmt.Errorf("unpack %s: it needs %d bytes in %s, which has %d: set TMPDIR to a folder with more room", file, info.Size(), under, free)
	}
	dir, err := os.MkdirTemp(under, "chit-backup-*")
	if err != nil {
		return fmt.Errorf("unpack %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir), folder.RemoveLock(dir)) }()
	m, err := Extract(&reading{ctx: ctx, r: from, all: info.Size(), progress: progress}, dir)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case folder.IsFull(err):
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
	progress  func(part string, done, all int64)
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
