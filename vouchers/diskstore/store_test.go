package diskstore_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
	"github.com/chitpay/chit/vouchers/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB, path string) vouchers.Store { return open(t, path) })
}

func TestAStoreThatSealsAllTheTime(t *testing.T) {
	storetest.Run(t, func(t testing.TB, path string) vouchers.Store {
		return open(t, path, diskstore.WithSegments(600, 1200))
	})
}

func open(t testing.TB, path string, opts ...diskstore.Option) *diskstore.Store {
	t.Helper()
	s, err := diskstore.Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fresh opens a new store, which the test need not close.
func fresh(t testing.TB, opts ...diskstore.Option) (*diskstore.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chit.db")
	s := open(t, path, opts...)
	t.Cleanup(func() { _ = s.Close() }) // those that must be closed well are closed by their test
	return s, path
}

func closeStore(t testing.TB, s *diskstore.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s *diskstore.Store, bucket, key, value string) {
	t.Helper()
	if err := s.Bucket(bucket).Put(t.Context(), []byte(key), []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func submit(t testing.TB, s *diskstore.Store, u vouchers.Update) {
	t.Helper()
	if err := s.Submit(u).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func channel(n int) vouchers.Update {
	return vouchers.Update{Slot: &vouchers.Slot{}, Record: vouchers.Record{
		ID:    vouchers.ChannelID{byte(n), byte(n >> 8), 31: 1},
		Terms: &vouchers.Terms{Deployment: vouchers.Deployment{ChainID: 1}, Receiver: common.Address{1}},
		Payer: common.Address{2}, Balance: 10, Claimed: 1, Charged: 2, Ceiling: 3,
		Proof: vouchers.NewProof(make(vouchers.Signature, 65)),
	}}
}

func answer(n byte, expires time.Time) vouchers.Update {
	return vouchers.Update{Answer: &vouchers.Answer{Key: vouchers.AnswerKey{n}, Expires: expires, Body: []byte("answer")}}
}

func TestASecondStoreOnAFileIsRefusedAtOnceInOneLine(t *testing.T) {
	s, path := fresh(t)
	for name, second := range map[string]func() error{
		"open":    func() error { _, err := diskstore.Open(path); return err },
		"check":   func() error { _, err := inspect.Check(t.Context(), path, nil); return err },
		"stats":   func() error { _, err := inspect.ReadStats(t.Context(), path); return err },
		"compact": func() error { return inspect.Compact(path, path+".small") },
	} {
		err := second()
		if !errors.Is(err, diskstore.ErrInUse) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	put(t, s, "room", "still", "writing")
	closeStore(t, s)
	closeStore(t, open(t, path))
}

func TestAStoreIsItsOwnersAlone(t *testing.T) {
	_, path := fresh(t)
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAMissingFileIsCreatedUnlessItMustExist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chit.db")
	_, opened := diskstore.Open(path, diskstore.MustExist())
	_, checked := inspect.Check(t.Context(), path, nil)
	_, counted := inspect.ReadStats(t.Context(), path)
	for _, err := range []error{opened, checked, counted, inspect.Compact(path, path+".small")} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want fs.ErrNotExist", err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	closeStore(t, open(t, path))
	closeStore(t, open(t, path, diskstore.MustExist()))
}

func TestAnswersAreForgottenWhenTheirTimeIsOver(t *testing.T) {
	var clock struct {
		sync.Mutex
		now time.Time
	}
	clock.now = time.Unix(1_800_000_000, 0)
	s, path := fresh(t, diskstore.WithClock(func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return clock.now
	}))
	start := clock.now
	submit(t, s, answer(1, start.Add(10*time.Second)))
	submit(t, s, answer(2, start.Add(20*time.Second)))
	submit(t, s, answer(3, start.Add(10*time.Second)))
	submit(t, s, answer(3, start.Add(30*time.Second))) // replaced under the same key
	for _, step := range []struct {
		after time.Duration
		kept  string
	}{{9 * time.Second, "123"}, {10 * time.Second, "23"}, {29 * time.Second, "3"}, {30 * time.Second, ""}} {
		clock.Lock()
		clock.now = start.Add(step.after)
		clock.Unlock()
		put(t, s, "room", "any", "write")
		kept := ""
		for n := byte(1); n <= 3; n++ {
			if _, found, err := s.Answer(vouchers.AnswerKey{n}); err != nil {
				t.Fatal(err)
			} else if found {
				kept += string('0' + n)
			}
		}
		if kept != step.kept {
			t.Errorf("after %s: %q are kept, want %q", step.after, kept, step.kept)
		}
	}
	closeStore(t, s)
	sound(t, path)
}

// sound fails the test if anything is wrong with the file.
func sound(t testing.TB, path string) inspect.Report {
	t.Helper()
	report, err := inspect.Check(t.Context(), path, nil)
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("check: %v, %q", err, report.Problems)
	}
	return report
}

func TestABackupOfAStoreInUseIsAStore(t *testing.T) {
	s, _ := fresh(t)
	for i := range 300 {
		submit(t, s, channel(i))
	}
	backup, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "chit.db")
	file, err := os.Create(backup)
	if err != nil {
		t.Fatal(err)
	}
	// A reader that stops in the middle holds up nobody who writes.
	n, err := s.Backup(writerFunc(func(b []byte) (int, error) {
		submit(t, s, channel(1000))
		return file.Write(b)
	}))
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(backup); err != nil || info.Size() != n {
		t.Errorf("%d bytes are reported of %v, %v", n, info, err)
	}
	from, err := os.Open(backup)
	if err != nil {
		t.Fatal(err)
	}
	_, err = restore.From(from, restored, nil)
	if err := errors.Join(err, from.Close()); err != nil {
		t.Fatal(err)
	}
	again := open(t, restored)
	if n := len(channels(t, again)); n != 300 {
		t.Errorf("the copy has %d channels", n)
	}
	closeStore(t, again)
	sound(t, restored)
	full := errors.New("full")
	if _, err := s.Backup(writerFunc(func([]byte) (int, error) { return 0, full })); err == nil || !strings.Contains(err.Error(), full.Error()) {
		t.Errorf("to a writer that fails: %v", err)
	}
	closeStore(t, s)
	if _, err := s.Backup(new(bytes.Buffer)); !errors.Is(err, vouchers.ErrStoreClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}

// channels are the ids of all.
func channels(t testing.TB, s *diskstore.Store) (all []vouchers.ChannelID) {
	t.Helper()
	err := s.Load(context.Background(), func(r *vouchers.Record) error {
		all = append(all, r.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestStatsCountWhatTheStoreHolds(t *testing.T) {
	s, path := fresh(t)
	for i := range 20 {
		submit(t, s, channel(i))
	}
	submit(t, s, answer(1, time.Now().Add(time.Hour)))
	put(t, s, "one", "a", "1")
	put(t, s, "one", "b", "2")
	put(t, s, "two", "a", "3")
	running, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	stopped, err := inspect.ReadStats(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []inspect.Stats{running, stopped, sound(t, path).Stats} {
		alive := got.State
		if got.Version != 2 || alive.Channels != 20 || alive.Terms != 1 || len(alive.Rooms) != 2 || alive.Rooms["one"] != 2 || alive.Rooms["two"] != 1 {
			t.Errorf("%+v", got)
		}
		if alive.Used <= 0 || alive.Used > alive.Bytes || got.Bytes != alive.Bytes+got.Journal.Bytes || got.Journal.Files != 1 {
			t.Errorf("%+v", got)
		}
	}
	if _, err := s.Stats(t.Context()); !errors.Is(err, vouchers.ErrStoreClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}

func TestTheEndOfAVisitorIsItsOwnMatter(t *testing.T) {
	s, _ := fresh(t)
	submit(t, s, channel(1))
	put(t, s, "room", "k", "v")
	load := func(do func()) {
		_ = s.Load(t.Context(), func(*vouchers.Record) error { do(); return nil })
	}
	walk := func(do func()) {
		_ = s.Bucket("room").ForEach(nil, func(_, _ []byte) error { do(); return nil })
	}
	for name, visit := range map[string]func(do func()){"load": load, "walk": walk} {
		if got := panicOf(func() { visit(func() { panic("mine") }) }); got != "mine" {
			t.Errorf("%s: a visitor's panic comes out as %v", name, got)
		}
		left := make(chan bool, 1)
		go func() { // a goroutine may end in a visitor, as a failed test does
			defer func() { left <- recover() == nil }()
			visit(runtime.Goexit)
		}()
		if !<-left {
			t.Errorf("%s: the end of a goroutine became a panic", name)
		}
	}
	closeStore(t, s) // nothing of this holds it open
}

func panicOf(do func()) (value any) {
	defer func() { value = recover() }()
	do()
	return nil
}
