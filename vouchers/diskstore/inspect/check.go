package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/history"
)

// Check reads every value of a store that no process has open, and changes nothing of it. Path
// may be that of a backup, which is unpacked for that first. The error is nil where the report has
// problems; else it is that of [ReadStats], or the context's. Progress may be nil.
func Check(ctx context.Context, path string, progress Progress) (report Report, err error) {
	if backup.Is(path) {
		err = backup.Unpacked(ctx, path, progress, func(dir string, _ backup.Manifest, _ int64) (err error) {
			report, err = Check(ctx, dir, progress)
			return err
		})
		return report, err
	}
	report.Problems = []string{}
	err = look(path, func(found *Contents) error {
		if err := newChecking(ctx, path, found, progress).files(&report, found); err != nil {
			return err
		}
		return report.addUp(ctx, path, found)
	})
	if errors.Is(err, boltfile.ErrCorrupt) { // it cannot even be opened: that is what the check was to find
		report.note(err)
		err = nil
	}
	return report, err
}

// Check reads every value of a store that is open at path. Nobody is held up. Progress may be nil.
func (c *Contents) Check(ctx context.Context, path string, progress Progress) (report Report, err error) {
	report.Problems = []string{}
	if err := newChecking(ctx, path, c, progress).files(&report, new(Contents)); err != nil {
		return report, err
	}
	report.Torn = 0 // what is being written
	return report, report.addUp(ctx, path, c)
}

// checking is a check that is under way.
type checking struct {
	ctx       context.Context
	path      string
	of        *Contents
	progress  Progress
	done, all int64 // bytes
}

func newChecking(ctx context.Context, path string, of *Contents, progress Progress) *checking {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	c := &checking{ctx: ctx, path: path, of: of, progress: progress}
	c.all = of.State.Size() + folder.Size(folder.Journal(path)) + PartOf(of.History).Bytes + PartOf(of.Answers).Bytes
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
func (c *checking) files(r *Report, into *Contents) error {
	c.next(folder.State(c.path), c.of.State.Size())
	if err := c.of.State.Check(c.ctx, r.note); err != nil {
		return err
	}
	if err := c.journal(r, into); err != nil {
		return err
	}
	r.note(doubles(c.of.State, r.double))
	chain, err := letGo(c.of.State)
	r.note(err)
	for i, table := range slices.Concat(c.of.History, c.of.Answers) {
		if i == len(c.of.History) {
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

// journal reads the journal, which has to go on where the checkpoint ends.
func (c *checking) journal(r *Report, into *Contents) error {
	c.next(folder.Journal(c.path), folder.Size(folder.Journal(c.path)))
	found, err := into.readJournal(c.ctx, c.path, r.note)
	if err != nil {
		return err
	}
	r.Torn = found.Torn
	passed, err := c.of.State.Position()
	r.note(err)
	name, err := c.of.State.Journal()
	r.note(err)
	switch {
	case len(r.Problems) > 0:
	case found.Segments == 0 && name != [16]byte{}:
		r.note(fmt.Errorf("%w: the checkpoint has come to %v of a journal that is missing from %s: %w", boltfile.ErrCorrupt, passed, c.path, folder.ErrUnlike))
	case found.Segments > 0:
		r.note(folder.Agree(name, passed, found.Name, found.Oldest))
	}
	if passed.Compare(found.End) > 0 && len(r.Problems) == 0 {
		r.note(fmt.Errorf("%w: the checkpoint has come to %v, and the journal ends in %v: %w", boltfile.ErrCorrupt, passed, found.End, folder.ErrUnlike))
	}
	return nil
}
