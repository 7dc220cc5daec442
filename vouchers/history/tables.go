package history

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
)

var _ vouchers.History = (*Tables)(nil)

// Tables is a directory of sealed receipts. It is safe for concurrent use: what a reader
// sees is what was there when it began, whatever is added and dropped meanwhile.
type Tables struct {
	shelf *shelf

	pruning sync.Mutex // held by the one who prunes
}

// Open opens the tables of a directory, which is made if it is not there, and removes what a
// crash left unfinished. A table that is damaged does not keep the others from being read:
// see [Tables.Damage].
func Open(dir string) (*Tables, error) {
	s, err := openShelf(dir)
	if err != nil {
		return nil, err
	}
	return &Tables{shelf: s}, nil
}

// Close refuses new readers. What is being read is closed when it has been.
func (t *Tables) Close() error { return t.shelf.close() }

// Path is where the table of a segment is to be written, by [Builder.Write].
func (t *Tables) Path(segment uint64) string { return t.shelf.path(segment) }

// Add shows readers the table of a segment, which was written to its path. It is an error
// that wraps [ErrEntry] to add one twice, and one that wraps [ErrCorrupt] if the file cannot
// be read.
func (t *Tables) Add(segment uint64) error {
	_, err := t.shelf.add(segment, 0)
	return err
}

// Has says whether there is a table of this segment.
func (t *Tables) Has(segment uint64) bool { return t.shelf.has(segment) }

// Drop hides the table of a segment from new readers, and removes it when the last one that
// is at it is done. It is no error if there is none.
func (t *Tables) Drop(segment uint64) error { return t.shelf.dropNumber(segment) }

// List is what is there, in the order of the segments.
func (t *Tables) List() []Facts { return t.shelf.list() }

// Damage is why tables cannot be read, as far as opening them has shown; nil if they can. It
// wraps [ErrCorrupt].
func (t *Tables) Damage() error { return t.shelf.damage() }

// Head is the last entry of a channel in the tables; zero if there is none.
func (t *Tables) Head(id vouchers.ChannelID) (head vouchers.Head, err error) {
	held, release, err := t.shelf.hold()
	if err != nil {
		return head, err
	}
	defer release()
	for i := len(held) - 1; i >= 0 && head.Number == 0 && err == nil; i-- {
		err = t.shelf.read(held[i], func(s *sheet) (err error) {
			head, err = s.head(id)
			return err
		})
	}
	return head, err
}

// Walk visits the entries of a channel with numbers above after, in order. An error of visit
// ends it and is returned. A line is only valid during the call. Of a table without the
// channel it reads the index and the filter, once.
func (t *Tables) Walk(ctx context.Context, id vouchers.ChannelID, after uint64, visit func(*vouchers.Line) error) error {
	if after == 1<<64-1 {
		return nil
	}
	return t.each(ctx, math.MaxUint64, time.Time{}, time.Time{}, func(s *sheet) error { return s.walk(ctx, id, after, visit) })
}

// Each visits the entries from since (inclusive) until until (exclusive), zero being no bound:
// table by table, those of a table sorted by channel and number. It reads the tables that
// overlap with that. An error of visit ends it and is returned. A line is only valid during
// the call.
func (t *Tables) Each(ctx context.Context, since, until time.Time, visit func(*vouchers.Line) error) error {
	return t.EachBefore(ctx, math.MaxUint64, since, until, visit)
}

// EachBefore is [Tables.Each] of the tables of segments before one.
func (t *Tables) EachBefore(ctx context.Context, segment uint64, since, until time.Time, visit func(*vouchers.Line) error) error {
	return t.each(ctx, segment, since, until, func(s *sheet) error { return s.each(ctx, since, until, visit) })
}

// each calls use with the tables of segments before one that span some of the time, in order.
func (t *Tables) each(ctx context.Context, before uint64, since, until time.Time, use func(*sheet) error) error {
	held, release, err := t.shelf.hold()
	if err != nil {
		return err
	}
	defer release()
	for _, v := range held {
		if v.number >= before || v.damage == nil && !v.facts.spans(since, until) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.shelf.read(v, use); err != nil {
			return err
		}
	}
	return nil
}

// head is the last entry of a channel in the table; zero if there is none.
func (s *sheet) head(id vouchers.ChannelID) (head vouchers.Head, err error) {
	there, err := s.has(receiptKey(id, 0))
	if err != nil || !there {
		return head, err
	}
	c := s.cursor(receiptKey(id, 0), receiptsEnd(id))
	defer c.close()
	if !c.step(c.it.Last()) {
		return head, c.err
	}
	digest, err := c.digest(&c.row)
	return vouchers.Head{Number: c.number, Digest: digest, Cumulative: c.row.cumulative}, err
}

// walk visits the entries of a channel in the table with numbers above after.
func (s *sheet) walk(ctx context.Context, id vouchers.ChannelID, after uint64, visit func(*vouchers.Line) error) error {
	from := receiptKey(id, after+1)
	there, err := s.has(from)
	if err != nil || !there {
		return err
	}
	c := s.cursor(receiptKey(id, 0), receiptsEnd(id))
	defer c.close()
	for ok := c.seek(from); ok; ok = c.next() {
		if err := c.visit(ctx, visit); err != nil {
			return err
		}
	}
	return c.err
}

// each visits the entries of the table that are within the time.
func (s *sheet) each(ctx context.Context, since, until time.Time, visit func(*vouchers.Line) error) error {
	c := s.receipts()
	defer c.close()
	for ok := c.step(c.it.First()); ok; ok = c.next() {
		if !(facts{first: c.row.time, last: c.row.time}).spans(since, until) {
			continue
		}
		if err := c.visit(ctx, visit); err != nil {
			return err
		}
	}
	return c.err
}

// channels visits the last entry of each channel in the table, and says how many it has
// there. The cursor is only valid during the call.
func (s *sheet) channels(ctx context.Context, visit func(last *cursor, entries uint64) error) error {
	ahead, at := s.receipts(), s.receipts()
	defer ahead.close()
	defer at.close()
	more := ahead.step(ahead.it.First())
	for more {
		channel, entries := ahead.channel, uint64(0)
		for ; more && ahead.channel == channel; more = ahead.next() {
			entries++
			if !at.next() {
				return at.err
			}
		}
		if ahead.err != nil {
			return ahead.err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(at, entries); err != nil {
			return err
		}
	}
	return ahead.err
}
