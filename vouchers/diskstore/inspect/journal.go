package inspect

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"time"

	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// readJournal reads the journal and takes in what it has. What is damaged is noted.
func (c *Contents) readJournal(ctx context.Context, path string, note func(error)) (found journal.Report, err error) {
	found, err = journal.VerifyEach(ctx, folder.Journal(path), func(p journal.Position, record []byte) {
		f, err := frame.DecodeAt(p, record)
		if err != nil {
			note(err)
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
	c.Journal.Files, c.Journal.Bytes = found.Segments, found.Bytes
	c.dropUnsealed()
	return found, err
}

func (c *Contents) take(p journal.Position, f *frame.Frame) {
	if c.first == 0 {
		c.first = p.Segment
	}
	for _, e := range f.Entries {
		at := time.Unix(int64(e.Time), 0).UTC()
		c.Journal.Add(1, at, at)
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
func (c *Contents) dropUnsealed() {
	before := c.first
	if before == 0 {
		before = math.MaxUint64
	}
	for _, of := range []*[]history.Facts{&c.History, &c.Answers} {
		var sealed []history.Facts
		for _, table := range *of {
			if table.Number < before {
				sealed = append(sealed, table)
			}
		}
		*of = sealed
	}
}
