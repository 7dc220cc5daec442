//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package lock

import (
	"errors"
	"os"
	"syscall"
)

// OpenFile is a lock on a file that stays open, which takes and gives it in a tenth of the time.
// Processes that lock the file by its name see it.
type OpenFile struct{ file *os.File }

// OnOpen is a lock on an open file, whose name is path.
func OnOpen(file *os.File, _ string) OpenFile { return OpenFile{file} }

// TryLock takes the lock, unless another process or another opening of the file has it.
func (l OpenFile) TryLock() (bool, error) {
	err := l.flock(syscall.LOCK_EX | syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// Unlock gives it back.
func (l OpenFile) Unlock() error { return l.flock(syscall.LOCK_UN) }

func (l OpenFile) flock(how int) error {
	for {
		err := syscall.Flock(int(l.file.Fd()), how)
		if err == nil || !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("flock", err)
		}
	}
}
