package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/receipts"
)

var (
	// ErrDamaged says that a store is not sound.
	ErrDamaged = errors.New("the store is damaged")
	// ErrDoubles says that a store is sound, and that its program has written receipts which
	// contradict one another.
	ErrDoubles = errors.New("the store has receipts with the same number")
)

// CheckStore reads every value of the store: of the running server, which nobody waits for, or
// of one that no server has open, a copy or a backup. The report is whole also where the error
// wraps [ErrDamaged] or [ErrDoubles]. Progress may be nil.
func (p Place) CheckStore(ctx context.Context, progress inspect.Progress) (report inspect.Report, err error) {
	err = p.at(
		func(client *Client) (err error) { report, err = client.CheckStore(ctx, progress); return err },
		func(path string) (err error) { report, err = inspect.Check(ctx, path, progress); return err },
	)
	switch {
	case err != nil:
	case len(report.Problems) > 0:
		err = fmt.Errorf("%w: restore the newest backup that `chit store verify` finds sound (`chit store restore FILE`); what it does not know, the chain and the payers do", ErrDamaged)
	case len(report.Doubles) > 0:
		err = fmt.Errorf("%w: a mistake of this program, after which the shop goes on: both are kept; report it, with the lines above", ErrDoubles)
	}
	return report, err
}

// StoreStats says what the store holds, as [Place.CheckStore] finds it.
func (p Place) StoreStats(ctx context.Context) (inspect.Stats, error) {
	return list(ctx, p, (*Client).StoreStats, inspect.ReadStats)
}

// Copied is told how many bytes of a backup are written, of about how many.
type Copied func(done, all int64)

// Backup writes a consistent copy of the store to a file that must not be there yet, of the
// running server or of its store where none runs, and returns its size in bytes. Where it
// fails there is no file. Progress may be nil.
func (p Place) Backup(ctx context.Context, to string, progress Copied) (size int64, err error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	copyTo := func(from func(io.Writer) (int64, error)) (err error) {
		size, err = writeNew(to, from)
		return err
	}
	err = p.at(
		func(client *Client) error {
			return copyTo(func(w io.Writer) (int64, error) {
				all, err := client.StoreSize(ctx)
				if err != nil {
					return 0, err
				}
				return client.Backup(ctx, &copying{ctx: ctx, w: w, all: all, progress: progress})
			})
		},
		func(path string) error {
			return copyTo(func(w io.Writer) (int64, error) { return backupOf(ctx, path, w, progress) })
		},
	)
	return size, err
}

func backupOf(ctx context.Context, path string, w io.Writer, progress Copied) (n int64, err error) {
	store, err := books.OpenStore(path, diskstore.MustExist())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all, err := store.Size()
	if err != nil {
		return 0, err
	}
	return store.Backup(&copying{ctx: ctx, w: w, all: all, progress: progress})
}

// copying is a backup that is written until the context ends.
type copying struct {
	ctx       context.Context
	w         io.Writer
	done, all int64
	progress  Copied
}

func (c *copying) Write(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.w.Write(b)
	c.done += int64(n)
	c.progress(c.done, max(c.done, c.all))
	return n, err
}

// Export writes all receipts that are kept, as [Place.WriteStatement] does, to a file that must
// not be there yet.
func (p Place) Export(ctx context.Context, to string) error {
	_, err := writeNew(to, func(w io.Writer) (int64, error) { return 0, p.WriteStatement(ctx, receipts.Filter{}, w) })
	return err
}

// writeNew writes a file that must not be there yet, for its owner alone, and
// leaves none behind if that fails. It is durable on return.
func writeNew(path string, write func(io.Writer) (int64, error)) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("%w: nothing is written over it; give a name that is not there yet", err)
	}
	if err != nil {
		return 0, err
	}
	size, err = write(file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(path))
	}
	return size, boltfile.SyncDir(filepath.Dir(path))
}

// CompactStore writes a copy of the store without its free pages, while no server has it
// open, to a folder that must not be there yet.
func (p Place) CompactStore(to string) error {
	path, err := p.store()
	if err != nil {
		return err
	}
	return inspect.Compact(path, to)
}
