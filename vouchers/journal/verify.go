package journal

import (
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
	Problems []error  // each a *Damage, or the error of a file that cannot be read
}

// Verify reads a journal to its end and writes nothing; it may be open meanwhile. Every segment is read up to its first damage.
// The error is that of the folder; what is wrong with the journal is in the report.
func Verify(dir string) (Report, error) {
	var report Report
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
		report.note(report.add(s, i == len(numbers)-1))
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
func (r *Report) add(s *segment, last bool) error {
	r.Segments++
	if last {
		found, err := s.settled()
		r.Records, r.Bytes, r.Torn = r.Records+found.records, r.Bytes+found.end, found.torn
		return err
	}
	for in := s.from(segmentHeader, s.size); ; r.Records++ {
		at, _, err := in.next()
		if err != nil {
			r.Bytes += at.Offset
			if err == io.EOF {
				return nil
			}
			return err
		}
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
