package archive

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Archived is a day of an archive.
type Archived struct {
	// Day is its date, in UTC.
	Day  string `json:"day"`
	File string `json:"file"`
	// Receipts and Bytes are what is in the file.
	Receipts int64 `json:"receipts"`
	Bytes    int64 `json:"bytes"`
	// Before says that the file was there already.
	Before bool `json:"before"`
}

// Folder has the files of days: receipts-2026-11-28.parquet.
type Folder string

// OpenFolder makes the folder if it is not there.
func OpenFolder(path string) (Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("archive: %w", err)
	}
	return Folder(path), nil
}

// Add writes the file of a day by write, as [Write] does, unless it is there. It is there whole
// or not at all, and not if the day has no receipts.
func (f Folder) Add(day time.Time, write func(io.Writer) error) (Archived, error) {
	name := Day(day).Format(time.DateOnly)
	done := Archived{Day: name, File: filepath.Join(string(f), "receipts-"+name+".parquet")}
	_, err := os.Stat(done.File)
	if done.Before = err == nil; done.Before {
		done.Receipts, done.Bytes, err = measure(done.File)
		return done, err
	}
	unfinished := done.File + ".tmp"
	err = writeUnfinished(unfinished, write)
	if err == nil {
		done.Receipts, done.Bytes, err = measure(unfinished)
	}
	if err == nil && done.Receipts > 0 {
		err = rename(unfinished, done.File)
	} else {
		err = errors.Join(err, os.RemoveAll(unfinished))
	}
	if err != nil {
		return done, fmt.Errorf("archive %s: %w", name, err)
	}
	return done, nil
}

func writeUnfinished(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// measure counts the receipts of a file, which it finds whole.
func measure(path string) (receipts, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return 0, 0, fmt.Errorf("%s is no whole Parquet file: remove it, and archive again: %w", path, err)
	}
	return file.NumRows(), info.Size(), nil
}

func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
