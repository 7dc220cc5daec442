package diskstore

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// tableEntries is how many receipts of a store of version 1 a table has at most.
const tableEntries = 1 << 18

// migrate makes a store of version 1, one bbolt file, a folder. The file stays beside it.
func migrate(path string, o *options) (err error) {
	from, err := state.OpenFormer(path)
	if err != nil {
		return err
	}
	_, err = replace(path, keptName(path), func(dir string) error { return convert(from, dir, o) })
	if err := errors.Join(err, from.Close()); err != nil {
		return fmt.Errorf("migrate store %s, which is as it was: %w", path, err)
	}
	return nil
}

// convert fills a folder with what a store of version 1 has.
func convert(from *state.Former, dir string, o *options) (err error) {
	to, err := state.Open(statePath(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := from.CopyTo(to); err != nil {
		return err
	}
	tables, err := convertReceipts(from, dir, to, o)
	if err != nil {
		return err
	}
	if err := convertAnswers(from, dir, o); err != nil {
		return err
	}
	// The segments of the journal are numbered after the tables, whose numbers are theirs.
	j, err := journal.Open(journalPath(dir), journal.Options{First: tables + 1})
	if err != nil {
		return err
	}
	return errors.Join(to.Bind(j.Name()), to.Write(&state.Changes{Position: j.End()}), j.Close())
}

// convertReceipts seals the receipts by time, and returns how many tables they fill, 1 at least.
func convertReceipts(from *state.Former, dir string, to *state.File, o *options) (tables uint64, err error) {
	times, err := timesOf(from, o)
	if err != nil {
		return 0, err
	}
	shelf, err := history.Open(tablesPath(dir))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, shelf.Close()) }()
	heads := map[vouchers.ChannelID]vouchers.Head{}
	for tables = 1; ; tables++ {
		first := int(tables-1) * o.tableEntries
		if first >= len(times) {
			break
		}
		if err := convertSpan(from, shelf.Path(tables), o, spanOf(times, first, o.tableEntries), heads); err != nil {
			return 0, err
		}
	}
	return max(1, tables-1), to.Write(&state.Changes{Heads: heads})
}

// ranked is when a receipt was issued, or the one before it if the clock was set back, with its
// place among all: by it each is in one table, and those of a channel are in order.
type ranked struct {
	time  uint32
	place uint32
}

func (a ranked) compare(b ranked) int {
	if a.time != b.time {
		return int(int64(a.time) - int64(b.time))
	}
	return int(int64(a.place) - int64(b.place))
}

// span is from one (inclusive) to another (exclusive).
type span struct{ from, to ranked }

func (s span) has(r ranked) bool { return r.compare(s.from) >= 0 && r.compare(s.to) < 0 }

func spanOf(times []ranked, first, entries int) span {
	s := span{times[first], ranked{^uint32(0), ^uint32(0)}}
	if first == 0 {
		s.from = ranked{}
	}
	if end := first + entries; end < len(times) {
		s.to = times[end]
	}
	return s
}

// timesOf are the ranks of all receipts, in order.
func timesOf(from *state.Former, o *options) (times []ranked, err error) {
	err = eachFormer(from, o, func(_ *vouchers.Entry, r ranked) error {
		times = append(times, r)
		return nil
	})
	slices.SortFunc(times, ranked.compare)
	return times, err
}

// eachFormer visits the receipts by channel and number, with their ranks.
func eachFormer(from *state.Former, o *options, visit func(*vouchers.Entry, ranked) error) error {
	var channel vouchers.ChannelID
	var r ranked
	return from.Receipts(func(key, value []byte) error {
		if o.former == nil {
			return fmt.Errorf("%w: it has receipts, and this program does not read them: open it with one that sells", ErrFormat)
		}
		e, err := o.former(key, value)
		if err != nil {
			return err
		}
		if e.Channel != channel {
			channel, r.time = e.Channel, 0
		}
		r.time = max(r.time, e.Time)
		r.place++
		return visit(e, r)
	})
}

func convertSpan(from *state.Former, path string, o *options, of span, heads map[vouchers.ChannelID]vouchers.Head) error {
	b := new(history.Builder)
	err := eachFormer(from, o, func(e *vouchers.Entry, r ranked) error {
		if !of.has(r) {
			return nil
		}
		e.Value = bytes.Clone(e.Value)
		heads[e.Channel] = vouchers.Head{Number: e.Number, Digest: e.Digest, Cumulative: e.Cumulative}
		return b.Add(e)
	})
	if err != nil {
		return err
	}
	return b.Write(path)
}

// convertAnswers seals the answers whose time is not over.
func convertAnswers(from *state.Former, dir string, o *options) (err error) {
	shelf, err := history.OpenAnswers(answersPath(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shelf.Close()) }()
	b := new(history.AnswerBuilder)
	now := o.now()
	err = from.Answers(func(a vouchers.Answer) error {
		if !now.Before(a.Expires) {
			return nil
		}
		b.Add(&a)
		return nil
	})
	if err != nil || b.Len() == 0 {
		return err
	}
	return b.Write(shelf.Path(1))
}
