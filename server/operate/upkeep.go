package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// ErrDamaged says that a store is not sound.
var ErrDamaged = errors.New("the store is damaged")

// CheckStore reads every value of the store, which no server has open. The report is whole
// also where the error wraps [ErrDamaged].
func (p Place) CheckStore() (diskstore.Report, error) {
	path, err := p.store()
	if err != nil {
		return diskstore.Report{}, err
	}
	report, err := diskstore.Check(path)
	if err == nil && len(report.Problems) > 0 {
		err = fmt.Errorf("%w: take the last backup, and see which of its channels the chain and the payers know better", ErrDamaged)
	}
	return report, err
}

// StoreStats says what the store holds, which no server has open.
func (p Place) StoreStats() (diskstore.Stats, error) {
	path, err := p.store()
	if err != nil {
		return diskstore.Stats{}, err
	}
	return diskstore.ReadStats(path)
}

// Backup writes a consistent copy of the store to a file that must not be there yet, also
// while the server runs, and returns its size in bytes.
func (p Place) Backup(ctx context.Context, to string) (int64, error) {
	path, err := p.store()
	if err != nil {
		return 0, err
	}
	return writeNew(to, func(w io.Writer) (int64, error) {
		if client, err := p.running(); err == nil {
			return client.Backup(ctx, w)
		}
		store, err := books.OpenStore(path, diskstore.MustExist())
		if err != nil {
			return 0, err
		}
		n, err := store.Backup(w)
		return n, errors.Join(err, store.Close())
	})
}

// writeNew writes a file that must not be there yet, for its owner alone, and
// leaves none behind if that fails.
func writeNew(path string, write func(io.Writer) (int64, error)) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = write(file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(path))
	}
	return size, nil
}

// CompactStore writes a copy of the store without its free pages, while no server has it
// open, to a file that must not be there yet.
func (p Place) CompactStore(to string) error {
	path, err := p.store()
	if err != nil {
		return err
	}
	return diskstore.Compact(path, to)
}
