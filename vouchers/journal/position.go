package journal

import (
	"cmp"
	"fmt"
)

// Position is where a record stands. The zero value is the beginning of the journal.
type Position struct {
	Segment uint64 // from 1, rising by one
	Offset  int64  // bytes from the begin of the segment's file
}

// Compare is below, equal to or above 0 as p stands before, at or after q.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Segment, q.Segment), cmp.Compare(p.Offset, q.Offset))
}

// String names the segment's file and the offset in it.
func (p Position) String() string { return fmt.Sprintf("%s at %d", fileName(p.Segment), p.Offset) }
