package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers/journal"
)

// open opens the journal in a folder, and closes it with the test.
func open(t testing.TB, dir string, o journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, j) })
	return j
}

func closed(t testing.TB, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, j *journal.Journal, record string) journal.Position {
	t.Helper()
	at, err := j.Append([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func roll(t testing.TB, j *journal.Journal) uint64 {
	t.Helper()
	sealed, err := j.Roll()
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// all are the records at and behind a position.
func all(t testing.TB, j *journal.Journal, from journal.Position) (records []string) {
	t.Helper()
	err := j.Replay(from, func(at journal.Position, record []byte) error {
		records = append(records, string(record))
		if again, err := j.Read(at); err != nil || string(again) != string(record) {
			t.Errorf("%v reads as %q, %v, and is replayed as %q", at, again, err, record)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func isCorrupt(t testing.TB, err error, segment uint64) *journal.Damage {
	t.Helper()
	damage := (*journal.Damage)(nil)
	if !errors.Is(err, journal.ErrCorrupt) || !errors.As(err, &damage) || damage.Segment != segment || !strings.Contains(err.Error(), damage.File) {
		t.Fatalf("want damage of segment %d, got %v", segment, err)
	}
	return damage
}

func TestWhatIsAppendedIsReadAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := open(t, dir, journal.Options{})
	if sealed := roll(t, j); sealed != 0 {
		t.Errorf("an empty segment was sealed as %d", sealed)
	}
	add(t, j, "one")
	second := add(t, j, "two")
	if sealed := roll(t, j); sealed != 1 {
		t.Errorf("sealed %d", sealed)
	}
	frame := append(make([]byte, journal.HeaderSize), "three"...)
	if _, err := j.AppendFrame(frame); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := all(t, j, journal.Position{}); !slices.Equal(got, []string{"one", "two", "three"}) {
			t.Errorf("from the beginning: %q", got)
		}
		if got := all(t, j, second); !slices.Equal(got, []string{"two", "three"}) {
			t.Errorf("from the second: %q", got)
		}
		if got := all(t, j, j.End()); got != nil {
			t.Errorf("from the end: %q", got)
		}
		closed(t, j)
		j = open(t, dir, journal.Options{})
	}
	if j.Cut() != 0 {
		t.Errorf("%d bytes were cut", j.Cut())
	}
	for path, mode := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, filepath.Join(dir, "0000000000000001.journal"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s has %v, %v", path, info.Mode(), err)
		}
	}
}

func TestOnlyTheOldestSegmentIsRemoved(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, journal.Options{})
	first := add(t, j, "one")
	end := j.End()
	roll(t, j)
	add(t, j, "two")
	roll(t, j)
	for _, number := range []uint64{0, 2, 3, 4} {
		if err := j.Remove(number); !errors.Is(err, journal.ErrNotOldest) {
			t.Errorf("remove %d: %v", number, err)
		}
	}
	if err := j.Remove(1); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Read(first); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read: %v", err)
	}
	if err := j.Replay(first, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("replay: %v", err)
	}
	for _, from := range []journal.Position{{}, end} {
		if got := all(t, j, from); !slices.Equal(got, []string{"two"}) {
			t.Errorf("from %v: %q", from, got)
		}
	}
	if err := j.Remove(2); err != nil {
		t.Fatal(err)
	}
	if err := j.Remove(3); !errors.Is(err, journal.ErrNotOldest) {
		t.Errorf("remove the current one: %v", err)
	}
	add(t, j, "three")
	closed(t, j)
	j = open(t, dir, journal.Options{})
	if got := fmt.Sprint(j.Segments()); got != "[{3 65}]" {
		t.Errorf("segments %v", got)
	}
}
