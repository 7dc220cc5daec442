package inspect

import (
	"context"
	"maps"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// Contents are what a store has at one moment.
type Contents struct {
	// State is the checkpoint, whose view the caller ends.
	State *state.View
	// Journal is what is not sealed, History and Answers are the tables.
	Journal          Part
	History, Answers []history.Facts

	passed journal.Position                // by the checkpoint
	newer  map[vouchers.ChannelID]standing // what the journal says after the checkpoint
	first  uint64                          // the journal's first segment with a record, 0 if none is known
}

// standing is how a channel stands.
type standing struct{ charged, claimed vouchers.Amount }

// contentsOf finds what a store has that no process has open, but for what is in its journal.
func contentsOf(path string, at *state.View) (found *Contents, err error) {
	found = &Contents{State: at, newer: map[vouchers.ChannelID]standing{}}
	if found.passed, err = at.Position(); err != nil {
		return nil, err
	}
	if found.History, err = history.Look(folder.History(path)); err != nil {
		return nil, err
	}
	if found.Answers, err = history.Look(folder.Answers(path)); err != nil {
		return nil, err
	}
	return found, nil
}

// Stats reads what is alive, and adds it up with the rest. Path is where the store is.
func (c *Contents) Stats(ctx context.Context, path string) (Stats, error) {
	alive, err := c.State.Stats()
	if err != nil {
		return Stats{}, err
	}
	s := Stats{Version: state.Version, State: alive, Journal: c.Journal, History: PartOf(c.History), Answers: PartOf(c.Answers)}
	s.Answers.First, s.Answers.Last = time.Time{}, time.Time{} // when they end, not when they were given
	s.Bytes = s.State.Bytes + s.Journal.Bytes + s.History.Bytes + s.Answers.Bytes
	s.Receipts = s.Journal.Entries + s.History.Entries
	s.Free, _ = folder.Free(path)
	return s, c.addUp(ctx, &s)
}

// addUp counts the channels, and what they owe.
func (c *Contents) addUp(ctx context.Context, s *Stats) error {
	add := func(of standing) {
		s.Channels++
		s.Unclaimed = s.Unclaimed.Plus(of.charged.Minus(of.claimed))
	}
	fresh := maps.Clone(c.newer) // that the checkpoint does not have at all
	err := c.State.Load(ctx, func(r *vouchers.Record) error {
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
