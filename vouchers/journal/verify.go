package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Report is what Verify has found in a folder.
type Report struct {
	Segments int
	Records  int
	Bytes    int64    // of segments' headers and good records
	Name     [16]byte // of the journal, zero without segments
	Oldest   uint64   // number of the oldest segment, 0 without any
	Torn     int64    // bytes behind the last record, of an append that was not finished or is under way
	End      Position // of the last good record
	Problems []error  // each a *Damage, or the error of a file that cannot be read
}

// Verify reads a journal to its end and writes nothing; it may be open meanwhile. Every segment is read up to its first damage.
// The error is that of the folder; what is wrong with the journal is in the report.
func Verify(dir string) (Report, error) {
	return VerifyEach(context.Background(), dir, func(Position, []byte) {})
}

// VerifyEach is [Verify], and visits every good record, in order. A record is good during its visit. The error may be the
// context's.
func VerifyEach(ctx context.Context, dir string, visit func(p Position, record []byte)) (report Report, err error) {
	numbers, err := segmentsIn(dir)
	if damage := (*Damage)(nil); errors.As(err, &damage) {
		report.Problems = append(report.Problems, damage)
		return report, nil
	}
	if err != nil {
		return report, fmt.Errorf("verify journal: %w", err)
	}
	var before *segment
	for i, number := range numbers {
		if ctx.Err() != nil {
			return report, context.Cause(ctx)
		}
		s, err := openSegment(dir, number, os.O_RDONLY)
		switch {
		case errors.Is(err, fs.ErrNotExist) && (before == nil || isGone(before.path)): // removed meanwhile
			before = nil
			continue
		case err != nil:
			report.Problems = append(report.Problems, err)
			continue
		}
		if before != nil {
			report.note(s.follows(before))
		} else if report.Oldest == 0 {
			report.Name, report.Oldest = s.journal, s.number
		}
		report.note(report.add(s, i == len(numbers)-1, visit))
		report.note(s.file.Close())
		before = s
	}
	return report, nil
}

func (r *Report) note(err error) {
	if err != nil {
		r.Problems = append(r.Problems, err)
	}
}

// add reads a segment; the last may end in an append that was not finished.
func (r *Report) add(s *segment, last bool, visit func(Position, []byte)) (err error) {
	r.Segments++
	end := s.size
	if last {
		var found scanned
		found, err = s.settled()
		r.Torn += found.torn
		end = found.end
	}
	for in := s.from(segmentHeader, end); ; r.Records++ {
		at, record, failed := in.next()
		r.End = at
		if failed == io.EOF {
			r.Bytes += at.Offset
			return err
		}
		if failed != nil {
			r.Bytes += at.Offset
			return cmp.Or(err, failed)
		}
		visit(at, record)
	}
}

// settled scans a segment that may be written or sealed meanwhile, which changes the size of its file.
func (s *segment) settled() (scanned, error) {
	for {
		found, err := s.scan(s.size)
		if !errors.Is(err, ErrCorrupt) {
			return found, err
		}
		info, failed := s.file.Stat()
		if failed != nil || info.Size() == s.size {
			return found, err
		}
		s.size = info.Size()
	}
}

func isGone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
