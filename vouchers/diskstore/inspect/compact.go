package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/state"
)

// Compact writes a copy of a store that no process has open to a folder that must not be there
// yet. The copy's checkpoint has no free pages. A store that is damaged is not copied: the error
// wraps [boltfile.ErrCorrupt].
func Compact(src, dst string) error {
	report, err := Check(context.Background(), src, nil)
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("compact %s: %w: %s", src, boltfile.ErrCorrupt, report.Problems[0])
	}
	if err := os.Mkdir(dst, 0o700); err != nil {
		return fmt.Errorf("compact %s: %w", src, err)
	}
	if err := compact(src, dst); err != nil {
		return errors.Join(fmt.Errorf("compact %s: %w", src, err), os.RemoveAll(dst))
	}
	return nil
}

func compact(src, dst string) (err error) {
	from, err := state.OpenReadOnly(folder.State(src))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := from.CompactTo(folder.State(dst)); err != nil {
		return err
	}
	for _, part := range []string{folder.Journal(""), folder.History(""), folder.Answers("")} {
		if err := copyFolder(filepath.Join(src, part), filepath.Join(dst, part)); err != nil {
			return err
		}
	}
	return folder.SyncAll(dst)
}

// copyFolder copies the files of a folder; one that is not there has none.
func copyFolder(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasSuffix(entry.Name(), ".tmp") {
			continue
		}
		if err := copyFile(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
