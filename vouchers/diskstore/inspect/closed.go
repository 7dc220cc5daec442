package inspect

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/state"
)

// ReadStats returns the stats of a store that no process has open, and changes nothing of it.
// Path may be that of a backup, which is unpacked for that first. Errors wrap
// [boltfile.ErrInUse], [state.ErrFormat] or [boltfile.ErrCorrupt], as when it is opened.
func ReadStats(ctx context.Context, path string) (stats Stats, err error) {
	if backup.Is(path) {
		err = backup.Unpacked(ctx, path, nil, func(dir string, _ backup.Manifest, _ int64) (err error) {
			stats, err = ReadStats(ctx, dir)
			return err
		})
		return stats, err
	}
	err = look(path, func(found *Contents) error {
		var damage error
		if _, err := found.readJournal(ctx, path, func(err error) { damage = errors.Join(damage, err) }); err != nil {
			return err
		}
		if damage != nil {
			return fmt.Errorf("%w: `chit store check` names all that is damaged", damage)
		}
		stats, err = found.Stats(ctx, path)
		return err
	})
	return stats, err
}

// look runs read on what a store has that no process has open, but for what is in its journal.
func look(path string, read func(*Contents) error) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	if !info.IsDir() {
		return notAFolder(path)
	}
	if err := folder.Complete(path); err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	file, err := state.OpenReadOnly(folder.State(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	at, err := file.View()
	if err != nil {
		return err
	}
	defer at.End()
	found, err := contentsOf(path, at)
	if err != nil {
		return err
	}
	return read(found)
}

// notAFolder says what a file is that stands where a store should be.
func notAFolder(path string) (err error) {
	former, err := state.OpenFormer(path)
	if err != nil {
		return err
	}
	return errors.Join(fmt.Errorf("store %s: %w: it is one file, as older versions have it: a server that is started on it migrates it", path, state.ErrFormat), former.Close())
}
