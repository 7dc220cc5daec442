package diskstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/journal"
)

// past is the history of a store: what is sealed, and after it what is not.
type past struct{ *Store }

// History implements vouchers.Store.
func (s *Store) History() vouchers.History { return past{s} }

// Head implements vouchers.History.
func (p past) Head(id vouchers.ChannelID) (vouchers.Head, error) {
	head, at, err := p.headNow(id)
	if at != nil {
		head, err = at.Head(id)
		at.End()
	}
	if err != nil {
		return head, fmt.Errorf("the last entry of channel %s: %w", id, err)
	}
	return head, nil
}

// headNow is the head if the checkpoint does not have it yet, or else the checkpoint.
func (p past) headNow(id vouchers.ChannelID) (vouchers.Head, *state.View, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range []*overlay{p.active, p.frozen} {
		if o == nil {
			continue
		}
		if head, known := o.heads[id]; known {
			return head, nil, nil
		}
	}
	at, err := p.state.View()
	return vouchers.Head{}, at, err
}

// Walk implements vouchers.History.
func (p past) Walk(ctx context.Context, id vouchers.ChannelID, after uint64, visit func(*vouchers.Line) error) error {
	w := &walk{id: id, after: after, visit: visit}
	if err := p.walk(ctx, w); err != nil {
		return fmt.Errorf("the history of channel %s: %w", id, readable(err))
	}
	return nil
}

// walk is one through a channel. What it has come by is not visited again: an entry may be
// sealed meanwhile.
type walk struct {
	id    vouchers.ChannelID
	after uint64
	last  common.Hash // the digest of entry after, if it is known
	seen  bool
	visit func(*vouchers.Line) error
}

func (w *walk) step(l *vouchers.Line) error {
	w.after, w.last, w.seen = l.Number, l.Digest, true
	return w.visit(l)
}

// segmentTrail is where a channel's entries are in a segment.
type segmentTrail struct {
	*live
	places []place
}

