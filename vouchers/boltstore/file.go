package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var (
	// ErrInUse is what a file is refused with that another store has open.
	ErrInUse = errors.New("the store is in use by another process")
	// ErrFormat is what a file is refused with that is no store, or one of a newer
	// version of this program.
	ErrFormat = errors.New("not a store that this version can read")
)

// The file's buckets.
var (
	formatBucket  = []byte("chit")
	termsBucket   = []byte("terms")
	channelBucket = []byte("channels")
	answerBucket  = []byte("answers")
	expiryBucket  = []byte("expiries") // when (8 bytes) and which answer (32 bytes): no value
	roomsBucket   = []byte("rooms")    // a bucket for each other room
)

// versionKey holds the number of migrations that the file went through.
var versionKey = []byte("version")

const expiryLength = 8 + 32

// migration takes a file one version further, in one transaction.
type migration func(*bbolt.Tx) error

// migrations make an empty file a store of version 1, and a store of each version
// one of the next. What is here is released: it may be added to, never changed.
var migrations = []migration{createBuckets}

func createBuckets(tx *bbolt.Tx) error {
	for _, name := range [][]byte{formatBucket, termsBucket, channelBucket, answerBucket, expiryBucket, roomsBucket} {
		if _, err := tx.CreateBucket(name); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return nil
}

// migrate brings the file up to date, in one transaction.
func migrate(db *bbolt.DB, steps []migration) error {
	return db.Update(func(tx *bbolt.Tx) error {
		version, err := readVersion(tx, len(steps))
		if err != nil || version == len(steps) {
			return err
		}
		for i, step := range steps[version:] {
			if err := step(tx); err != nil {
				return fmt.Errorf("migrate from version %d: %w", version+i, err)
			}
		}
		return tx.Bucket(formatBucket).Put(versionKey, binary.BigEndian.AppendUint32(nil, uint32(len(steps))))
	})
}

// readVersion returns the file's version, 0 if nothing is in it.
func readVersion(tx *bbolt.Tx, newest int) (int, error) {
	format := tx.Bucket(formatBucket)
	if format == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return 0, fmt.Errorf("%w: it is the bbolt file of another program", ErrFormat)
		}
		return 0, nil
	}
	value := format.Get(versionKey)
	if len(value) != 4 {
		return 0, at(formatBucket, versionKey, fmt.Errorf("%w: %d bytes, want 4", ErrCorrupt, len(value)))
	}
	version := binary.BigEndian.Uint32(value)
	if uint64(version) > uint64(newest) {
		return 0, fmt.Errorf("%w: it has version %d, this program knows up to %d: install the newer program again, or restore the backup from before it", ErrFormat, version, newest)
	}
	return int(version), nil
}

// mapped is how many bytes of address space a store maps at first. A file below it
// is never mapped anew, so that readers, such as a slow backup, hold up no writer.
const mapped = min(4<<30, math.MaxInt/8)

// openFile opens the file for reading and writing.
func openFile(path string, mustExist bool) (*bbolt.DB, error) {
	_, err := os.Stat(path)
	created := errors.Is(err, fs.ErrNotExist)
	if created && mustExist {
		return nil, fmt.Errorf("store %s: %w", path, fs.ErrNotExist)
	}
	db, err := openBolt(path, &bbolt.Options{InitialMmapSize: mapped})
	if err != nil {
		return nil, err
	}
	if created {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), db.Close())
		}
	}
	return db, nil
}

// openReadOnly opens a file that no store has open, so that others may read it too.
func openReadOnly(path string) (*bbolt.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	return openBolt(path, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
}

func openBolt(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	var file *os.File
	o.Timeout = max(o.Timeout, time.Nanosecond) // one try at least
	o.FreelistType = bbolt.FreelistMapType
	o.NoStatistics = true
	o.OpenFile = func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = guard(func() error {
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
	err := guard(func() error {
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

// syncDir makes the creation of a file in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// guard turns what bbolt does about damaged pages, and what the system does about
// a file that was cut off, into [ErrCorrupt]: both panic.
func guard(use func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch v := recover().(type) {
		case nil:
		case callersPanic:
			panic(v.value)
		default:
			err = fmt.Errorf("%w: %v: restore it from a backup", ErrCorrupt, v)
		}
	}()
	return use()
}

// outside calls what a caller of the store has handed in; if that panics, it is
// no matter of the store.
func outside(call func() error) error {
	ended := false
	defer func() {
		if ended {
			return
		}
		if v := recover(); v != nil { // not where the goroutine is ending
			panic(callersPanic{v})
		}
	}()
	err := call()
	ended = true
	return err
}

type callersPanic struct{ value any }

// at says where in the file an error was met; nil stays nil.
func at(bucket, key []byte, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s/%x: %w", bucket, key, err)
}
