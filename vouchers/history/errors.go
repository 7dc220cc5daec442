package history

import (
	"errors"
	"fmt"

	leveldberrors "github.com/syndtr/goleveldb/leveldb/errors"
)

var (
	// ErrCorrupt is what every error of a damaged table wraps, with the name of its file.
	ErrCorrupt = errors.New("the history is damaged")
	// ErrEntry is what entries are refused with that no table can hold, which is a mistake
	// of whoever made them.
	ErrEntry = errors.New("malformed history")
	// ErrClosed is what a reader is refused with after Close.
	ErrClosed = errors.New("the history is closed")
)

// damaged names the file of an error; one that is about its bytes wraps [ErrCorrupt].
func damaged(path string, err error) error {
	if leveldberrors.IsCorrupted(err) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return fmt.Errorf("table %s: %w", path, err)
}
