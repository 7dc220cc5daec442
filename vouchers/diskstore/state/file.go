package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
)

// ErrFormat is what a file is refused with that is no store, or one of a newer version of
// this program.
var ErrFormat = errors.New("not a store that this version can read")

// The file's buckets.
var (
	formatBucket  = []byte("chit")
	termsBucket   = []byte("terms")
	channelBucket = []byte("channels")
	headBucket    = []byte("heads")
	roomsBucket   = []byte("rooms") // a bucket for each other room
)

// The keys of formatBucket.
var (
	versionKey  = []byte("version")
	positionKey = []byte("position")
	journalKey  = []byte("journal") // the name of the one that the position is of
)

// Version is that of the format. Version 1 was a store in one file: see [Former].
const Version = 2

// mapped is how many bytes of address space a file maps at first. One below it is never
// mapped anew, so that readers, such as a slow backup, hold up no writer.
const mapped = min(4<<30, math.MaxInt/8)

// File is an open checkpoint. Its readers may be many; one goroutine writes.
type File struct {
	path string
	db   *bbolt.DB

	// The one who writes alone uses what follows.
	terms     map[vouchers.Terms]uint32 // numbers of the terms in the file
	nextTerms uint32                    // no terms in the file have this number or a higher one
	numbered  []vouchers.Terms          // that got their numbers in the present transaction
	arena     []byte                    // holds the values of one transaction
}

// Open opens the checkpoint at path, and creates it with mode 0600 if there is none. The file
// is the caller's alone until Close. Errors wrap [boltfile.ErrInUse] if another process has
// it open, [ErrFormat] if it is none or one of a newer version, [boltfile.ErrCorrupt] if it is
// damaged.
func Open(path string) (*File, error) {
	_, err := os.Stat(path)
	created := errors.Is(err, fs.ErrNotExist)
	db, err := boltfile.Open(path, &bbolt.Options{InitialMmapSize: mapped})
	if err != nil {
		return nil, err
	}
	f := &File{path: path, db: db, terms: map[vouchers.Terms]uint32{}}
	err = boltfile.Guard(func() error { return db.Update(create) })
	if err == nil && created {
		err = boltfile.SyncDir(filepath.Dir(path))
	}
	if err == nil {
		err = f.readNumbers()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), db.Close())
	}
	return f, nil
}

// OpenReadOnly opens a checkpoint that no process writes to, so that others may read it too.
// Errors are those of [Open], or wrap fs.ErrNotExist.
func OpenReadOnly(path string) (*File, error) {
	db, err := boltfile.OpenReadOnly(path)
	if err != nil {
		return nil, err
	}
	err = boltfile.Guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			version, err := readVersion(tx)
			if err == nil && version == 0 {
				err = fmt.Errorf("%w: nothing is in it", ErrFormat)
			}
			return err
		})
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), db.Close())
	}
	return &File{path: path, db: db}, nil
}

// Close ends the use of the file once those who read have ended.
func (f *File) Close() error { return f.db.Close() }

// Path is where the file is.
func (f *File) Path() string { return f.path }

// create makes an empty file a checkpoint of nothing.
func create(tx *bbolt.Tx) error {
	version, err := readVersion(tx)
	if err != nil || version == Version {
		return err
	}
	for _, name := range [][]byte{formatBucket, termsBucket, channelBucket, headBucket, roomsBucket} {
		if _, err := tx.CreateBucket(name); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return tx.Bucket(formatBucket).Put(versionKey, binary.BigEndian.AppendUint32(nil, Version))
}

// readVersion returns the file's version, 0 if nothing is in it.
func readVersion(tx *bbolt.Tx) (uint32, error) {
	version, err := versionOf(tx)
	switch {
	case err != nil:
		return 0, err
	case version > Version:
		return 0, fmt.Errorf("%w: it has version %d, this program knows up to %d: install the newer program again, or restore the backup from before it", ErrFormat, version, Version)
	case version != 0 && version < Version:
		return 0, fmt.Errorf("%w: it has version %d, which is a store in one file", ErrFormat, version)
	}
	return version, nil
}

func versionOf(tx *bbolt.Tx) (uint32, error) {
	format := tx.Bucket(formatBucket)
	if format == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return 0, fmt.Errorf("%w: it is the bbolt file of another program", ErrFormat)
		}
		return 0, nil
	}
	value := format.Get(versionKey)
	if len(value) != 4 {
		return 0, at(formatBucket, versionKey, fmt.Errorf("%w: %d bytes, want 4", boltfile.ErrCorrupt, len(value)))
	}
	return binary.BigEndian.Uint32(value), nil
}

// readNumbers reads the terms that the file has, and their numbers.
func (f *File) readNumbers() error {
	return f.view(func(tx *bbolt.Tx) error {
		numbered, err := readTerms(tx)
		if err != nil {
			return err
		}
		for number, t := range numbered {
			f.terms[*t] = number
			f.nextTerms = max(f.nextTerms, number+1)
		}
		return nil
	})
}

// view runs read in a read-only transaction.
func (f *File) view(read func(*bbolt.Tx) error) error {
	return closed(boltfile.Guard(func() error { return f.db.View(read) }))
}

// closed says of a read that failed because the file is closed that it is.
func closed(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return vouchers.ErrStoreClosed
	}
	return err
}

// at says where in the file an error was met; nil stays nil.
func at(bucket, key []byte, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s/%x: %w", bucket, key, err)
}
