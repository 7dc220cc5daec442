package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Remove deletes the oldest segment, when its records are kept elsewhere or wanted no more. Where it is being read, or
// in a Snapshot, its file is deleted when that ends; Read and Replay no longer know it. An error means that
// the file is still there; removing it again is the way on.
func (j *Journal) Remove(number uint64) error {
	j.list.Lock()
	defer j.list.Unlock()
	if j.closed {
		return fmt.Errorf("journal %s: %w", j.dir, fs.ErrClosed)
	}
	again := len(j.doomed) > 0 && number >= j.doomed[0].number && number < j.segments[0].number
	if !again && (number != j.segments[0].number || len(j.segments) == 1) {
		return fmt.Errorf("remove segment %d of %d to %d: %w", number, j.segments[0].number, j.current.number, ErrNotOldest)
	}
	if err := j.fail("remove"); err != nil {
		return fmt.Errorf("remove segment %d: %w", number, err)
	}
	if !again {
		j.doomed = append(j.doomed, j.segments[0])
		j.segments = j.segments[1:]
	}
	return j.sweep()
}

// sweep deletes the files of removed segments that nobody reads, oldest first, so that no gap is ever left.
func (j *Journal) sweep() error {
	for len(j.doomed) > 0 && j.doomed[0].pins == 0 {
		s := j.doomed[0]
		if err := s.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			return err
		}
		if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := syncDir(j.dir); err != nil {
			return err
		}
		j.doomed = j.doomed[1:]
	}
	return nil
}
