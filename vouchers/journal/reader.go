package journal

import (
	"bufio"
	"io"
)

const (
	readAhead = 256 << 10 // bytes that are read of a file at once
	keepBelow = 1 << 20   // bytes of a buffer that is kept for the next record
)

// reader reads the records of a segment one after the other, up to a limit, in memory for one record.
type reader struct {
	*segment

	in     *bufio.Reader
	offset int64 // of the next frame
	limit  int64
	buffer []byte
}

// from begins to read at an offset, which is that of a frame or the limit.
func (s *segment) from(offset, limit int64) *reader {
	return &reader{segment: s, in: bufio.NewReaderSize(io.NewSectionReader(s.file, offset, limit-offset), readAhead), offset: offset, limit: limit}
}

// next returns the record at the offset, good until the next call. It is io.EOF at the limit, and a *Damage where no
// good record stands.
func (r *reader) next() (Position, []byte, error) {
	at := Position{Segment: r.number, Offset: r.offset}
	if r.offset == r.limit {
		return at, nil, io.EOF
	}
	if r.limit-r.offset < HeaderSize {
		return at, nil, r.damage(r.offset, "the header of a record is cut short")
	}
	var b [HeaderSize]byte
	if _, err := io.ReadFull(r.in, b[:]); err != nil {
		return at, nil, r.short(r.offset, err)
	}
	h, ok := readHeader(b[:], r.seed, r.offset)
	if !ok {
		return at, nil, r.damage(r.offset, "the header of a record is wrong")
	}
	if int64(h.length) > r.limit-r.offset-HeaderSize {
		return at, nil, r.damage(r.offset, "a record is cut short")
	}
	record := r.room(int(h.length))
	if _, err := io.ReadFull(r.in, record); err != nil {
		return at, nil, r.short(r.offset, err)
	}
	if !h.holds(record, r.seed, r.offset) {
		return at, nil, r.damage(r.offset, "the checksum of a record is wrong")
	}
	r.offset += HeaderSize + int64(h.length)
	return at, record, nil
}

// room is a buffer for a record; one that was large is not kept.
func (r *reader) room(n int) []byte {
	if n > keepBelow {
		return make([]byte, n)
	}
	if n > len(r.buffer) {
		r.buffer = make([]byte, max(n, 2*len(r.buffer)))
	}
	return r.buffer[:n]
}
