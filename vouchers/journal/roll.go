package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// unnamed is the file that becomes the next segment.
func (j *Journal) unnamed() string { return filepath.Join(j.dir, "next") }

// Roll seals the current segment and begins the next. It returns the number of the sealed one, or 0 where the current
// one is empty and remains. On an error the current one remains too.
func (j *Journal) Roll() (sealed uint64, err error) {
	j.write.Lock()
	defer j.write.Unlock()
	if err := j.usable(); err != nil {
		return 0, err
	}
	old := j.current
	if old.end.Load() == segmentHeader {
		return 0, nil
	}
	if err := j.trim(old); err != nil {
		return 0, fmt.Errorf("seal %s: %w", old.path, err)
	}
	h := head{number: old.number + 1, before: old.end.Load(), journal: old.journal}
	if err := j.create(h); err != nil {
		return 0, fmt.Errorf("begin a segment behind %s: %w", old.path, err)
	}
	next, err := j.begun(h)
	if err != nil {
		return 0, j.breaks(fmt.Errorf("begin %s: %w", fileName(h.number), err))
	}
	j.list.Lock()
	defer j.list.Unlock()
	j.segments = append(j.segments, next)
	j.current, j.ahead = next, next.size
	return old.number, nil
}

// trim cuts what stands behind the last record. The file is asked for its size: of a write that failed it may have more than
// the write has told.
func (j *Journal) trim(s *segment) error {
	end := s.end.Load()
	info, err := s.file.Stat()
	if err != nil || info.Size() == end {
		return err
	}
	if err := s.file.Truncate(end); err != nil {
		return err
	}
	j.ahead = end
	if err := s.file.Sync(); err != nil {
		return j.breaks(err)
	}
	return nil
}

// create makes the file of a segment. It gets its name only when its header is durable, so that a segment is never
// without one.
func (j *Journal) create(h head) error {
	err := j.fail("roll.create")
	if err == nil {
		err = j.fill(h)
	}
	if err == nil {
		err = os.Rename(j.unnamed(), filepath.Join(j.dir, fileName(h.number)))
	}
	if err != nil {
		_ = os.Remove(j.unnamed())
	}
	return err
}

func (j *Journal) fill(h head) error {
	file, err := os.OpenFile(j.unnamed(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.Write(h.encode()); err != nil {
		return errors.Join(err, file.Close())
	}
	extend(file, segmentHeader, j.options.Ahead)
	return errors.Join(file.Sync(), file.Close())
}

// begun makes the name of a new segment durable, and opens it.
func (j *Journal) begun(h head) (*segment, error) {
	if err := j.fail("roll.sync"); err != nil {
		return nil, err
	}
	if err := syncDir(j.dir); err != nil {
		return nil, err
	}
	s, err := openSegment(j.dir, h.number, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	s.end.Store(segmentHeader)
	return s, nil
}
