package diskstore_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

// entries has channel n one entry longer, whose number is given.
func entry(n int, number uint64) vouchers.Update {
	u := channel(n)
	u.Entry = &vouchers.Entry{Channel: u.Record.ID, Number: number, Time: uint32(1_700_000_000 + number), Cumulative: vouchers.Amount(number), Digest: [32]byte{1, byte(n), byte(number)}, Value: []byte("entry")}
	if number > 1 {
		u.Entry.Previous = [32]byte{1, byte(n), byte(number - 1)}
	}
	return u
}

// sold is a store with something in its tables, in its journal, and not in its checkpoint.
func sold(t testing.TB) (*diskstore.Store, string) {
	t.Helper()
	s, path := fresh(t, diskstore.WithSegments(4096, 1<<20))
	s.Attest(func(context.Context, []common.Hash) ([]byte, error) { return make([]byte, 65), nil })
	for i := range 40 {
		submit(t, s, entry(i%10, uint64(i/10)+1))
		submit(t, s, answer(byte(i), time.Now().Add(time.Hour)))
	}
	s.Settle()
	for i := range 5 {
		submit(t, s, entry(10+i, 1))
	}
	return s, path
}

// holdsWhatWasSold fails the test unless the stats are those of sold.
func holdsWhatWasSold(t testing.TB, of string, got inspect.Stats) {
	t.Helper()
	if got.Channels != 15 || got.Receipts != 45 || got.Unclaimed != 15 || got.History.Entries == 0 || got.Journal.Entries == 0 || got.History.Entries+got.Journal.Entries != 45 {
		t.Errorf("%s: %+v", of, got)
	}
}

func backedUp(t testing.TB, s *diskstore.Store) (file string, whole []byte) {
	t.Helper()
	var out bytes.Buffer
	if _, err := s.Backup(&out); err != nil {
		t.Fatal(err)
	}
	return written(t, out.Bytes()), out.Bytes()
}

func written(t testing.TB, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// copied is the copy of a folder as `cp -r` makes it.
func copied(t testing.TB, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := os.CopyFS(to, os.DirFS(path)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestTheSameIsFoundInAStoreInUseInItsCopyAndInItsBackup(t *testing.T) {
	s, path := sold(t)
	backup, _ := backedUp(t, s)
	var parts []string
	report, err := s.Check(t.Context(), func(part string, done, all int64) {
		parts = append(parts, part)
		if done > all {
			t.Errorf("%s: %d of %d bytes", part, done, all)
		}
	})
	if err != nil || len(report.Problems) > 0 || report.Torn > 0 {
		t.Errorf("in use: %v, %q", err, report.Problems)
	}
	holdsWhatWasSold(t, "in use", report.Stats)
	if told := strings.Join(parts, " "); !strings.HasPrefix(told, "state.db journal history/") || !strings.Contains(told, " answers/") {
		t.Errorf("what was read: %q", told)
	}
	for of, at := range map[string]string{"a copy": copied(t, path), "a backup": backup} {
		stats, err := inspect.ReadStats(t.Context(), at)
		if err != nil {
			t.Errorf("%s: %v", of, err)
		}
		holdsWhatWasSold(t, of, stats)
		holdsWhatWasSold(t, of, sound(t, at).Stats)
	}
	t.Setenv("TMPDIR", t.TempDir())
	found, err := restore.Verify(t.Context(), backup, nil)
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if info, stat := os.Stat(backup); err != nil || stat != nil || found.Format != 1 || time.Since(found.Taken) > time.Minute || found.Size != info.Size() {
		t.Errorf("a backup: %+v, %v", found, err)
	}
	holdsWhatWasSold(t, "verified", found.Stats)
}

func TestWhatACheckOfAStoreInUseFindsUnfinishedIsLeftThere(t *testing.T) {
	s, path := sold(t)
	unfinished := filepath.Join(path, "history", "0000000099.table.tmp")
	if err := os.WriteFile(unfinished, []byte("being sealed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Check(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stats(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	sound(t, path)
	if _, err := os.Stat(unfinished); err != nil {
		t.Error(err)
	}
}

func TestACheckEndsWithItsContext(t *testing.T) {
	s, path := sold(t)
	backup, _ := backedUp(t, s)
	tired := errors.New("tired")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(tired)
	at := copied(t, path)
	for name, check := range map[string]func() error{
		"in use":   func() error { _, err := s.Check(ctx, nil); return err },
		"a copy":   func() error { _, err := inspect.Check(ctx, at, nil); return err },
		"a backup": func() error { _, err := restore.Verify(ctx, backup, nil); return err },
	} {
		if err := check(); !errors.Is(err, tired) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAStoreThatLacksAPartIsRefusedAndLeftAsItIs(t *testing.T) {
	s, path := sold(t)
	closeStore(t, s)
	for part, says := range map[string][]string{
		"state.db": {"state.db is missing", "chit store restore"},
		"journal":  {"a journal that is missing", "chit store restore"},
	} {
		at := copied(t, path)
		if err := os.RemoveAll(filepath.Join(at, part)); err != nil {
			t.Fatal(err)
		}
		before := filesIn(t, at)
		_, err := diskstore.Open(at)
		report, checked := inspect.Check(t.Context(), at, nil)
		if checked != nil || len(report.Problems) != 1 {
			t.Fatalf("check without %s: %v, %q", part, checked, report.Problems)
		}
		for _, text := range append(says, at) {
			if !errors.Is(err, diskstore.ErrCorrupt) || !strings.Contains(err.Error(), text) || !strings.Contains(report.Problems[0], text) {
				t.Errorf("without %s: %v, %q", part, err, report.Problems)
			}
		}
		if after := filesIn(t, at); after != before {
			t.Errorf("without %s: it was\n%s\nand is\n%s", part, before, after)
		}
	}
}

func filesIn(t testing.TB, dir string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

func TestAFolderOfSomethingElseIsNoStore(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letters.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := diskstore.Open(dir); !errors.Is(err, diskstore.ErrFormat) || !strings.Contains(err.Error(), "letters.txt") {
		t.Errorf("%v", err)
	}
	if after, err := os.ReadDir(dir); err != nil || len(after) != 1 {
		t.Errorf("it has %v now, %v", after, err)
	}
}
