package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

var factsKey = []byte{factsKind}

// Facts are what a table says about itself.
type Facts struct {
	// Number is that of the segment that the table was sealed from; Generation rises each
	// time that the table is written again with less in it.
	Number     uint64 `json:"number"`
	Generation uint64 `json:"generation"`
	Path       string `json:"path"`
	Bytes      int64  `json:"bytes"`
	// Entries are receipts, or answers; Channels and Batches are zero for answers.
	Entries  uint64 `json:"entries"`
	Channels uint64 `json:"channels"`
	Batches  uint64 `json:"batches"`
	// First and Last are the earliest and the latest time of an entry, to the second; of an
	// answer, the time it expires.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// facts are the part of Facts that is written into the table.
type facts struct {
	entries, channels, batches uint64
	first, last                uint32 // Unix seconds
}

func (f facts) append(b []byte) []byte {
	for _, n := range []uint64{f.entries, f.channels, f.batches, uint64(f.first), uint64(f.last)} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func decodeFacts(b []byte) (f facts, err error) {
	in := input{b: b}
	f.entries, f.channels, f.batches = in.number(1<<63), in.number(1<<63), in.number(1<<32)
	f.first, f.last = uint32(in.number(1<<32-1)), uint32(in.number(1<<32-1))
	if in.failed || len(in.b) != 0 || f.first > f.last {
		return facts{}, fmt.Errorf("%w: the facts about the table, %d bytes, cannot be read", ErrCorrupt, len(b))
	}
	return f, nil
}

// spans says whether the table can have entries from since (inclusive) until until
// (exclusive); zero is no bound.
func (f facts) spans(since, until time.Time) bool {
	return (since.IsZero() || int64(f.last) >= ceilSeconds(since)) && (until.IsZero() || int64(f.first) < ceilSeconds(until))
}

// ceilSeconds is t in Unix seconds, rounded up: a whole second is at or after t if it is at
// or after that.
func ceilSeconds(t time.Time) int64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return s
}

func timeOf(seconds uint32) time.Time { return time.Unix(int64(seconds), 0).UTC() }

// Look says what tables a directory has, of receipts or of answers, in the order of the
// segments, and changes nothing in it. A directory that is not there has none. Of a table that
// is damaged only its number, path and size are known.
func Look(dir string) (found []Facts, err error) {
	s, err := survey(dir, func(string) error { return nil })
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.list(), s.close()
}
