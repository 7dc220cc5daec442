package restore

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
)

// Verified is what [Verify] has found in a backup.
type Verified struct {
	backup.Manifest
	// Size is that of the backup, in bytes.
	Size int64 `json:"size"`
	inspect.Report
}

// Verify reads a backup that [diskstore.Store.Backup] has written to its end: whether it is whole, as
// it was written, and holds a sound store, which can be opened. It is unpacked for that into a folder
// under [os.TempDir], which takes as much room as the backup has, and is deleted. Errors wrap
// [backup.ErrNotWhole] where the backup is not to be used; then the report has what was found until
// then. Progress may be nil.
func Verify(ctx context.Context, file string, progress inspect.Progress) (found Verified, err error) {
	err = backup.Unpacked(ctx, file, progress, func(dir string, m backup.Manifest, size int64) (err error) {
		found.Manifest, found.Size = m, size
		if found.Report, err = inspect.Check(ctx, dir, progress); err != nil {
			return err
		}
		if err := damageOf(found.Report); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		store, err := diskstore.Open(dir, diskstore.MustExist())
		if err != nil {
			return fmt.Errorf("%s: %w: it cannot be opened: %w", file, backup.ErrNotWhole, err)
		}
		return store.Close()
	})
	return found, err
}
