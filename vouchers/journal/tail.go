package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const sector = 512 // bytes that a disk writes whole or not at all

var zeros [readAhead]byte

// scanned is what a segment holds that may end in a torn write.
type scanned struct {
	end     int64 // where the next record goes
	last    int64 // where the last record stands, 0 if there is none
	records int
	torn    int64 // bytes of an append that was not finished, from end
}

// scan reads a segment to its end. Every append is synced before the next, so that only the last can be unfinished:
// bytes that are no record are the remains of one if no header of a record follows, and a part of it is missing. What is
// there in full, or followed by more, has been changed since, which is damage.
func (s *segment) scan(size int64) (scanned, error) {
	var found scanned
	r := s.from(segmentHeader, size)
	for {
		at, _, err := r.next()
		found.end = at.Offset
		if err == io.EOF {
			return found, nil
		}
		damage, bad := err.(*Damage)
		switch {
		case err == nil:
			found.last = at.Offset
			found.records++
			continue
		case !bad:
			return found, err
		}
		if found.torn, err = s.remains(at.Offset, size); err != nil || found.torn == 0 {
			return found, err
		}
		if err = s.judge(damage, size); !errors.Is(err, ErrCorrupt) {
			return found, err
		}
		if _, now := s.only(at.Offset, size); now != nil {
			return found, err
		}
		r, found.torn = s.from(at.Offset, size), 0 // it was being written when it was read
	}
}

// remains is how many bytes stand from an offset on before nothing but zeros follows.
func (s *segment) remains(from, size int64) (int64, error) {
	var last int64
	err := s.each(from, size, 0, func(at int64, b []byte) bool {
		if n := len(bytes.TrimRight(b, "\x00")); n > 0 {
			last = at + int64(n) - from
		}
		return true
	})
	return last, err
}

// judge returns the damage if what stands at its offset is not an append that was cut short.
func (s *segment) judge(damage *Damage, size int64) error {
	next, found, err := s.search(damage.Offset+1, size)
	switch {
	case err != nil:
		return err
	case found:
		damage.Reason += fmt.Sprintf(", and a later one stands at byte %d", next)
		return damage
	}
	torn, err := s.isTorn(damage.Offset, size)
	if err != nil || torn {
		return err
	}
	damage.Reason += fmt.Sprintf(", though all of it was written (to give up this last one, cut the file to %d bytes)", damage.Offset)
	return damage
}

// search looks for the header of a record.
func (s *segment) search(from, size int64) (at int64, found bool, err error) {
	err = s.each(from, size, HeaderSize-1, func(begin int64, b []byte) bool {
		if len(bytes.TrimLeft(b, "\x00")) == 0 {
			return true
		}
		for i := 0; i+HeaderSize <= len(b); i++ {
			at = begin + int64(i)
			if h, ok := readHeader(b[i:], s.seed, at); ok && int64(h.length) <= size-at-HeaderSize {
				found = true
				return false
			}
		}
		return true
	})
	return at, found, err
}

// isTorn reports whether a part of the frame at an offset was never written: it ends beyond the file, or in a zero, or
// one of the sectors on which it stands has only zeros of it.
func (s *segment) isTorn(offset, size int64) (torn bool, err error) {
	end := offset + HeaderSize
	if end > size {
		return true, nil
	}
	var b [HeaderSize]byte
	if _, err := s.file.ReadAt(b[:], offset); err != nil {
		return false, err
	}
	if h, ok := readHeader(b[:], s.seed, offset); ok {
		if end += int64(h.length); end > size {
			return true, nil
		}
	}
	if _, err := s.file.ReadAt(b[:1], end-1); err != nil || b[0] == 0 {
		return true, err
	}
	err = s.each(offset, end, 0, func(at int64, b []byte) bool {
		for len(b) > 0 && !torn {
			n := min(sector-int(at%sector), len(b))
			torn = bytes.Equal(b[:n], zeros[:n])
			at, b = at+int64(n), b[n:]
		}
		return !torn
	})
	return torn, err
}

// each reads a part of the file in pieces that end where sectors do, each beginning so many bytes within the one before,
// until visit returns false.
func (s *segment) each(from, to int64, overlap int, visit func(at int64, b []byte) bool) error {
	buffer := make([]byte, readAhead+overlap)
	for at, end := from, from; end < to; at = end - int64(overlap) {
		end = min(to, end/readAhead*readAhead+readAhead)
		b := buffer[:end-at]
		if _, err := s.file.ReadAt(b, at); err != nil {
			return s.short(at, err)
		}
		if !visit(at, b) {
			return nil
		}
	}
	return nil
}
