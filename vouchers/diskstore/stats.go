package diskstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
)

// Stats say what a store holds.
type Stats struct {
	// Version is the version of the store's format.
	Version int `json:"version"`
	// Channels and Receipts are how many there are, Unclaimed is what was charged and not
	// claimed yet.
	Channels  int             `json:"channels"`
	Receipts  uint64          `json:"receipts"`
	Unclaimed vouchers.Amount `json:"unclaimed"`
	// Bytes is the size of all its files, Free what their disk has left; 0 where that is not
	// known.
	Bytes int64  `json:"bytes"`
	Free  uint64 `json:"free"`
	// State is what is alive as the checkpoint has it, without what is newer in the journal.
	State state.Stats `json:"state"`
	// Journal is what is not sealed yet.
	Journal Part `json:"journal"`
	// History and Answers are the sealed tables.
	History Part `json:"history"`
	Answers Part `json:"answers"`
}

// Part is what some files hold.
type Part struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Entries are the receipts, or the answers of sealed tables of answers; First and Last are
	// the times of the first and the last receipt.
	Entries uint64    `json:"entries,omitzero"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
}

// add takes in entries of a span of time.
func (p *Part) add(entries uint64, first, last time.Time) {
	if entries == 0 {
		return
	}
	if p.Entries == 0 || first.Before(p.First) {
		p.First = first
	}
	if last.After(p.Last) {
		p.Last = last
	}
	p.Entries += entries
}

func partOf(tables []history.Facts) (p Part) {
	for _, table := range tables {
		p.Files++
		p.Bytes += table.Bytes
		p.add(table.Entries, table.First, table.Last)
	}
	return p
}

// Stats returns what the store holds at this moment. It reads all that is alive; nobody is held
// up.
func (s *Store) Stats(ctx context.Context) (stats Stats, err error) {
	now, err := s.contents()
	if err == nil {
		defer now.state.End()
		stats, err = now.stats(ctx, s.path)
	}
	if err != nil {
		return stats, fmt.Errorf("stats of %s: %w", s.path, err)
	}
	return stats, nil
}

// Size is how many bytes its files have now, as a backup has them.
func (s *Store) Size() (size int64, err error) {
	at, err := s.state.View()
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", s.path, err)
	}
	size = at.Size()
	at.End()
	for _, segment := range s.journal.Segments() {
		size += segment.Size
	}
	return size + partOf(s.tables.List()).Bytes + partOf(s.answers.List()).Bytes, nil
}

// ReadStats returns the stats of a store that no process has open, and changes nothing of it.
// Path may be that of a backup, which is unpacked for that as [Verify] does. Errors are those
// of [Open].
func ReadStats(ctx context.Context, path string) (stats Stats, err error) {
	if isBackup(path) {
		err = unpacked(ctx, path, nil, func(dir string, _ Manifest, _ int64) (err error) {
			stats, err = ReadStats(ctx, dir)
			return err
		})
		return stats, err
	}
	err = inspect(path, func(at *state.View) error {
		found, err := look(path, at)
		if err != nil {
			return err
		}
		var damage error
		if _, err := found.readJournal(ctx, path, func(err error) { damage = errors.Join(damage, err) }); err != nil {
			return err
		}
		if damage != nil {
			return fmt.Errorf("%w: `chit store check` names all that is damaged", damage)
		}
		stats, err = found.stats(ctx, path)
		return err
	})
	return stats, err
}

// inspect runs read on the checkpoint of a store that no process has open.
func inspect(path string, read func(*state.View) error) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	if !info.IsDir() {
		return notAFolder(path)
	}
	if err := isComplete(path); err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	file, err := state.OpenReadOnly(statePath(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	at, err := file.View()
	if err != nil {
		return err
	}
	defer at.End()
	return read(at)
}

// notAFolder says what a file is that stands where a store should be.
func notAFolder(path string) (err error) {
	former, err := state.OpenFormer(path)
	if err != nil {
		return err
	}
	return errors.Join(fmt.Errorf("store %s: %w: it is one file, as older versions have it: a server that is started on it migrates it", path, ErrFormat), former.Close())
}
