package journal

import (
	"errors"
	"fmt"
)

// Errors of a journal.
var (
	// ErrCorrupt is what every Damage is.
	ErrCorrupt = errors.New("the journal is damaged")
	// ErrBroken means that the journal can no longer tell what the disk holds: a sync has failed, or a write that
	// could not be taken back. It says so until it is opened again; what was read stays readable.
	ErrBroken = errors.New("the journal takes no more records until it is opened again")
	// ErrRecord is a record of no bytes, or of more than MaxRecord.
	ErrRecord = errors.New("a record has from 1 byte to 1 GiB")
	// ErrNotOldest refuses to remove a segment that is not the oldest, or that is being written.
	ErrNotOldest = errors.New("only the oldest segment can be removed, and never the one that is written")
)

// Damage is a place of a journal that does not read as it was written. errors.Is(err, ErrCorrupt) holds for it.
type Damage struct {
	File    string // path of the segment's file
	Segment uint64
	Offset  int64  // bytes from the file's begin
	Reason  string // in words
}

// Error names the file, the offset, and what to do.
func (d *Damage) Error() string {
	return fmt.Sprintf("%v: %s, byte %d: %s; put the file back from a backup", ErrCorrupt, d.File, d.Offset, d.Reason)
}

// Unwrap returns ErrCorrupt.
func (d *Damage) Unwrap() error { return ErrCorrupt }
