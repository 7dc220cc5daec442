package diskstore

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// contents are what a store has at one moment.
type contents struct {
	state            *state.View
	passed           journal.Position // by the checkpoint
	journal          Part
	history, answers []history.Facts

	newer map[vouchers.ChannelID]standing // what the journal says after the checkpoint
	first uint64                          // the journal's first segment with a record, 0 if none is known
}

// standing is how a channel stands.
type standing struct{ charged, claimed vouchers.Amount }

// contents are those of now; its view has to be ended. The checkpoint is brought up to the
// journal first.
func (s *Store) contents() (*contents, error) {
	if err := s.queue.err(); errors.Is(err, vouchers.ErrStoreClosed) {
		return nil, err
	}
	if err := s.keeper.work(s.checkpoint); err != nil {
		return nil, err
	}
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	at, err := s.state.View()
	if err != nil {
		return nil, err
	}
	now := &contents{state: at, history: s.tables.List(), answers: s.answers.List()}
	for _, segment := range s.journal.Segments() {
		now.journal.Files++
		now.journal.Bytes += segment.Size
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.unsealed {
		now.journal.add(uint64(l.count), time.Unix(int64(l.first), 0).UTC(), time.Unix(int64(l.last), 0).UTC())
	}
	return now, nil
}

// look finds what a store has that no process has open, but for what is in its journal.
func look(path string, at *state.View) (found *contents, err error) {
	found = &contents{state: at, newer: map[vouchers.ChannelID]standing{}}
	if found.passed, err = at.Position(); err != nil {
		return nil, err
	}
	if found.history, err = history.Look(tablesPath(path)); err != nil {
		return nil, err
	}
	if found.answers, err = history.Look(answersPath(path)); err != nil {
		return nil, err
	}
	return found, nil
}

// readJournal reads the journal and takes in what it has. What is damaged is noted.
func (c *contents) readJournal(ctx context.Context, path string, note func(error)) (found journal.Report, err error) {
	found, err = journal.VerifyEach(ctx, journalPath(path), func(p journal.Position, record []byte) {
		f, err := frame.Decode(record)
		if err != nil {
			note(errAt(p, err))
			return
		}
		c.take(p, f)
	})
	if errors.Is(err, fs.ErrNotExist) { // a store that was never written to has none
		err = nil
	}
	for _, problem := range found.Problems {
		note(problem)
	}
	c.journal.Files, c.journal.Bytes = found.Segments, found.Bytes
	c.dropUnsealed()
	return found, err
}

func (c *contents) take(p journal.Position, f *frame.Frame) {
	if c.first == 0 {
		c.first = p.Segment
	}
	for _, e := range f.Entries {
		at := time.Unix(int64(e.Time), 0).UTC()
		c.journal.add(1, at, at)
	}
	if c.newer == nil || p.Compare(c.passed) < 0 {
		return
	}
	for i := range f.Records {
		r := &f.Records[i].Record
		c.newer[r.ID] = standing{r.Charged, r.Claimed}
	}
}

// dropUnsealed leaves out the tables of segments that the journal still has, as opening the
// store does.
func (c *contents) dropUnsealed() {
	before := c.first
	if before == 0 {
		before = math.MaxUint64
	}
	for _, of := range []*[]history.Facts{&c.history, &c.answers} {
		var sealed []history.Facts
		for _, table := range *of {
			if table.Number < before {
				sealed = append(sealed, table)
			}
		}
		*of = sealed
	}
}

// stats reads what is alive, and adds it up with the rest.
func (c *contents) stats(ctx context.Context, path string) (Stats, error) {
	alive, err := c.state.Stats()
	if err != nil {
		return Stats{}, err
	}
	s := Stats{Version: state.Version, State: alive, Journal: c.journal, History: partOf(c.history), Answers: partOf(c.answers)}
	s.Answers.First, s.Answers.Last = time.Time{}, time.Time{} // when they end, not when they were given
	s.Bytes = s.State.Bytes + s.Journal.Bytes + s.History.Bytes + s.Answers.Bytes
	s.Receipts = s.Journal.Entries + s.History.Entries
	s.Free, _ = freeBytes(path)
	return s, c.addUp(ctx, &s)
}

// addUp counts the channels, and what they owe.
func (c *contents) addUp(ctx context.Context, s *Stats) error {
	add := func(of standing) {
		s.Channels++
		s.Unclaimed = s.Unclaimed.Plus(of.charged.Minus(of.claimed))
	}
	fresh := maps.Clone(c.newer) // that the checkpoint does not have at all
	err := c.state.Load(ctx, func(r *vouchers.Record) error {
		of, isNewer := c.newer[r.ID]
		if !isNewer {
			of = standing{r.Charged, r.Claimed}
		}
		delete(fresh, r.ID)
		add(of)
		return nil
	})
	for _, of := range fresh {
		add(of)
	}
	return err
}

// folderSize is the size of the files of a folder, 0 where there is none.
func folderSize(dir string) (size int64) {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
	}
	return size
}
