package folder

import (
	"errors"
	"syscall"
)

// IsFull reports whether a write failed for want of room: of the disk, of a quota, or of what a
// file may have.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
