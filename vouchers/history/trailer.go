package history

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// magic begins the last bytes of a table.
const magic = "chit\x00tb1"

// footerLength is that of LevelDB's own end of a table, which has no checksum of its own.
const footerLength = 48

// trailerLength is that of what follows it: the magic (8), the length of the table before it
// (8), the checksum of all of that (4) and of its footer (4), four zeros, and the checksum of
// these.
const trailerLength = 32

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// trailer is what a table ends with.
type trailer struct {
	length      int64
	sum, footer uint32
}

func (t trailer) append(b []byte) []byte {
	start := len(b)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.length))
	b = binary.BigEndian.AppendUint32(b, t.sum)
	b = binary.BigEndian.AppendUint32(b, t.footer)
	b = append(b, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

func decodeTrailer(b []byte) (t trailer, err error) {
	body := b[:trailerLength-4]
	switch {
	case string(b[:len(magic)]) != magic:
		return t, fmt.Errorf("%w: it does not end as a table does: it is cut short, or no table", ErrCorrupt)
	case crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(b[len(body):]):
		return t, fmt.Errorf("%w: the checksum of its last bytes is wrong", ErrCorrupt)
	}
	t.length = int64(binary.BigEndian.Uint64(b[8:]))
	t.sum = binary.BigEndian.Uint32(b[16:])
	t.footer = binary.BigEndian.Uint32(b[20:])
	return t, nil
}

// readTrailer reads the end of a table, and checks it and the footer before it.
func readTrailer(f *os.File) (t trailer, err error) {
	info, err := f.Stat()
	if err != nil {
		return t, err
	}
	at := info.Size() - trailerLength
	if at < footerLength {
		return t, fmt.Errorf("%w: %d bytes are no table", ErrCorrupt, info.Size())
	}
	var b [footerLength + trailerLength]byte
	if _, err := f.ReadAt(b[:], at-footerLength); err != nil {
		return t, err
	}
	if t, err = decodeTrailer(b[footerLength:]); err != nil {
		return t, err
	}
	switch {
	case t.length != at:
		return t, fmt.Errorf("%w: its end says %d bytes, there are %d", ErrCorrupt, t.length, at)
	case crc32.Checksum(b[:footerLength], castagnoli) != t.footer:
		return t, fmt.Errorf("%w: the checksum of its footer is wrong", ErrCorrupt)
	}
	return t, nil
}

// summing counts and sums what is written, and remembers the last of it.
type summing struct {
	w    io.Writer
	n    int64
	sum  uint32
	tail []byte
}

func (s *summing) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.n += int64(n)
	s.sum = crc32.Update(s.sum, castagnoli, b[:n])
	s.tail = append(s.tail, b[max(0, n-footerLength):n]...)
	s.tail = s.tail[max(0, len(s.tail)-footerLength):]
	return n, err
}

func (s *summing) trailer() trailer {
	return trailer{length: s.n, sum: s.sum, footer: crc32.Checksum(s.tail, castagnoli)}
}
