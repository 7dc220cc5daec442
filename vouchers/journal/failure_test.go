package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/chitpay/chit/vouchers/journal"
)

var errDisk = errors.New("the disk is on fire")

// faults fails the points of its map.
type faults map[string]error

func (f faults) fail(point string) error { return f[point] }

func TestAWriteThatFindsNoRoomIsTakenBack(t *testing.T) {
	for _, ahead := range []int64{-1, 64} {
		dir, f := t.TempDir(), faults{}
		j := open(t, dir, journal.Options{Ahead: ahead, Fail: f.fail})
		want := []string{"one"}
		add(t, j, "one")
		size := j.Size()
		for n := range 200 {
			f["append.write"] = &journal.ShortWrite{Bytes: n, Err: syscall.ENOSPC}
			if _, err := j.Append([]byte(strings.Repeat("x", 150))); !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(dir, name(1))); err != nil || info.Size() != size || j.Size() != size {
				t.Fatalf("%d bytes of a record remain, %v", info.Size()-size, err)
			}
		}
		delete(f, "append.write")
		if err := j.Err(); err != nil {
			t.Error(err)
		}
		add(t, j, "two")
		want = append(want, "two")
		closed(t, j)
		if got := all(t, open(t, dir, journal.Options{}), journal.Position{}); !slices.Equal(got, want) {
			t.Errorf("has %q", got)
		}
	}
}

func TestWhatMayBeOnDiskOrNotBreaksTheJournal(t *testing.T) {
	for point, others := range map[string]faults{
		"append.sync": {},
		"append.back": {"append.write": &journal.ShortWrite{Bytes: 20, Err: syscall.ENOSPC}},
		"roll.sync":   {},
	} {
		dir, f := t.TempDir(), faults{}
		j := open(t, dir, journal.Options{Fail: f.fail})
		at := add(t, j, "one")
		f[point] = errDisk
		for also, err := range others {
			f[also] = err
		}
		act := func() (err error) {
			if strings.HasPrefix(point, "roll") {
				_, err = j.Roll()
				return err
			}
			_, err = j.Append([]byte(strings.Repeat("two", 20)))
			return err
		}
		err := act()
		if !errors.Is(err, journal.ErrBroken) || !errors.Is(err, errDisk) || !errors.Is(j.Err(), errDisk) {
			t.Errorf("%s: %v", point, err)
		}
		clear(f) // a disk that has lost a write once is not trusted again
		_, appended := j.Append([]byte("three"))
		_, rolled := j.Roll()
		if !errors.Is(appended, journal.ErrBroken) || !errors.Is(rolled, journal.ErrBroken) {
			t.Errorf("%s, later: %v, %v", point, appended, rolled)
		}
		if got, err := j.Read(at); string(got) != "one" || err != nil {
			t.Errorf("%s: what was durable reads as %q, %v", point, got, err)
		}
		if got := all(t, j, journal.Position{}); !slices.Equal(got, []string{"one"}) {
			t.Errorf("%s: %q is replayed", point, got)
		}
		closed(t, j)
		j = open(t, dir, journal.Options{})
		if got := all(t, j, journal.Position{}); got[0] != "one" || len(got) > 2 {
			t.Errorf("%s, opened again: %q", point, got)
		}
		add(t, j, "four")
	}
}

func TestASegmentThatCannotBeMadeLeavesTheCurrentOne(t *testing.T) {
	dir, f := t.TempDir(), faults{}
	j := open(t, dir, journal.Options{Fail: f.fail})
	add(t, j, "one")
	f["roll.create"] = syscall.ENOSPC
	if sealed, err := j.Roll(); sealed != 0 || !errors.Is(err, syscall.ENOSPC) || errors.Is(err, journal.ErrBroken) {
		t.Errorf("sealed %d, %v", sealed, err)
	}
	delete(f, "roll.create")
	add(t, j, "two")
	if sealed := roll(t, j); sealed != 1 {
		t.Errorf("sealed %d", sealed)
	}
	add(t, j, "three")
	closed(t, j)
	if got := all(t, open(t, dir, journal.Options{}), journal.Position{}); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("has %q", got)
	}
}

func TestASegmentThatCannotBeRemovedStays(t *testing.T) {
	f := faults{"remove": errDisk}
	j := open(t, t.TempDir(), journal.Options{Fail: f.fail})
	at := add(t, j, "one")
	roll(t, j)
	if err := j.Remove(1); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	if got, err := j.Read(at); string(got) != "one" || err != nil {
		t.Errorf("reads %q, %v", got, err)
	}
	delete(f, "remove")
	if err := j.Remove(1); err != nil {
		t.Fatal(err)
	}
}

func TestARecordHasBytesAndALimit(t *testing.T) {
	j := open(t, t.TempDir(), journal.Options{})
	_, none := j.Append(nil)
	_, empty := j.AppendFrame(make([]byte, journal.HeaderSize))
	if !errors.Is(none, journal.ErrRecord) || !errors.Is(empty, journal.ErrRecord) {
		t.Errorf("%v, %v", none, empty)
	}
}

func TestAClosedJournalSaysSo(t *testing.T) {
	j := open(t, t.TempDir(), journal.Options{})
	at := add(t, j, "one")
	roll(t, j)
	closed(t, j)
	_, appended := j.Append([]byte("x"))
	_, rolled := j.Roll()
	_, read := j.Read(at)
	_, snapshot := j.Snapshot()
	for what, err := range map[string]error{"append": appended, "roll": rolled, "read": read, "snapshot": snapshot, "replay": j.Replay(at, nil), "remove": j.Remove(1)} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhatIsNotThereIsNotRead(t *testing.T) {
	j := open(t, t.TempDir(), journal.Options{})
	at := add(t, j, "one")
	end := j.End()
	for _, p := range []journal.Position{{}, {Segment: 1}, {Segment: 2, Offset: at.Offset}, end, {Segment: 1, Offset: end.Offset + 1}, {Segment: 1, Offset: -1}} {
		if _, err := j.Read(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read %v: %v", p, err)
		}
	}
	for _, p := range []journal.Position{{Segment: 2}, {Segment: 1, Offset: end.Offset + 1}} {
		if err := j.Replay(p, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("replay %v: %v", p, err)
		}
	}
	within := journal.Position{Segment: 1, Offset: at.Offset + 1}
	_, err := j.Read(within)
	isCorrupt(t, err, 1)
	isCorrupt(t, j.Replay(within, nil), 1)
	visit := func(journal.Position, []byte) error { return errDisk }
	if err := j.Replay(journal.Position{}, visit); !errors.Is(err, errDisk) {
		t.Errorf("a visit that fails: %v", err)
	}
}
