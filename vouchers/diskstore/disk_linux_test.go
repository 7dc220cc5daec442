package diskstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// smallDisk is a folder with a disk of its own.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("no disk of its own can be had without the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fillUp writes a file until the disk takes no more.
func fillUp(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(bytes.Repeat([]byte{1}, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func TestOnAFullDiskTheReserveTakesWhatMustBeWrittenDown(t *testing.T) {
	dir := smallDisk(t, 16<<20)
	path, full := filepath.Join(dir, "chit.db"), make(chan error, 2)
	s, err := diskstore.Open(path, diskstore.WithReserve(2<<20), diskstore.OnFull(func(err error) { full <- err }))
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "room", "first", "v")
	if space := s.Space(); !space.Known || space.Free == 0 || space.Free > 14<<20 || space.Full != nil {
		t.Errorf("the space is %+v", space)
	}
	fillUp(t, filepath.Join(dir, "others"))
	large := string(random(3 << 20)) // more than the journal has ahead
	put(t, s, "room", "large", large)
	if err := <-full; !errors.Is(err, vouchers.ErrStoreFull) || !errors.Is(s.Err(), vouchers.ErrStoreFull) {
		t.Errorf("told %v, and then %v", err, s.Err())
	}
	put(t, s, "room", "claim", "v") // is taken all the same
	if err := os.Remove(filepath.Join(dir, "others")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-full, s.Err()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if info, err := os.Stat(filepath.Join(path, "reserve")); err != nil || info.Size() != 2<<20 {
		t.Errorf("the reserve is %v, %v", info, err)
	}
	closeStore(t, s)
	sound(t, path)
}
