package frame

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/journal"
)

// ErrFormat is what bytes are refused with that are no frame.
var ErrFormat = errors.New("not a frame of the journal")

// Frame is what became durable together.
type Frame struct {
	// Attestation is what attests the digests of Entries, nil without entries.
	Attestation []byte
	Records     []Record
	Entries     []Entry
	Answers     []*vouchers.Answer
	Puts        []vouchers.Put
}

// Record is a channel's.
type Record struct {
	vouchers.Record
	// Whole says that the frame has all of it. Otherwise it has no terms, payer, authorizer
	// and salt: they are as they were.
	Whole bool
}

// Entry is one of history.
type Entry struct {
	*vouchers.Entry
	// Of is the number of its channel's record in the frame; -1 if that is not there.
	Of int
}

// The versions and ways of packing.
const (
	version = 1
	plain   = 0
	packed  = 1
)

// MaxSize is the largest frame that is read, in bytes when it is unpacked.
const MaxSize = 1 << 30

// packFrom is from how many bytes on a frame is packed: a lone call's gains nothing.
const packFrom = 2 << 10

// Encoder makes frames. It may be used again, by one goroutine.
type Encoder struct{ body []byte }

// Append appends the frame to b.
func (e *Encoder) Append(b []byte, f *Frame) []byte {
	e.body = appendBody(e.body[:0], f)
	if len(e.body) < packFrom {
		return append(append(b, version, plain), e.body...)
	}
	b = append(b, version, packed)
	start := len(b)
	b = append(b, make([]byte, s2.MaxEncodedLen(len(e.body)))...)
	return b[:start+len(s2.Encode(b[start:], e.body))]
}

// DecodeAt is [Decode] of the record at a position of a store's journal. What is no frame there is
// damage of the store, [boltfile.ErrCorrupt], and the error says where it is.
func DecodeAt(p journal.Position, record []byte) (*Frame, error) { return at(p, record, Decode) }

// DecodePastAt is [DecodeAt] of all but the records, for who has what they say already.
func DecodePastAt(p journal.Position, record []byte) (*Frame, error) {
	return at(p, record, DecodePast)
}

func at(p journal.Position, record []byte, decode func([]byte) (*Frame, error)) (*Frame, error) {
	f, err := decode(record)
	if err != nil {
		return nil, fmt.Errorf("journal, %v: %w: %w", p, boltfile.ErrCorrupt, err)
	}
	return f, nil
}

// Decode reads a frame. What it returns may share the memory of b. The error wraps
// [ErrFormat].
func Decode(b []byte) (*Frame, error) { return decode(b, reader{}) }

// DecodePast is [Decode] of all but the records.
func DecodePast(b []byte) (*Frame, error) { return decode(b, reader{pastOnly: true}) }

func decode(b []byte, r reader) (*Frame, error) {
	if len(b) < 2 || b[0] != version {
		return nil, fmt.Errorf("%w: %d bytes, the first of which say %x: a newer program may have written it", ErrFormat, len(b), b[:min(2, len(b))])
	}
	body := b[2:]
	switch b[1] {
	case plain:
	case packed:
		size, err := s2.DecodedLen(body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if size > MaxSize {
			return nil, fmt.Errorf("%w: it says that it unpacks to %d bytes, at most %d", ErrFormat, size, MaxSize)
		}
		if body, err = s2.Decode(nil, body); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
	default:
		return nil, fmt.Errorf("%w: packed in way %d", ErrFormat, b[1])
	}
	r.rest = body
	f := r.frame()
	if r.err == nil && len(r.rest) > 0 {
		r.fail("%d bytes follow its end", len(r.rest))
	}
	return f, r.err
}
