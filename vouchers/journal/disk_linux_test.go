package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chitpay/chit/vouchers/journal"
)

func TestAFullDiskTakesNoRecordByHalves(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no disk of its own can be had without the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	others := filepath.Join(dir, "others")
	if err := os.WriteFile(others, make([]byte, 256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, filepath.Join(dir, "journal"), journal.Options{Ahead: 64 << 10})
	n := fillUp(t, j, syscall.ENOSPC)
	if _, err := j.Roll(); err != nil && !errors.Is(err, syscall.ENOSPC) || j.Err() != nil {
		t.Errorf("roll: %v", err)
	}
	if err := os.Remove(others); err != nil {
		t.Fatal(err)
	}
	goesOn(t, j, filepath.Join(dir, "journal"), n)
}

func TestALimitOfTheSizeOfFilesTakesNoRecordByHalves(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, journal.Options{Ahead: -1})
	lift := limited(t)
	n := fillUp(t, j, syscall.EFBIG)
	lift()
	goesOn(t, j, dir, n)
}

func TestZerosThatFindNoRoomAreNotSealed(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, journal.Options{Ahead: 10_000})
	defer limited(t)()
	for j.Size() < fileLimit-8_000 {
		add(t, j, strings.Repeat("r", 1000))
	}
	info, err := os.Stat(filepath.Join(dir, name(1)))
	if err != nil || info.Size() != fileLimit {
		t.Fatalf("the zeros end at %d, %v", info.Size(), err)
	}
	size := j.Size()
	roll(t, j)
	if info, err = os.Stat(filepath.Join(dir, name(1))); err != nil || info.Size() != size {
		t.Errorf("the segment of %d bytes is sealed with %d, %v", size, info.Size(), err)
	}
	closed(t, j)
	if got := all(t, open(t, dir, journal.Options{}), journal.Position{}); int64(len(got)) != size/1000-1 {
		t.Errorf("%d records in %d bytes", len(got), size)
	}
}

const fileLimit = 100_001 // bytes

// limited bounds the files of the process, until the function that it returns is called.
func limited(t *testing.T) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := before
	limit.Cur = fileLimit
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	lift = sync.OnceFunc(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	})
	t.Cleanup(lift)
	return lift
}

// fillUp appends numbered records until there is no room, and returns how many were taken. Smaller ones may
// still find room, and what does not leaves nothing.
func fillUp(t *testing.T, j *journal.Journal, full error) (n uint64) {
	t.Helper()
	for refused := 0; refused < 20; {
		before := j.End()
		_, err := j.Append(numbered(n + 1))
		if err == nil {
			n++
			continue
		}
		refused++
		if !errors.Is(err, full) || j.Err() != nil || j.End() != before {
			t.Fatalf("append: %v; the journal: %v, and ends in %v instead of %v", err, j.Err(), j.End(), before)
		}
	}
	if n == 0 {
		t.Fatal("nothing was taken")
	}
	return n
}

// goesOn appends more, and holds what is there then against what was taken.
func goesOn(t *testing.T, j *journal.Journal, dir string, n uint64) {
	t.Helper()
	for range 50 {
		n++
		if _, err := j.Append(numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	roll(t, j)
	closed(t, j)
	j = open(t, dir, journal.Options{})
	if first, last := checkNumbered(t, j); first != 1 || last != n || j.Cut() != 0 {
		t.Errorf("%d records were taken, and %d to %d are there; %d bytes were cut", n, first, last, j.Cut())
	}
	if left := files(t, dir); !bytes.Contains([]byte(fmt.Sprint(left)), []byte(name(1))) || len(left) != len(j.Segments()) {
		t.Errorf("the files are %v", left)
	}
}
