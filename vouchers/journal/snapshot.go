package journal

import (
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// Snapshot is a journal as it was at one moment, for a backup: the first Size bytes of each segment's file,
// which change no more and are not deleted until Release. A folder of such copies opens as a journal.
type Snapshot struct {
	Segments []SnapshotSegment // from the oldest to the one that was current

	pinned  []*segment // those of Segments
	release func()
}

// SnapshotSegment is a segment of a Snapshot.
type SnapshotSegment struct {
	Segment
	Name string // of its file, without the folder

	file io.ReaderAt
}

// Bytes are those of the segment's file up to its size.
func (s SnapshotSegment) Bytes() *io.SectionReader { return io.NewSectionReader(s.file, 0, s.Size) }

// Snapshot keeps all that is durable now from being deleted until it is released. The journal goes on.
func (j *Journal) Snapshot() (*Snapshot, error) {
	pinned, _, err := j.pinFrom(Position{})
	if err != nil {
		return nil, err
	}
	snapshot := &Snapshot{pinned: pinned, release: sync.OnceFunc(func() { j.unpin(pinned...) })}
	for _, s := range pinned {
		part := SnapshotSegment{Segment: Segment{Number: s.number, Size: s.end.Load()}, Name: fileName(s.number), file: s.file}
		snapshot.Segments = append(snapshot.Segments, part)
	}
	return snapshot, nil
}

// Read is [Journal.Read] of what the snapshot has, also after its segment was removed.
func (s *Snapshot) Read(p Position) ([]byte, error) {
	for i, segment := range s.Segments {
		if segment.Number == p.Segment && p.Offset >= segmentHeader && p.Offset < segment.Size {
			return s.pinned[i].only(p.Offset, segment.Size)
		}
	}
	return nil, fmt.Errorf("read %v: %w", p, fs.ErrNotExist)
}

// Release lets the journal delete what was removed meanwhile. It may be called more than once.
func (s *Snapshot) Release() { s.release() }
