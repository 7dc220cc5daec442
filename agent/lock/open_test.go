//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package lock_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chitpay/chit/agent/lock"
)

func TestAFileThatIsClosedMeanwhileIsNotLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	l := lock.OnOpen(file, path)
	if got, err := l.TryLock(); !got || err != nil {
		t.Fatalf("locked %v, %v", got, err)
	}
	var beside sync.WaitGroup
	beside.Go(func() {
		if err := l.Unlock(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	beside.Wait()
	if again, err := l.TryLock(); again || !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file: locked %v, %v", again, err)
	}
}
