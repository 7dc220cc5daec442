package diskstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
)

// Report is what a check of a store has found.
type Report struct {
	Stats
	// Torn is how many bytes at the end of the journal are of a write that was not finished:
	// nobody was answered for it, and it is cut when the store is opened.
	Torn int64 `json:"torn"`
	// Problems name what is damaged, each with its file, and where in it. None means that the
	// store is sound.
	Problems []string `json:"problems"`
}

// maxProblems is how many problems a report names.
const maxProblems = 100

// Progress is told which part of a store is read next, such as "history/0000000012.table", and
// how many of all bytes have been read.
type Progress func(part string, done, all int64)

// Check reads every value of a store that no process has open, and changes nothing of it. Path
// may be that of a backup, which is unpacked for that as [Verify] does. The error is nil where
// the report has problems; else it is that of [Open], or the context's. Progress may be nil.
func Check(ctx context.Context, path string, progress Progress) (report Report, err error) {
	if isBackup(path) {
		err = unpacked(ctx, path, progress, func(dir string, _ Manifest, _ int64) (err error) {
			report, err = Check(ctx, dir, progress)
			return err
		})
		return report, err
	}
	report.Problems = []string{}
	err = inspect(path, func(at *state.View) error {
		found, err := look(path, at)
		if err != nil {
			return err
		}
		c := newChecking(ctx, path, found, progress)
		if err := c.files(&report, found); err != nil {
			return err
		}
		return report.addUp(ctx, path, found)
	})
	if errors.Is(err, ErrCorrupt) { // it cannot even be opened: that is what the check was to find
		report.note(err)
		err = nil
	}
	return report, err
}

// Check reads every value of the store as it is now. Nobody is held up. Progress may be nil.
func (s *Store) Check(ctx context.Context, progress Progress) (report Report, err error) {
	report.Problems = []string{}
	now, err := s.contents()
	if err == nil {
		defer now.state.End()
		err = newChecking(ctx, s.path, now, progress).files(&report, &contents{})
		report.Torn = 0 // what is being written
	}
	if err == nil {
		err = report.addUp(ctx, s.path, now)
	}
	if err != nil {
		return report, fmt.Errorf("check %s: %w", s.path, err)
	}
	return report, nil
}

func (r *Report) note(err error) {
	if err != nil && len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, err.Error())
	}
}

// addUp adds the stats. Where there are problems, what cannot be added up is none of its own.
func (r *Report) addUp(ctx context.Context, path string, of *contents) (err error) {
	if r.Stats, err = of.stats(ctx, path); err != nil && len(r.Problems) > 0 && ctx.Err() == nil {
		return nil
	}
	return err
}

// checking is a check that is under way.
type checking struct {
	ctx       context.Context
	path      string
	of        *contents
	progress  Progress
	done, all int64 // bytes
}

func newChecking(ctx context.Context, path string, of *contents, progress Progress) *checking {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	c := &checking{ctx: ctx, path: path, of: of, progress: progress}
	c.all = of.state.Size() + folderSize(journalPath(path)) + partOf(of.history).Bytes + partOf(of.answers).Bytes
	return c
}

// next tells that a part is read next.
func (c *checking) next(file string, size int64) {
	name, err := filepath.Rel(c.path, file)
	if err != nil {
		name = file
	}
	c.progress(filepath.ToSlash(name), c.done, c.all)
	c.done += size
}

// files reads all files. What the journal has is taken into what.
func (c *checking) files(r *Report, into *contents) error {
	c.next(statePath(c.path), c.of.state.Size())
	if err := c.of.state.Check(c.ctx, r.note); err != nil {
		return err
	}
	if err := c.journal(r, into); err != nil {
		return err
	}
	chain, err := letGo(c.of.state)
	r.note(err)
	for i, table := range slices.Concat(c.of.history, c.of.answers) {
		if i == len(c.of.history) {
			chain = nil
		}
		c.next(table.Path, table.Bytes)
		_, problems, err := history.Verify(c.ctx, table.Path, chain)
		switch {
		case c.ctx.Err() != nil:
			return context.Cause(c.ctx)
		case err != nil && !errors.Is(err, fs.ErrNotExist): // it was not dropped meanwhile
			r.note(err)
		}
		for _, problem := range problems {
			r.note(problem)
		}
	}
	c.progress("", c.done, c.all)
	return nil
}

// letGo is where the channels go on whose first entries are not kept any more.
func letGo(at *state.View) (history.Chain, error) {
	chain := history.Chain{}
	err := boltfile.Guard(func() error {
		c := at.Cursor(headBucket)
		for key, value, err := c.Seek(nil); ; key, value, err = c.Next() {
			if err != nil || key == nil {
				return err
			}
			if len(key) == len(vouchers.ChannelID{}) && len(value) >= len(common.Hash{}) {
				chain[vouchers.ChannelID(key)] = common.Hash(value[:len(common.Hash{})])
			}
		}
	})
	return chain, err
}

// journal reads the journal, which has to go on where the checkpoint ends.
func (c *checking) journal(r *Report, into *contents) error {
	c.next(journalPath(c.path), folderSize(journalPath(c.path)))
	found, err := into.readJournal(c.ctx, c.path, r.note)
	if err != nil {
		return err
	}
	r.Torn = found.Torn
	passed, err := c.of.state.Position()
	r.note(err)
	name, err := c.of.state.Journal()
	r.note(err)
	switch {
	case len(r.Problems) > 0:
	case found.Segments == 0 && name != [16]byte{}:
		r.note(fmt.Errorf("%w: the checkpoint has come to %v of a journal that is missing from %s: %w", ErrCorrupt, passed, c.path, errUnlike))
	case found.Segments > 0:
		r.note(agree(name, passed, found.Name, found.Oldest))
	}
	if passed.Compare(found.End) > 0 && len(r.Problems) == 0 {
		r.note(fmt.Errorf("%w: the checkpoint has come to %v, and the journal ends in %v: %w", ErrCorrupt, passed, found.End, errUnlike))
	}
	return nil
}
