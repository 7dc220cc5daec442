package journal

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	// HeaderSize is how many bytes stand before each record, and before the record of AppendFrame.
	HeaderSize = 12
	// MaxRecord is the length of the longest record, in bytes.
	MaxRecord = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameHeader stands before a record: its length, the checksum of the record, and the checksum of the header itself. Both
// sums begin with that of the segment's header and the offset, so that a record is good only where it was written;
// the second tells a header by its twelve bytes alone, which makes looking for one cheap.
type frameHeader struct {
	length, sum uint32
}

// place is the checksum with which the sums of a frame at an offset begin.
func place(seed uint32, offset int64) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(offset))
	return crc32.Update(seed, castagnoli, b[:])
}

// seal fills the header of a frame, whose record follows it.
func seal(frame []byte, seed uint32, offset int64) {
	at := place(seed, offset)
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-HeaderSize))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Update(at, castagnoli, frame[HeaderSize:]))
	binary.LittleEndian.PutUint32(frame[8:], crc32.Update(at, castagnoli, frame[:8]))
}

// readHeader reads the header of a frame; it is false where the bytes are none.
func readHeader(b []byte, seed uint32, offset int64) (frameHeader, bool) {
	h := frameHeader{length: binary.LittleEndian.Uint32(b), sum: binary.LittleEndian.Uint32(b[4:])}
	if h.length == 0 || h.length > MaxRecord {
		return h, false
	}
	return h, binary.LittleEndian.Uint32(b[8:]) == crc32.Update(place(seed, offset), castagnoli, b[:8])
}

// holds reports whether the record is the one of which the header was made.
func (h frameHeader) holds(record []byte, seed uint32, offset int64) bool {
	return crc32.Update(place(seed, offset), castagnoli, record) == h.sum
}
