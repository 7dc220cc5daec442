package journal_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/chitpay/chit/vouchers/journal"
)

// copied is a folder with the files of a snapshot.
func copied(t testing.TB, s *journal.Snapshot) string {
	t.Helper()
	dir := t.TempDir()
	for _, segment := range s.Segments {
		content, err := io.ReadAll(segment.Bytes())
		if err != nil || int64(len(content)) != segment.Size {
			t.Fatalf("%s has %d of %d bytes, %v", segment.Name, len(content), segment.Size, err)
		}
		put(t, filepath.Join(dir, segment.Name), content)
	}
	return dir
}

// files are the numbers of the segments that a folder has files of.
func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestASnapshotStaysWhileTheJournalGoesOn(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, journal.Options{})
	add(t, j, "one")
	roll(t, j)
	first := add(t, j, "two")
	snapshot, err := j.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	add(t, j, "three")
	for sealed := uint64(2); sealed <= 3; sealed++ {
		if got := roll(t, j); got != sealed {
			t.Fatalf("sealed %d", got)
		}
		add(t, j, "four")
	}
	for number := uint64(1); number <= 3; number++ { // 3 is in no snapshot, and waits for those before it
		if err := j.Remove(number); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Remove(1); err != nil {
		t.Errorf("removed again: %v", err)
	}
	if _, err := j.Read(first); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read what was removed: %v", err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{name(1), name(2), name(3), name(4)}) {
		t.Errorf("while the snapshot is held the files are %v", got)
	}
	if got := all(t, open(t, copied(t, snapshot), journal.Options{}), journal.Position{}); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the copy has %q", got)
	}
	snapshot.Release()
	snapshot.Release()
	if got := files(t, dir); !slices.Equal(got, []string{name(4)}) {
		t.Errorf("once the snapshot is released the files are %v", got)
	}
	if got := all(t, j, journal.Position{}); !slices.Equal(got, []string{"four"}) {
		t.Errorf("the journal has %q", got)
	}
}

func TestASnapshotOutlivesTheJournalThatMadeIt(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, journal.Options{})
	add(t, j, "one")
	roll(t, j)
	add(t, j, "two")
	snapshot, err := j.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Remove(1); err != nil {
		t.Fatal(err)
	}
	closed(t, j)
	if got := all(t, open(t, copied(t, snapshot), journal.Options{}), journal.Position{}); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the copy has %q", got)
	}
	snapshot.Release()
	if got := files(t, dir); !slices.Equal(got, []string{name(2)}) {
		t.Errorf("the files are %v", got)
	}
}

func TestReadersGoOnBesideTheWriter(t *testing.T) {
	const records, readers = 400, 4
	dir := t.TempDir()
	j := open(t, dir, journal.Options{Ahead: 20_000})
	var reading sync.WaitGroup
	done := make(chan struct{})
	read := func(reader int) error {
		if reader == 0 {
			report, err := journal.Verify(dir)
			if err == nil && len(report.Problems) > 0 {
				return fmt.Errorf("verify: %w", errors.Join(report.Problems...))
			}
			return err
		}
		if reader == 1 {
			snapshot, err := j.Snapshot()
			if err != nil {
				return err
			}
			defer snapshot.Release()
			for _, s := range snapshot.Segments {
				if n, err := io.Copy(io.Discard, s.Bytes()); n != s.Size || err != nil {
					return fmt.Errorf("%s has %d of %d bytes, %w", s.Name, n, s.Size, err)
				}
			}
			return nil
		}
		checkNumbered(t, j)
		for _, s := range j.Segments() {
			if _, err := j.Read(journal.Position{Segment: s.Number, Offset: 48}); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	for reader := range readers {
		reading.Go(func() {
			for {
				if err := read(reader); err != nil {
					t.Errorf("reader %d: %v", reader, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := range uint64(records) {
		add(t, j, string(numbered(n+1)))
		if n%10 == 9 {
			roll(t, j)
		}
		if segments := j.Segments(); len(segments) > keptSegments {
			if err := j.Remove(segments[0].Number); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(done)
	reading.Wait()
	if _, last := checkNumbered(t, j); last != records {
		t.Errorf("the last record is %d", last)
	}
}
