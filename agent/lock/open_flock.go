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

// flock holds on to the file meanwhile: the number of one that is closed may be another file's.
func (l OpenFile) flock(how int) error {
	open, err := l.file.SyscallConn()
	if err != nil {
		return err
	}
	closed := open.Control(func(fd uintptr) {
		for err = syscall.Flock(int(fd), how); errors.Is(err, syscall.EINTR); {
			err = syscall.Flock(int(fd), how)
		}
	})
	if closed != nil {
		return &os.PathError{Op: "lock", Path: l.file.Name(), Err: os.ErrClosed}
	}
	return os.NewSyscallError("flock", err)
}
