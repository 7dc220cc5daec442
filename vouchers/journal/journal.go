package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// DefaultAhead is how many bytes of zeros are kept on disk behind the last record where Options say nothing.
const DefaultAhead = 1 << 20

// Options of a journal; the zero value is good.
type Options struct {
	// Ahead is how many bytes of zeros are written behind a record that reaches the end of those before: an append into
	// blocks that the file has already is synced without a change of the file system's own records. 0 is DefaultAhead,
	// below 0 is none.
	Ahead int64
	// First is the number of the first segment of a journal that is made; 0 is 1.
	First uint64
	// MustExist refuses a folder without segments, with an error that wraps fs.ErrNotExist, instead of making a journal.
	MustExist bool
	// Fail, for tests, is called before each step that a disk can fail, and fails it by an error. Its points are
	// "append.write" (a ShortWrite writes a part before), "append.back", "append.sync", "roll.create", "roll.sync"
	// and "remove".
	Fail func(point string) error
}

// ShortWrite is the error of Options.Fail that has only the first bytes of a frame written.
type ShortWrite struct {
	Bytes int
	Err   error
}

// Error is that of Err.
func (s *ShortWrite) Error() string { return fmt.Sprintf("%d bytes written: %v", s.Bytes, s.Err) }

// Unwrap returns Err.
func (s *ShortWrite) Unwrap() error { return s.Err }

// Segment is a part of a journal.
type Segment struct {
	Number uint64
	Size   int64 // bytes of its header and its records
}

// Journal is a log of records in a folder. Its methods may be called from any goroutine; the folder belongs to one
// Journal at a time, which its owner sees to.
type Journal struct {
	dir     string
	options Options
	cut     int64

	write   sync.Mutex // held by what appends and rolls; guards those below
	current *segment   // changed under both locks
	ahead   int64      // where the zeros behind the last record end
	frame   []byte     // of Append
	broken  error
	closed  bool // changed under both locks

	list     sync.Mutex // guards those below, and the pins of segments
	segments []*segment // from the oldest to the current
	doomed   []*segment // removed, but still read by somebody; older than segments
}

// Open opens the journal in a folder, or makes both. What an append that never returned has left behind the last record
// is cut. The headers of all segments are checked, and all of the last; the records of the others are when they
// are read. It fails with a *Damage where the folder holds anything but what a journal wrote.
func Open(dir string, options Options) (*Journal, error) {
	if options.Ahead == 0 {
		options.Ahead = DefaultAhead
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{dir: dir, options: options}
	if err := j.open(); err != nil {
		for _, s := range j.segments {
			_ = s.file.Close()
		}
		return nil, fmt.Errorf("open journal %s: %w", dir, err)
	}
	return j, nil
}

func (j *Journal) open() error {
	if err := os.Remove(j.unnamed()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	numbers, err := segmentsIn(j.dir)
	if err != nil {
		return err
	}
	switch {
	case len(numbers) == 0 && j.options.MustExist:
		return fmt.Errorf("it has no segments: %w", fs.ErrNotExist)
	case len(numbers) == 0:
		return j.begin()
	}
	for i, number := range numbers {
		s, err := openSegment(j.dir, number, os.O_RDWR)
		if err != nil {
			return err
		}
		j.segments = append(j.segments, s)
		if i > 0 {
			if err := s.follows(j.segments[i-1]); err != nil {
				return err
			}
		}
		s.end.Store(s.size)
	}
	j.current = j.segments[len(j.segments)-1]
	return j.recover()
}

// begin makes the first segment.
func (j *Journal) begin() error {
	first := head{number: max(1, j.options.First)}
	if _, err := rand.Read(first.journal[:]); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(j.dir)); err != nil {
		return err
	}
	if err := j.create(first); err != nil {
		return err
	}
	s, err := j.begun(first)
	if err != nil {
		return err
	}
	j.segments, j.current, j.ahead = []*segment{s}, s, s.size
	return nil
}

// recover finds the end of the last segment, and cuts what stands behind it.
func (j *Journal) recover() error {
	s := j.current
	found, err := s.scan(s.size)
	if err != nil {
		return err
	}
	s.end.Store(found.end)
	j.ahead, j.cut = s.size, found.torn
	if found.torn > 0 {
		if err := s.file.Truncate(found.end); err != nil {
			return err
		}
		j.ahead = found.end
	}
	return s.rewrite(found)
}

// rewrite writes the last record once more, and syncs it: it may be in memory only, and known there as written,
// when the sync of it has failed.
func (s *segment) rewrite(found scanned) error {
	if found.records > 0 {
		frame := make([]byte, found.end-found.last)
		if _, err := s.file.ReadAt(frame, found.last); err != nil {
			return err
		}
		if _, err := s.file.WriteAt(frame, found.last); err != nil {
			return err
		}
	}
	return s.file.Sync()
}

// segmentsIn are the numbers of the segments in a folder, in order. A file that only looks like one is damage.
func segmentsIn(dir string) (numbers []uint64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), extension) {
			continue
		}
		number, err := numberOf(entry.Name())
		if err != nil {
			return nil, &Damage{File: filepath.Join(dir, entry.Name()), Reason: err.Error()}
		}
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return numbers, nil
}

// fail asks the options whether a step fails.
func (j *Journal) fail(point string) error {
	if j.options.Fail == nil {
		return nil
	}
	return j.options.Fail(point)
}

// Name is the journal's random name, which each of its segments has.
func (j *Journal) Name() [16]byte {
	j.list.Lock()
	defer j.list.Unlock()
	return j.current.journal
}

// Reaches says whether Replay goes from a position on: fs.ErrNotExist if it does not.
func (j *Journal) Reaches(p Position) error {
	pinned, _, err := j.pinFrom(p)
	j.unpin(pinned...)
	return err
}

// Cut is how many bytes of an append that was not finished Open has cut.
func (j *Journal) Cut() int64 { return j.cut }

// Err is why the journal takes no more records: ErrBroken, or nil while it does.
func (j *Journal) Err() error {
	j.write.Lock()
	defer j.write.Unlock()
	return j.broken
}

// Size is how many bytes the current segment has, with its header.
func (j *Journal) Size() int64 { return j.End().Offset }

// End is where the next record goes.
func (j *Journal) End() Position {
	j.list.Lock()
	defer j.list.Unlock()
	return Position{Segment: j.current.number, Offset: j.current.end.Load()}
}

// Segments are those of the journal, from the oldest to the current.
func (j *Journal) Segments() []Segment {
	j.list.Lock()
	defer j.list.Unlock()
	all := make([]Segment, len(j.segments))
	for i, s := range j.segments {
		all[i] = Segment{Number: s.number, Size: s.end.Load()}
	}
	return all
}

// Close ends the journal, once the append that is at work has ended. Readers that are at work go on to their end, and
// so do snapshots until they are released.
func (j *Journal) Close() error {
	j.write.Lock()
	defer j.write.Unlock()
	j.list.Lock()
	defer j.list.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	err := j.sweep()
	for _, s := range j.segments {
		if s.pins == 0 {
			err = errors.Join(err, s.file.Close())
		}
	}
	return err
}
