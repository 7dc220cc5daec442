package diskstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
)

// sample is the folder of a sound store with sales in tables and in the journal.
func sample(t testing.TB) string {
	t.Helper()
	s, path := fresh(t, tiny())
	s.Attest(attest)
	if n := sells(s, 0, 40); n != 40 {
		t.Fatalf("%d sales, %v", n, s.Err())
	}
	s.Settle()
	if n := sells(s, 40, 5); n != 45 {
		t.Fatalf("%d sales, %v", n, s.Err())
	}
	put(t, s, "room", "key", "the value of a room")
	closeStore(t, s)
	sound(t, path)
	return path
}

// inState changes the checkpoint by way of bbolt, so that all else is sound.
func inState(t testing.TB, path string, change func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(path, "state.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// flipped changes one byte of a value of the checkpoint.
func flipped(at int, key []byte, buckets ...string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(buckets[0]))
		for _, name := range buckets[1:] {
			b = b.Bucket([]byte(name))
		}
		value := bytes.Clone(b.Get(key))
		value[at] ^= 1
		return b.Put(key, value)
	}
}

// flipIn changes one byte of a file.
func flipIn(t testing.TB, path string, at int64) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += int64(len(raw))
	}
	raw[at] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files are those of a part of a store, in order.
func files(t testing.TB, path, part string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(path, part, "*"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%s has no files: %v", part, err)
	}
	slices.Sort(all)
	return all
}

func load(s *diskstore.Store) error {
	return s.Load(context.Background(), func(*vouchers.Record) error { return nil })
}

// names checks that an error is one of damage, and names where.
func names(t testing.TB, what string, err error, where ...string) {
	t.Helper()
	if !errors.Is(err, diskstore.ErrCorrupt) {
		t.Errorf("%s: %v, want ErrCorrupt", what, err)
		return
	}
	for _, part := range where {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v does not name %s", what, err, part)
		}
	}
}

// isFound checks that a check finds what opening, or reading, has found.
func isFound(t testing.TB, path string, where ...string) {
	t.Helper()
	report, err := inspect.Check(t.Context(), path, nil)
	if err != nil || len(report.Problems) == 0 {
		t.Errorf("check finds %q, %v", report.Problems, err)
	}
	for _, part := range where {
		if !strings.Contains(strings.Join(report.Problems, "\n"), part) {
			t.Errorf("check says %q, and does not name %s", report.Problems, part)
		}
	}
}

func TestAFlippedBitOfTheCheckpointIsFoundAndNamed(t *testing.T) {
	sound := sample(t)
	id := channel(1).Record.ID
	read := func(use func(*diskstore.Store) error) func(string) error {
		return func(path string) error {
			s, err := diskstore.Open(path)
			if err != nil {
				return err
			}
			return errors.Join(use(s), s.Close())
		}
	}
	nothing := read(func(*diskstore.Store) error { return nil })
	for name, damage := range map[string]struct {
		key     []byte
		buckets []string
		read    func(path string) error
		length  int
	}{
		"channel":  {id[:], []string{"channels"}, read(load), 160},
		"terms":    {make([]byte, 4), []string{"terms"}, read(load), 100},
		"position": {[]byte("position"), []string{"chit"}, nothing, 20},
		"journal":  {[]byte("journal"), []string{"chit"}, nothing, 20},
		"head": {id[:], []string{"heads"}, read(func(s *diskstore.Store) error {
			_, err := s.History().Head(id)
			return err
		}), 50},
		"room": {[]byte("key"), []string{"rooms", "room"}, read(func(s *diskstore.Store) error {
			_, err := s.Bucket("room").Get([]byte("key"))
			walk := s.Bucket("room").ForEach(nil, func(_, _ []byte) error { return nil })
			_, _, last := s.Bucket("room").Last([]byte("k"))
			if !errors.Is(walk, diskstore.ErrCorrupt) || !errors.Is(last, diskstore.ErrCorrupt) {
				t.Errorf("the walk says %v, and the last key %v", walk, last)
			}
			return err
		}), 20},
	} {
		for _, at := range []int{0, 1, 4, 5, damage.length} {
			path := copied(t, sound)
			inState(t, path, flipped(at, damage.key, damage.buckets...))
			where := fmt.Sprintf("%s/%x", damage.buckets[len(damage.buckets)-1], damage.key)
			names(t, fmt.Sprintf("%s, byte %d", name, at), damage.read(path), where)
			isFound(t, path, where)
			if err := inspect.Compact(path, path+".small"); !errors.Is(err, diskstore.ErrCorrupt) {
				t.Errorf("%s, byte %d: compact says %v", name, at, err)
			}
		}
	}
}

