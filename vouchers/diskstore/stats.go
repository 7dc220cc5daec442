package diskstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// Stats say what a store holds.
type Stats struct {
	// Version is the version of the store's format.
	Version int `json:"version"`
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
	// Entries are the receipts or answers of sealed tables, First and Last the times of the
	// first and the last receipt.
	Entries uint64    `json:"entries,omitzero"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
}

// Stats returns what the store holds at this moment. It reads all that is alive.
func (s *Store) Stats() (Stats, error) {
	at, err := s.upToDate()
	if err != nil {
		return Stats{}, fmt.Errorf("stats of %s: %w", s.path, err)
	}
	defer at.End()
	var segments Part
	for _, segment := range s.journal.Segments() {
		segments.Files++
		segments.Bytes += segment.Size
	}
	stats, err := statsOf(s.path, at, segments, s.tables, s.answers)
	if err != nil {
		return Stats{}, fmt.Errorf("stats of %s: %w", s.path, err)
	}
	return stats, nil
}

// upToDate is the checkpoint, once it is up to what is durable.
func (s *Store) upToDate() (*state.View, error) {
	if err := s.queue.err(); errors.Is(err, vouchers.ErrStoreClosed) {
		return nil, err
	}
	if err := s.keeper.work(s.checkpoint); err != nil {
		return nil, err
	}
	return s.state.View()
}

// ReadStats returns the stats of a store that no process has open. Errors are those of [Open].
func ReadStats(path string) (stats Stats, err error) {
	err = inspect(path, func(at *state.View) error {
		stats, err = readStats(path, at)
		return err
	})
	return stats, err
}

func readStats(path string, at *state.View) (stats Stats, err error) {
	found, err := journal.Verify(journalPath(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return stats, err
	}
	tables, err := history.Open(tablesPath(path))
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, tables.Close()) }()
	answers, err := history.OpenAnswers(answersPath(path))
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, answers.Close()) }()
	return statsOf(path, at, Part{Files: found.Segments, Bytes: found.Bytes}, tables, answers)
}

func statsOf(path string, at *state.View, segments Part, tables *history.Tables, answers *history.Answers) (Stats, error) {
	alive, err := at.Stats()
	if err != nil {
		return Stats{}, err
	}
	stats := Stats{Version: state.Version, State: alive, Journal: segments, History: partOf(tables.List()), Answers: partOf(answers.List())}
	stats.Answers.First, stats.Answers.Last = time.Time{}, time.Time{} // when they end, not when they were given
	stats.Bytes = stats.State.Bytes + stats.Journal.Bytes + stats.History.Bytes + stats.Answers.Bytes
	stats.Free, _ = freeBytes(path)
	return stats, nil
}

func partOf(tables []history.Facts) (p Part) {
	for i, table := range tables {
		p.Files++
		p.Bytes += table.Bytes
		p.Entries += table.Entries
		if i == 0 || table.First.Before(p.First) {
			p.First = table.First
		}
		if table.Last.After(p.Last) {
			p.Last = table.Last
		}
	}
	return p
}

// inspect runs read on the checkpoint of a store that no process has open.
func inspect(path string, read func(*state.View) error) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("store %s: %w: it is one file, as older versions have it: a server that is started on it migrates it", path, ErrFormat)
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
