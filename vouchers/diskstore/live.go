package diskstore

import (
	"math"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/journal"
)

// live is what a segment of the journal has of history and of answers, while it is not sealed.
type live struct {
	segment     uint64
	frames      []int64 // where each begins
	entries     map[vouchers.ChannelID]*trail
	answers     map[vouchers.AnswerKey]place
	first, last uint32 // the times of the entries, in Unix seconds
	count       int    // of entries
}

// trail is where a channel's entries are.
type trail struct {
	// before is the digest of the entry before the first of them, if it is known: of what was
	// there when the store was opened it is looked up when it is needed.
	before common.Hash
	known  bool
	places []place
}

// place is where in a segment something is.
type place struct {
	frame  uint32 // where it begins: a segment has less than 4 GiB
	index  uint32 // of the entry or the answer in it
	number uint64 // of the entry
}

func newLive(segment uint64) *live {
	return &live{
		segment: segment, first: math.MaxUint32,
		entries: map[vouchers.ChannelID]*trail{}, answers: map[vouchers.AnswerKey]place{},
	}
}

// add takes in the frame at an offset.
func (l *live) add(offset int64, f *frame.Frame) {
	l.frames = append(l.frames, offset)
	for i, e := range f.Entries {
		at := l.entries[e.Channel]
		if at == nil {
			at = &trail{before: e.Previous, known: e.Number == 1 || e.Previous != (common.Hash{})}
			l.entries[e.Channel] = at
		}
		at.places = append(at.places, place{uint32(offset), uint32(i), e.Number})
		l.first, l.last = min(l.first, e.Time), max(l.last, e.Time)
	}
	l.count += len(f.Entries)
	for i, a := range f.Answers {
		l.answers[a.Key] = place{frame: uint32(offset), index: uint32(i)}
	}
}

// position is where in the journal a place is.
func (l *live) position(p place) journal.Position {
	return journal.Position{Segment: l.segment, Offset: int64(p.frame)}
}

// overlaps says whether entries of a time may be in the segment; zero is no bound.
func (l *live) overlaps(since, until time.Time) bool {
	return l.count > 0 && (since.IsZero() || int64(l.last) >= since.Unix()) && (until.IsZero() || int64(l.first) < until.Unix())
}

// frameReader reads frames of the journal, and keeps the last one.
type frameReader struct {
	from interface {
		Read(journal.Position) ([]byte, error)
	}
	at    journal.Position
	frame *frame.Frame
	batch *vouchers.Batch
}

func (r *frameReader) read(p journal.Position) (*frame.Frame, error) {
	if r.frame != nil && r.at == p {
		return r.frame, nil
	}
	record, err := r.from.Read(p)
	if err != nil {
		return nil, err
	}
	f, err := frame.DecodeAt(p, record)
	if err != nil {
		return nil, err
	}
	r.at, r.frame, r.batch = p, f, batchOf(f)
	return f, nil
}

// batchOf is the batch of a frame's entries.
func batchOf(f *frame.Frame) *vouchers.Batch {
	b := &vouchers.Batch{Leaves: make([]common.Hash, len(f.Entries)), Attestation: slices.Clone(f.Attestation)}
	for i, e := range f.Entries {
		b.Leaves[i] = e.Digest
	}
	return b
}
