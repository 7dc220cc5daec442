package boltstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltstore"
)

// sample returns the bytes of a sound store with something of everything.
func sample(t testing.TB, channels int) []byte {
	t.Helper()
	s, path := fresh(t)
	for i := range channels {
		s.Submit(channel(i))
	}
	submit(t, s, answer(1, time.Now().Add(time.Hour)))
	put(t, s, "room", "key", "the value of a room")
	closeStore(t, s)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func place(t testing.TB, raw []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// flip changes one byte of a value, by way of bbolt, so that all else is sound.
func flip(t testing.TB, raw []byte, at int, key []byte, buckets ...string) string {
	t.Helper()
	path := place(t, raw)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(buckets[0]))
		for _, name := range buckets[1:] {
			b = b.Bucket([]byte(name))
		}
		value := bytes.Clone(b.Get(key))
		value[at] ^= 1
		return b.Put(key, value)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(s *boltstore.Store) error {
	return s.Load(context.Background(), func(*vouchers.Record) error { return nil })
}

func TestAFlippedBitIsFoundAndNamed(t *testing.T) {
	raw := sample(t, 3)
	id, key := channel(1).Record.ID, vouchers.AnswerKey{1}
	read := func(use func(*boltstore.Store) error) func(string) error {
		return func(path string) error {
			s, err := boltstore.Open(path)
			if err != nil {
				return err
			}
			return errors.Join(use(s), s.Close())
		}
	}
	for name, damage := range map[string]struct {
		key     []byte
		buckets []string
		read    func(path string) error
		length  int
	}{
		"channel": {id[:], []string{"channels"}, read(load), 160},
		"terms":   {make([]byte, 4), []string{"terms"}, read(load), 100},
		"answer": {key[:], []string{"answers"}, read(func(s *boltstore.Store) error {
			_, _, err := s.Answer(key)
			return err
		}), 50},
		"room": {[]byte("key"), []string{"rooms", "room"}, read(func(s *boltstore.Store) error {
			_, err := s.Bucket("room").Get([]byte("key"))
			walk := s.Bucket("room").ForEach(nil, func(_, _ []byte) error { return nil })
			if !errors.Is(walk, boltstore.ErrCorrupt) {
				t.Errorf("the walk says %v", walk)
			}
			return err
		}), 20},
	} {
		for _, at := range []int{0, 1, 4, 5, damage.length} {
			path := flip(t, raw, at, damage.key, damage.buckets...)
			where := fmt.Sprintf("%s/%x", damage.buckets[len(damage.buckets)-1], damage.key)
			if err := damage.read(path); !errors.Is(err, boltstore.ErrCorrupt) || !strings.Contains(err.Error(), where) {
				t.Errorf("%s, byte %d: %v, want ErrCorrupt at %s", name, at, err, where)
			}
			report, err := boltstore.Check(path)
			if err != nil || len(report.Problems) == 0 || !strings.Contains(strings.Join(report.Problems, "\n"), where) {
				t.Errorf("%s, byte %d: check says %v, %q", name, at, err, report.Problems)
			}
			if err := boltstore.Compact(path, path+".small"); !errors.Is(err, boltstore.ErrCorrupt) {
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
	report, err := boltstore.Check(path)
	if err != nil || len(report.Problems) != 1 || !strings.Contains(report.Problems[0], "do not rise") {
		t.Errorf("charged above the ceiling: %v, %q", err, report.Problems)
	}

	raw := sample(t, 1)
	for want, spoil := range map[string]func(*bbolt.Tx) error{
		"terms 0 are missing": func(tx *bbolt.Tx) error { return tx.Bucket([]byte("terms")).Delete(make([]byte, 4)) },
		"not in the index": func(tx *bbolt.Tx) error {
			return errors.Join(tx.DeleteBucket([]byte("expiries")), ignore(tx.CreateBucket([]byte("expiries"))))
		},
		"an expiry of 3 bytes": func(tx *bbolt.Tx) error { return tx.Bucket([]byte("expiries")).Put([]byte("abc"), nil) },
	} {
		path := place(t, raw)
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(spoil), db.Close()); err != nil {
			t.Fatal(err)
		}
		if report, err := boltstore.Check(path); err != nil || !strings.Contains(strings.Join(report.Problems, "\n"), want) {
			t.Errorf("check says %v, %q, want %q", err, report.Problems, want)
		}
	}
}

func ignore(_ *bbolt.Bucket, err error) error { return err }

func TestAFileThatIsNoStoreIsRefused(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	db, err := bbolt.Open(foreign, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return ignore(tx.CreateBucket([]byte("theirs"))) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	raw := sample(t, 500)
	for name, file := range map[string]struct {
		path string
		want error
	}{
		"another program's bbolt file": {foreign, boltstore.ErrFormat},
		"a text":                       {place(t, bytes.Repeat([]byte("no store. "), 10_000)), boltstore.ErrCorrupt},
		"zeros":                        {place(t, make([]byte, 1<<17)), boltstore.ErrCorrupt},
		"a store that is cut off":      {place(t, raw[:10*os.Getpagesize()]), boltstore.ErrCorrupt},
		"one that is cut off early":    {place(t, raw[:2*os.Getpagesize()]), boltstore.ErrCorrupt},
	} {
		for range 2 { // the second time tells whether the first one left a lock
			_, opened := boltstore.Open(file.path)
			_, checked := boltstore.Check(file.path)
			for _, err := range []error{opened, checked} {
				if !errors.Is(err, file.want) || !strings.Contains(err.Error(), file.path) {
					t.Errorf("%s: %v, want %v", name, err, file.want)
				}
			}
		}
	}
}

// Whatever happens to the bytes of a file, nothing may crash, and nothing may be
// read that was not written.
func TestRandomDamageNeverCrashesAndIsNeverBelieved(t *testing.T) {
	raw := sample(t, 400)
	page := os.Getpagesize()
	inUse := min(len(raw), 60*page)
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 150 {
		damaged := bytes.Clone(raw[:inUse])
		switch at := random.IntN(inUse - page); random.IntN(3) {
		case 0:
			damaged[at] ^= byte(1 + random.IntN(255))
		case 1:
			clear(damaged[at/page*page:][:page])
		case 2:
			binary.LittleEndian.PutUint64(damaged[at/8*8:], random.Uint64())
		}
		path := place(t, damaged)
		report, checked := boltstore.Check(path)
		if checked != nil || len(report.Problems) > 0 {
			found++
		}
		s, err := boltstore.Open(path)
		if err != nil {
			continue
		}
		err = s.Load(t.Context(), func(r *vouchers.Record) error {
			if want := channel(int(r.ID[0]) | int(r.ID[1])<<8).Record; r.Ceiling != want.Ceiling || r.Payer != want.Payer || r.ID != want.ID {
				t.Errorf("loaded %+v", r)
			}
			return nil
		})
		if err != nil && !errors.Is(err, boltstore.ErrCorrupt) {
			t.Errorf("load: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if found < 50 {
		t.Errorf("%d of 150 damages are found", found)
	}
}
