package journal

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
)

// Position is where a record stands. The zero value is the beginning of the journal.
type Position struct {
	Segment uint64 // from 1, rising by one
	Offset  int64  // bytes from the begin of the segment's file
}

// Compare is below, equal to or above 0 as p stands before, at or after q.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Segment, q.Segment), cmp.Compare(p.Offset, q.Offset))
}

// String names the segment's file and the offset in it.
func (p Position) String() string { return fmt.Sprintf("%s at %d", fileName(p.Segment), p.Offset) }

// Read returns the record at a position, once its checksum is found right. It is fs.ErrNotExist where the segment has
// been removed, or was never written so far.
func (j *Journal) Read(p Position) ([]byte, error) {
	s, err := j.pin(p.Segment)
	if err != nil {
		return nil, fmt.Errorf("read %v: %w", p, err)
	}
	defer j.unpin(s)
	end := s.end.Load()
	if p.Offset < segmentHeader || p.Offset >= end {
		return nil, fmt.Errorf("read %v: the segment has records from %d to %d: %w", p, segmentHeader, end, fs.ErrNotExist)
	}
	return s.only(p.Offset, end)
}

// only reads the record at an offset and nothing else.
func (s *segment) only(offset, end int64) ([]byte, error) {
	if end-offset < HeaderSize {
		return nil, s.damage(offset, "no record begins here")
	}
	var b [HeaderSize]byte
	if _, err := s.file.ReadAt(b[:], offset); err != nil {
		return nil, s.short(offset, err)
	}
	h, ok := readHeader(b[:], s.seed, offset)
	if !ok || int64(h.length) > end-offset-HeaderSize {
		return nil, s.damage(offset, "no record begins here")
	}
	record := make([]byte, h.length)
	if _, err := s.file.ReadAt(record, offset+HeaderSize); err != nil {
		return nil, s.short(offset, err)
	}
	if !h.holds(record, s.seed, offset) {
		return nil, s.damage(offset, "the checksum of a record is wrong")
	}
	return record, nil
}

// Replay visits every record at or behind a position that was durable when it began, in order, and stops at the first error,
// which it returns. A record is good during its visit. A position before the oldest segment is fs.ErrNotExist, but for the
// zero one, which is the beginning, and for the end of the segment that was removed last; one behind the end of the journal is
// fs.ErrNotExist too.
func (j *Journal) Replay(from Position, visit func(p Position, record []byte) error) error {
	pinned, from, err := j.pinFrom(from)
	if err != nil {
		return fmt.Errorf("replay from %v: %w", from, err)
	}
	defer j.unpin(pinned...)
	for _, s := range pinned {
		begin := int64(segmentHeader)
		if s.number == from.Segment {
			begin = max(begin, from.Offset)
		}
		if err := s.replay(begin, visit); err != nil {
			return err
		}
	}
	return nil
}

func (s *segment) replay(begin int64, visit func(p Position, record []byte) error) error {
	for r := s.from(begin, s.end.Load()); ; {
		at, record, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(at, record); err != nil {
			return err
		}
	}
}

// pinFrom keeps the segments at and behind a position from being deleted, and moves the position to a record.
func (j *Journal) pinFrom(from Position) ([]*segment, Position, error) {
	j.list.Lock()
	defer j.list.Unlock()
	oldest := j.segments[0]
	first := Position{Segment: oldest.number, Offset: segmentHeader}
	if from == (Position{}) || from == (Position{Segment: oldest.number - 1, Offset: oldest.before}) {
		from = first
	}
	switch end := (Position{Segment: j.current.number, Offset: j.current.end.Load()}); {
	case j.closed:
		return nil, from, fs.ErrClosed
	case from.Segment < oldest.number:
		return nil, from, fmt.Errorf("the oldest segment is %d: %w", oldest.number, fs.ErrNotExist)
	case from.Compare(end) > 0:
		return nil, from, fmt.Errorf("the journal ends in %v: %w", end, fs.ErrNotExist)
	}
	pinned := append([]*segment(nil), j.segments[from.Segment-oldest.number:]...)
	for _, s := range pinned {
		s.pins++
	}
	return pinned, from, nil
}

// pin keeps a segment from being deleted.
func (j *Journal) pin(number uint64) (*segment, error) {
	j.list.Lock()
	defer j.list.Unlock()
	if j.closed {
		return nil, fs.ErrClosed
	}
	oldest := j.segments[0].number
	if number < oldest || number-oldest >= uint64(len(j.segments)) {
		return nil, fmt.Errorf("the journal has segments %d to %d: %w", oldest, j.current.number, fs.ErrNotExist)
	}
	s := j.segments[number-oldest]
	s.pins++
	return s, nil
}

// unpin ends what pin began. What cannot be deleted now is by the next Remove or Close.
func (j *Journal) unpin(all ...*segment) {
	j.list.Lock()
	defer j.list.Unlock()
	for _, s := range all {
		s.pins--
		if j.closed && s.pins == 0 {
			_ = s.file.Close()
		}
	}
	_ = j.sweep()
}
