package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

const (
	extension     = ".journal"
	magic         = "CHITJRNL"
	formatVersion = 1
	segmentHeader = 48 // bytes before the first record of a segment
)

// head is the header of a segment: magic, version, number, the size at which the segment before it was sealed, the
// journal's random name, and their checksum.
type head struct {
	number  uint64
	before  int64
	journal [16]byte
}

func (h head) encode() []byte {
	b := make([]byte, 0, segmentHeader)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, formatVersion)
	b = binary.LittleEndian.AppendUint64(b, h.number)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.before))
	b = append(b, h.journal[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeHead reads a header, and returns its checksum, with which those of the records begin.
func decodeHead(b []byte) (h head, seed uint32, err error) {
	if string(b[:8]) != magic {
		return h, 0, errors.New("it does not begin as a segment does")
	}
	seed = binary.LittleEndian.Uint32(b[44:])
	if seed != crc32.Checksum(b[:44], castagnoli) {
		return h, 0, errors.New("the checksum of its header is wrong")
	}
	if version := binary.LittleEndian.Uint32(b[8:]); version != formatVersion {
		return h, 0, fmt.Errorf("its format has version %d, and this program reads version %d", version, formatVersion)
	}
	h.number = binary.LittleEndian.Uint64(b[12:])
	h.before = int64(binary.LittleEndian.Uint64(b[20:]))
	copy(h.journal[:], b[28:])
	return h, seed, nil
}

// fileName is the name of a segment's file.
func fileName(number uint64) string { return fmt.Sprintf("%016x%s", number, extension) }

// numberOf reads the name of a segment's file.
func numberOf(name string) (number uint64, err error) {
	number, err = strconv.ParseUint(strings.TrimSuffix(name, extension), 16, 64)
	if err != nil || number == 0 || fileName(number) != name {
		return 0, errors.New("the name is not that of a segment")
	}
	return number, nil
}

// segment is a file of records.
type segment struct {
	head

	file *os.File
	path string
	seed uint32
	size int64        // of the file, when it was opened
	end  atomic.Int64 // up to which it is durable and may be read
	pins int          // readers and snapshots; guarded by Journal.list
}

// openSegment opens a file and checks its header.
func openSegment(dir string, number uint64, flag int) (*segment, error) {
	s := &segment{path: filepath.Join(dir, fileName(number))}
	file, err := os.OpenFile(s.path, flag, 0)
	if err != nil {
		return nil, err
	}
	s.file = file
	if err := s.readHead(number); err != nil {
		_ = file.Close()
		return nil, err
	}
	return s, nil
}

func (s *segment) readHead(number uint64) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	s.size = info.Size()
	s.number = number
	b := make([]byte, segmentHeader)
	if _, err := s.file.ReadAt(b, 0); err == io.EOF {
		return s.damage(s.size, "it is shorter than the header of a segment")
	} else if err != nil {
		return err
	}
	h, seed, err := decodeHead(b)
	if err != nil {
		return s.damage(0, err.Error())
	}
	if h.number != number {
		return s.damage(0, fmt.Sprintf("it is segment %d under the name of another", h.number))
	}
	s.head, s.seed = h, seed
	return nil
}

func (s *segment) damage(offset int64, reason string) error {
	return &Damage{File: s.path, Segment: s.number, Offset: offset, Reason: reason}
}

// follows reports what is wrong when s does not stand behind the segment before.
func (s *segment) follows(before *segment) error {
	switch {
	case s.number != before.number+1:
		return s.damage(0, fmt.Sprintf("the segment before it is %d, and those between are missing", before.number))
	case s.journal != before.journal:
		return s.damage(0, "it belongs to another journal than the segment before it")
	case s.before != before.size:
		return before.damage(min(before.size, s.before), fmt.Sprintf("it has %d bytes, and was sealed with %d", before.size, s.before))
	}
	return nil
}

// short is the error of a file that ends before it should, or that cannot be read.
func (s *segment) short(offset int64, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return s.damage(offset, "the file ends within a record")
	}
	return fmt.Errorf("read %s at %d: %w", s.path, offset, err)
}
