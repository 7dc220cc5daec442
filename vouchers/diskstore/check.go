package diskstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
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

// Check reads every value of a store that no process has open. The error is nil where the report
// has problems; else it is that of [Open].
func Check(path string) (report Report, err error) {
	err = inspect(path, func(at *state.View) error { return report.read(path, at) })
	if errors.Is(err, ErrCorrupt) { // it cannot even be opened: that is what the check was to find
		report.note(err)
		err = nil
	}
	return report, err
}

// Check reads every value of the store as it is now. Nobody is held up.
func (s *Store) Check() (report Report, err error) {
	at, err := s.upToDate()
	if err != nil {
		return report, fmt.Errorf("check %s: %w", s.path, err)
	}
	defer at.End()
	return report, report.read(s.path, at)
}

func (r *Report) note(err error) {
	if err != nil && len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, err.Error())
	}
}

func (r *Report) read(path string, at *state.View) error {
	r.Problems = []string{}
	at.Check(r.note)
	stats, err := readStats(path, at)
	if err != nil && len(r.Problems) == 0 {
		return err
	}
	r.Stats = stats
	if err := r.journal(path, at); err != nil {
		return err
	}
	for _, dir := range []string{tablesPath(path), answersPath(path)} {
		if err := r.tables(dir); err != nil {
			return err
		}
	}
	return nil
}

// journal reads the journal, which has to go on where the checkpoint ends.
func (r *Report) journal(path string, at *state.View) error {
	found, err := journal.Verify(journalPath(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.Torn = found.Torn
	for _, problem := range found.Problems {
		r.note(problem)
	}
	passed, err := at.Position()
	if err != nil {
		r.note(err)
		return nil
	}
	name, err := at.Journal()
	switch {
	case err != nil:
		r.note(err)
	case found.Segments > 0:
		r.note(agree(name, passed, found.Name, found.Oldest))
	case name != [16]byte{}:
		r.note(fmt.Errorf("%w: the checkpoint has come to %v of a journal that is missing", ErrCorrupt, passed))
	}
	return nil
}

// tables reads the sealed tables of a folder.
func (r *Report) tables(dir string) (err error) {
	shelf, err := history.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shelf.Close()) }()
	for _, table := range shelf.List() {
		_, problems, err := history.Verify(context.Background(), table.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it was not dropped meanwhile
			problems = append(problems, err)
		}
		for _, problem := range problems {
			r.note(problem)
		}
	}
	return nil
}
