package inspect_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
)

// sound fails the test if anything is wrong with a store.
func sound(t testing.TB, path string) inspect.Report {
	t.Helper()
	report, err := inspect.Check(t.Context(), path, nil)
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("check: %v, %q", err, report.Problems)
	}
	return report
}

func TestCompactGivesBackWhatIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chit.db")
	s, err := diskstore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	room := s.Bucket("room")
	for i := range 200 {
		if err := room.Put(t.Context(), []byte{byte(i)}, []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	err = room.Put(t.Context(), []byte("large"), make([]byte, 1<<20))
	if stats, read := s.Stats(t.Context()); err != nil || read != nil || stats.State.Bytes < 1<<20 { // the checkpoint has it
		t.Fatalf("%+v, %v, %v", stats.State, err, read)
	}
	if err := errors.Join(room.Delete(t.Context(), []byte("large")), s.Close()); err != nil {
		t.Fatal(err)
	}
	small := path + ".small"
	if err := inspect.Compact(path, small); err != nil {
		t.Fatal(err)
	}
	before, after := sound(t, path), sound(t, small)
	if after.State.Bytes >= before.State.Bytes || after.State.Rooms["room"] != 200 || after.State.Used > before.State.Used {
		t.Errorf("from %+v to %+v", before, after)
	}
	if err := inspect.Compact(path, small); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file that exists: %v", err)
	}
	if info, err := os.Stat(small); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info, err)
	}
	s, err = diskstore.Open(small)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Error(err)
	}
}