func TestCheckFindsWhatChecksumsCannot(t *testing.T) {
	overdrawn := channel(1)
	overdrawn.Record.Charged, overdrawn.Record.Ceiling = 7, 6
	s, path := fresh(t)
	submit(t, s, overdrawn)
	closeStore(t, s)
	isFound(t, path, "do not rise")

	path = sample(t)
	inState(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("terms")).Delete(make([]byte, 4)) })
	isFound(t, path, "terms 0 are missing")
}

func TestDamageInTheMiddleOfTheJournalIsNamedAndNothingIsOpened(t *testing.T) {
	sound := sample(t)
	segment := files(t, sound, "journal")[0]
	for _, at := range []int64{3, 30, 50, 70, 300} {
		path := copied(t, sound)
		flipIn(t, filepath.Join(path, "journal", filepath.Base(segment)), at)
		before := files(t, path, "history")
		_, err := diskstore.Open(path)
		names(t, fmt.Sprintf("byte %d", at), err, filepath.Base(segment), "byte ")
		isFound(t, path, filepath.Base(segment))
		if after := files(t, path, "history"); !slices.Equal(before, after) {
			t.Errorf("byte %d: what was refused has lost tables: %q", at, after)
		}
	}
}

func TestATornEndOfTheJournalIsCut(t *testing.T) {
	path := sample(t)
	all := files(t, path, "journal")
	file, err := os.OpenFile(all[len(all)-1], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	end := journalEnd(t, path)
	if _, err := file.WriteAt([]byte{200, 1, 0, 0, 7, 7, 7}, end); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := inspect.Check(t.Context(), path, nil); err != nil || len(report.Problems) > 0 || report.Torn != 7 {
		t.Errorf("check says %+v, %v", report, err)
	}
	s := open(t, path)
	closeStore(t, s)
	if report := sound(t, path); report.Torn != 0 {
		t.Errorf("%d bytes are torn still", report.Torn)
	}
}

// journalEnd is where the last segment's records end.
func journalEnd(t testing.TB, path string) int64 {
	t.Helper()
	s := open(t, path)
	end := s.JournalEnd()
	closeStore(t, s)
	return end
}

func TestADamagedTableIsNamedWhereItIsNeeded(t *testing.T) {
	id := channel(1).Record.ID
	sound := sample(t)
	for part, read := range map[string]func(*diskstore.Store) error{
		"history": func(s *diskstore.Store) error {
			each := s.History().Each(t.Context(), time.Time{}, time.Time{}, func(*vouchers.Line) error { return nil })
			walk := s.History().Walk(t.Context(), id, 0, func(*vouchers.Line) error { return nil })
			if each == nil || walk == nil {
				return nil
			}
			return each
		},
		"answers": func(s *diskstore.Store) error {
			for n := range 45 {
				if _, _, err := s.Answer(vouchers.AnswerKey{byte(n + 1)}); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		path := copied(t, sound)
		table := files(t, path, part)[1]
		flipIn(t, table, 40)
		isFound(t, path, filepath.Base(table))
		s := open(t, path, tiny())
		if err := read(s); err == nil || !strings.Contains(err.Error(), filepath.Base(table)) {
			t.Errorf("%s: a read that needs it says %v", part, err)
		}
		if err := load(s); err != nil {
			t.Errorf("%s: the channels are not to be read: %v", part, err)
		}
		last := 0
		if err := s.History().Walk(t.Context(), id, 40, func(l *vouchers.Line) error { last = int(l.Number); return nil }); part == "answers" && err != nil || err == nil && last != 45 {
			t.Errorf("%s: what does not need it ends with %d, %v", part, last, err)
		}
		s.Attest(attest)
		if n := sells(s, 45, 10); n != 55 {
			t.Errorf("%s: it sells no more: %v", part, s.Err())
		}
		closeStore(t, s)
	}
}

// What a segment is sealed behind is in the tables: without it the chain of receipts would have a
// gap for good.
func TestAStoreThatCannotSealBehindADamagedTableGoesOnOnceTheFileIsPutBack(t *testing.T) {
	s, path := fresh(t, tiny())
	s.Attest(attest)
	sells(s, 0, 40)
	s.Settle()
	sells(s, 40, 5)
	closeStore(t, s)
	all := files(t, path, "history")
	last := all[len(all)-1]
	whole, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	flipIn(t, last, 40)
	s = open(t, path, tiny())
	s.Attest(attest)
	durable := sells(s, 45, 40)
	s.Settle()
	if err := s.Close(); !errors.Is(err, vouchers.ErrStoreFailed) || !strings.Contains(err.Error(), last) || !strings.Contains(err.Error(), "put that file back") {
		t.Errorf("it ends with %v", err)
	}
	if err := os.WriteFile(last, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	goesOn(t, path, durable)
}

func TestATableThatIsMissingIsFound(t *testing.T) {
	path := sample(t)
	tables, err := filepath.Glob(filepath.Join(path, "history", "*.table"))
	if err != nil || len(tables) < 3 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	if err := os.Remove(tables[len(tables)-2]); err != nil {
		t.Fatal(err)
	}
	report, err := inspect.Check(t.Context(), path, nil)
	all := strings.Join(report.Problems, "\n")
	if err != nil || !strings.Contains(all, "a table before this one is") || !strings.Contains(all, filepath.Base(tables[len(tables)-1])) {
		t.Errorf("check says %v, %q", err, report.Problems)
	}
}

func TestPartsOfDifferentMomentsOrStoresAreRefusedAndKept(t *testing.T) {
	one, other := sample(t), sample(t)
	later := copied(t, one)
	s := open(t, later, tiny())
	s.Attest(attest)
	if n := sells(s, 45, 40); n != 85 {
		t.Fatalf("%d sales, %v", n, s.Err())
	}
	s.Settle()
	closeStore(t, s)
	take := func(path, from, part string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(path, part)); err != nil {
			t.Fatal(err)
		}
		if from == "" {
			return
		}
		info, err := os.Stat(filepath.Join(from, part))
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(filepath.Join(path, part), os.DirFS(filepath.Join(from, part)))
		} else {
			var raw []byte
			if raw, err = os.ReadFile(filepath.Join(from, part)); err == nil {
				err = os.WriteFile(filepath.Join(path, part), raw, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, mix := range map[string]func(path string){
		"no journal":                   func(path string) { take(path, "", "journal") },
		"the journal of another store": func(path string) { take(path, other, "journal") },
		"an older journal":             func(path string) { take(path, later, "state.db") },
		"a newer journal":              func(path string) { take(path, later, "journal") },
		"the checkpoint of another":    func(path string) { take(path, other, "state.db") },
		"no checkpoint":                func(path string) { take(path, "", "state.db") },
		"neither checkpoint nor journal": func(path string) {
			take(path, "", "state.db")
			take(path, "", "journal")
		},
		"tables of a later moment, and nothing else of it": func(path string) { take(path, later, "history") },
	} {
		path := copied(t, one)
		mix(path)
		tables := files(t, path, "history")
		for range 2 {
			s, err := diskstore.Open(path)
			if err == nil {
				closeStore(t, s)
			}
			names(t, name, err, "backup")
		}
		if after := files(t, path, "history"); !slices.Equal(tables, after) {
			t.Errorf("%s: what was refused has lost tables: %q of %q", name, after, tables)
		}
	}
}
