//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package lock

import (
	"os"

	"github.com/gofrs/flock"
)

// OpenFile is a lock on a file that is open.
type OpenFile struct{ *flock.Flock }

// OnOpen is a lock on an open file, whose name is path.
func OnOpen(_ *os.File, path string) OpenFile { return OpenFile{flock.New(path)} }