func (p past) walk(ctx context.Context, w *walk) error {
	trails, pins, err := p.trails(w.id)
	if err != nil {
		return err
	}
	defer pins.Release()
	if err := p.tables.Walk(ctx, w.id, w.after, w.step); err != nil {
		return err
	}
	r := frameReader{from: pins}
	for _, t := range trails {
		first := sort.Search(len(t.places), func(i int) bool { return t.places[i].number > w.after })
		for _, at := range t.places[first:] {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if err := p.visitLive(&r, t.live, at, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p past) visitLive(r *frameReader, in *live, at place, w *walk) error {
	f, err := r.read(in.position(at))
	if err != nil {
		return err
	}
	line := lineOf(f, int(at.index), r.batch)
	if line.Previous = w.last; !w.seen {
		if line.Previous, err = p.before(w.id, at.number); err != nil {
			return err
		}
	}
	return w.step(line)
}

// lineOf is the line of a frame's entry, but for the entry before it.
func lineOf(f *frame.Frame, index int, batch *vouchers.Batch) *vouchers.Line {
	line := &vouchers.Line{Entry: *f.Entries[index].Entry, Attested: func() (*vouchers.Batch, error) { return batch, nil }}
	line.Leaf = index
	return line
}

// trails are where the entries of a channel are that are not sealed, which stay there until
// the pins are released.
func (p past) trails(id vouchers.ChannelID) (all []segmentTrail, pins *journal.Snapshot, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pins, err = p.journal.Snapshot(); err != nil {
		return nil, nil, err
	}
	for _, l := range p.unsealed {
		if t := l.entries[id]; t != nil {
			all = append(all, segmentTrail{l, t.places})
		}
	}
	return all, pins, nil
}

// before is the digest of the entry before one that is not sealed; zero if there is none.
func (p past) before(id vouchers.ChannelID, number uint64) (common.Hash, error) {
	at, in, digest := p.placeBefore(id, number)
	if in != nil {
		r := frameReader{from: p.journal}
		f, err := r.read(in.position(at))
		if err == nil {
			return f.Entries[at.index].Digest, nil
		}
		if !errors.Is(err, fs.ErrNotExist) { // it was not sealed meanwhile
			return common.Hash{}, err
		}
	}
	if digest != nil {
		return *digest, nil
	}
	head, err := p.tables.Head(id)
	if err != nil {
		return common.Hash{}, err
	}
	if head.Number >= number {
		return p.sealedBefore(id, number)
	}
	if head.Number == 0 {
		head.Digest, _, _, err = p.keptHead(id)
	}
	return head.Digest, err
}

// sealedBefore is the digest of the entry before one that was sealed meanwhile.
func (p past) sealedBefore(id vouchers.ChannelID, number uint64) (digest common.Hash, err error) {
	err = p.tables.Walk(context.Background(), id, number-1, func(l *vouchers.Line) error {
		if l.Number == number {
			digest = l.Previous
		}
		return errFound
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return digest, err
}

// errFound ends a walk that has found what it looked for.
var errFound = errors.New("found")

// placeBefore is where the entry before one is, or its digest, as far as the unsealed segments
// know either.
func (p past) placeBefore(id vouchers.ChannelID, number uint64) (at place, in *live, digest *common.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range slices.Backward(p.unsealed) {
		t := l.entries[id]
		if t == nil || t.places[0].number > number {
			continue
		}
		i := sort.Search(len(t.places), func(i int) bool { return t.places[i].number >= number })
		switch {
		case i > 0:
			return t.places[i-1], l, nil
		case t.known:
			before := t.before
			return at, nil, &before
		}
	}
	return at, nil, nil
}

// Each implements vouchers.History.
func (p past) Each(ctx context.Context, since, until time.Time, visit func(*vouchers.Line) error) error {
	segments, pins, err := p.unsealedNow()
	if err != nil {
		return fmt.Errorf("the history: %w", readable(err))
	}
	defer pins.Release()
	if err := p.tables.EachBefore(ctx, firstOf(segments), since, until, visit); err != nil {
		return fmt.Errorf("the history: %w", readable(err))
	}
	for _, l := range segments {
		if err := p.eachLive(ctx, pins, l, since, until, visit); err != nil {
			return fmt.Errorf("the history: %w", readable(err))
		}
	}
	return nil
}

// firstOf is the number of the first segment, one above all where there is none.
func firstOf(segments []*live) uint64 {
	if len(segments) == 0 {
		return math.MaxUint64
	}
	return segments[0].segment
}

// unsealedNow are the segments that are not sealed, as they are now; they stay until the pins are
// released.
func (p past) unsealedNow() (all []*live, pins *journal.Snapshot, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pins, err = p.journal.Snapshot(); err != nil {
		return nil, nil, err
	}
	for _, l := range p.unsealed {
		now := *l
		all = append(all, &now)
	}
	return all, pins, nil
}

func (p past) eachLive(ctx context.Context, pins *journal.Snapshot, l *live, since, until time.Time, visit func(*vouchers.Line) error) error {
	if !l.overlaps(since, until) {
		return nil
	}
	r := frameReader{from: pins}
	last := map[vouchers.ChannelID]common.Hash{}
	for _, offset := range l.frames {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f, err := r.read(journal.Position{Segment: l.segment, Offset: offset})
		if err != nil {
			return err
		}
		for i := range f.Entries {
			line := lineOf(f, i, r.batch)
			previous, known := last[line.Channel]
			if !known {
				if previous, err = p.before(line.Channel, line.Number); err != nil {
					return err
				}
			}
			line.Previous, last[line.Channel] = previous, line.Digest
			if !within(line.Time, since, until) {
				continue
			}
			if err := visit(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// within says whether a time in Unix seconds is in a span; zero is no bound.
func within(at uint32, since, until time.Time) bool {
	return (since.IsZero() || int64(at) >= since.Unix()) && (until.IsZero() || int64(at) < until.Unix())
}
