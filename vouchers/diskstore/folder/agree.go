package folder

import (
	"errors"
	"fmt"

	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/journal"
)

// ErrUnlike says what to do about a folder whose parts are of different moments.
var ErrUnlike = errors.New("put all parts of the store back from one copy, or restore the newest backup (`chit store restore FILE`)")

// Agree refuses a checkpoint, of the journal with a name up to a position, beside a journal that
// is another one, or whose first segments it does not have. The error wraps [ErrUnlike] and
// [boltfile.ErrCorrupt].
func Agree(name [16]byte, passed journal.Position, found [16]byte, oldest uint64) error {
	switch {
	case name != [16]byte{} && name != found:
		return fmt.Errorf("%w: the checkpoint is of journal %x, and the folder has journal %x: %w", boltfile.ErrCorrupt, name, found, ErrUnlike)
	case passed == journal.Position{} && oldest > 1:
		return fmt.Errorf("%w: the checkpoint has nothing, and the journal begins with segment %d: %w", boltfile.ErrCorrupt, oldest, ErrUnlike)
	}
	return nil
}
