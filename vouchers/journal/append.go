package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Append writes a record and syncs it: when it returns without an error the record is durable, and is read. It may hold
// the record no longer than the call.
func (j *Journal) Append(record []byte) (Position, error) {
	j.write.Lock()
	defer j.write.Unlock()
	if len(record) == 0 || len(record) > MaxRecord {
		return Position{}, fmt.Errorf("append %d bytes: %w", len(record), ErrRecord)
	}
	frame := append(append(j.frame[:0], zeros[:HeaderSize]...), record...)
	if len(frame) <= keepBelow {
		j.frame = frame
	}
	return j.append(frame)
}

// AppendFrame is Append of the record behind the first HeaderSize bytes, which it overwrites. It spares a copy.
//
// On an error of the write, a full disk among them (ENOSPC, EDQUOT, EFBIG), nothing of the record remains, and the
// next may be appended. After ErrBroken none can.
func (j *Journal) AppendFrame(frame []byte) (Position, error) {
	j.write.Lock()
	defer j.write.Unlock()
	if len(frame) <= HeaderSize || len(frame) > HeaderSize+MaxRecord {
		return Position{}, fmt.Errorf("append a frame of %d bytes: %w", len(frame), ErrRecord)
	}
	return j.append(frame)
}

func (j *Journal) append(frame []byte) (Position, error) {
	if err := j.usable(); err != nil {
		return Position{}, err
	}
	s := j.current
	at := Position{Segment: s.number, Offset: s.end.Load()}
	seal(frame, s.seed, at.Offset)
	if err := j.put(frame, at.Offset); err != nil {
		return Position{}, j.takeBack(at, err)
	}
	end := at.Offset + int64(len(frame))
	if end > j.ahead {
		j.ahead = extend(s.file, end, j.options.Ahead)
	}
	if err := j.sync(); err != nil {
		return Position{}, j.breaks(fmt.Errorf("sync %v: %w", at, err))
	}
	s.end.Store(end)
	return at, nil
}

// usable reports why nothing can be written.
func (j *Journal) usable() error {
	if j.closed {
		return fmt.Errorf("journal %s: %w", j.dir, fs.ErrClosed)
	}
	return j.broken
}

func (j *Journal) put(frame []byte, offset int64) error {
	if err := j.fail("append.write"); err != nil {
		if short := (*ShortWrite)(nil); errors.As(err, &short) {
			_, _ = j.current.file.WriteAt(frame[:min(short.Bytes, len(frame))], offset)
		}
		return err
	}
	n, err := j.current.file.WriteAt(frame, offset)
	if err == nil && n < len(frame) {
		return io.ErrShortWrite
	}
	return err
}

// takeBack cuts what was written of a record, and returns the error for which.
func (j *Journal) takeBack(at Position, cause error) error {
	cause = fmt.Errorf("append at %v: %w", at, cause)
	err := j.fail("append.back")
	if err == nil {
		err = j.current.file.Truncate(at.Offset)
	}
	if err == nil {
		err = j.current.file.Sync()
	}
	if err != nil {
		return j.breaks(fmt.Errorf("%w, and it could not be taken back: %w", cause, err))
	}
	j.ahead = at.Offset
	return cause
}

// extend writes zeros behind an end, and returns where they end. A disk without room for them has room for the record
// all the same.
func extend(file *os.File, end, ahead int64) int64 {
	for last := end + ahead; end < last; {
		n, err := file.WriteAt(zeros[:min(last-end, readAhead)], end)
		end += int64(n)
		if err != nil {
			break
		}
	}
	return end
}

func (j *Journal) sync() error {
	if err := j.fail("append.sync"); err != nil {
		return err
	}
	return syncData(j.current.file)
}

// breaks ends all writing: what the disk holds is no longer known.
func (j *Journal) breaks(cause error) error {
	j.broken = fmt.Errorf("%w: %w", ErrBroken, cause)
	return j.broken
}
