package history

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// AnswerBuilder gathers the answers of a segment in memory and seals them as a table. Its
// zero value is ready. It is used by one goroutine.
type AnswerBuilder struct {
	answers []*vouchers.Answer
}

// Add takes an answer, in the order of the journal: a later one under the same key replaces
// an earlier one. It may not change until the table is written.
func (b *AnswerBuilder) Add(a *vouchers.Answer) { b.answers = append(b.answers, a) }

// Len is how many answers were added.
func (b *AnswerBuilder) Len() int { return len(b.answers) }

// Write seals what was added as a table at path, durable under its name on return; if it
// fails there is none. A file that is there is replaced.
func (b *AnswerBuilder) Write(path string) error {
	slices.SortStableFunc(b.answers, func(x, y *vouchers.Answer) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	newest := b.answers[:0]
	for i, a := range b.answers {
		if i+1 == len(b.answers) || b.answers[i+1].Key != a.Key {
			newest = append(newest, a)
		}
	}
	b.answers = newest
	return write(path, b.rows)
}

func (b *AnswerBuilder) rows(add func(key, value []byte) error) error {
	var key, value []byte
	for _, a := range b.answers {
		key = append(append(key[:0], answerKind), a.Key[:]...)
		value = appendAnswer(value[:0], a)
		if err := add(key, value); err != nil {
			return err
		}
	}
	f := facts{entries: uint64(len(b.answers))}
	for i, a := range b.answers {
		at := seconds(a.Expires)
		if i == 0 {
			f.first = at
		}
		f.first, f.last = min(f.first, at), max(f.last, at)
	}
	return add(factsKey, f.append(nil))
}

// seconds is a time in Unix seconds, as near as 32 bits come to it.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), 1<<32-1)) }

// appendAnswer writes the row of an answer: whether its body was omitted, its expiry, its
// ceiling, its fingerprint, its body.
func appendAnswer(b []byte, a *vouchers.Answer) []byte {
	omitted := byte(0)
	if a.Omitted {
		omitted = 1
	}
	b = append(b, omitted)
	b = binary.BigEndian.AppendUint32(b, seconds(a.Expires))
	b = binary.AppendUvarint(b, uint64(a.Ceiling))
	b = append(b, a.Fingerprint[:]...)
	return append(b, a.Body...)
}

// decodeAnswer reads what [appendAnswer] wrote. It shares no memory with b.
func decodeAnswer(key vouchers.AnswerKey, b []byte) (vouchers.Answer, error) {
	in := input{b: b}
	omitted := in.byte()
	a := vouchers.Answer{Key: key, Omitted: omitted == 1, Expires: timeOf(binary.BigEndian.Uint32(in.take(4)))}
	a.Ceiling = vouchers.Amount(in.number(1<<64 - 1))
	a.Fingerprint = in.hash()
	a.Body = append([]byte(nil), in.b...)
	if in.failed || omitted > 1 {
		return vouchers.Answer{}, fmt.Errorf("%w: the row of an answer, %d bytes, cannot be read", ErrCorrupt, len(b))
	}
	return a, nil
}

// Answers is a directory of sealed answers. It is safe for concurrent use.
type Answers struct {
	shelf *shelf
}

// OpenAnswers is [Open] for answers.
func OpenAnswers(dir string) (*Answers, error) {
	s, err := openShelf(dir)
	if err != nil {
		return nil, err
	}
	return &Answers{s}, nil
}

// Close is [Tables.Close].
func (t *Answers) Close() error { return t.shelf.close() }

// Path is where the table of a segment is to be written, by [AnswerBuilder.Write].
func (t *Answers) Path(segment uint64) string { return t.shelf.path(segment) }

// Add is [Tables.Add].
func (t *Answers) Add(segment uint64) error {
	_, err := t.shelf.add(segment, 0)
	return err
}

// Has is [Tables.Has].
func (t *Answers) Has(segment uint64) bool { return t.shelf.has(segment) }

// Drop is [Tables.Drop].
func (t *Answers) Drop(segment uint64) error { return t.shelf.dropNumber(segment) }

// List is what is there, in the order of the segments.
func (t *Answers) List() []Facts { return t.shelf.list() }

// Damage is [Tables.Damage].
func (t *Answers) Damage() error { return t.shelf.damage() }

// Lookup returns the newest answer that was kept under key, if there is one. Of a table
// without it, it reads the index and the filter, once. A damaged table is passed over if
// another has the answer; else the error says so.
func (t *Answers) Lookup(key vouchers.AnswerKey) (a vouchers.Answer, found bool, err error) {
	held, release, err := t.shelf.hold()
	if err != nil {
		return a, false, err
	}
	defer release()
	row := append([]byte{answerKind}, key[:]...)
	var failures []error
	for _, v := range slices.Backward(held) {
		err := t.shelf.read(v, func(s *sheet) error {
			value, err := s.get(row)
			if err != nil || value == nil {
				return err
			}
			if a, err = decodeAnswer(key, value); err != nil {
				return damaged(s.path, err)
			}
			found = true
			return nil
		})
		if found {
			return a, true, nil
		}
		failures = append(failures, err)
	}
	return a, false, errors.Join(failures...)
}

// Expire drops the tables of whose answers each has expired, and returns how many.
func (t *Answers) Expire(now time.Time) (dropped int, err error) {
	held, release, err := t.shelf.hold()
	if err != nil {
		return 0, err
	}
	defer release()
	var failures []error
	for _, v := range held {
		if v.damage == nil && timeOf(v.facts.last).Before(now) {
			failures = append(failures, t.shelf.drop(v))
			dropped++
		}
	}
	return dropped, errors.Join(failures...)
}
