package history_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

// TestReadersGoOnWhileTablesComeAndGo walks beside a store that seals, prunes and drops. A walk
// sees a channel as it is at one moment: entries that follow one another, to the end.
func TestReadersGoOnWhileTablesComeAndGo(t *testing.T) {
	m, tables := newModel(), open(t, t.TempDir())
	done := make(chan struct{})
	var readers sync.WaitGroup
	for n := range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := follow(tables, channelID(n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	dir := dirOf(tables.Path(0))
	for number := range uint64(60) {
		var entries []*vouchers.Entry
		for range 50 {
			for n := range 4 {
				entries = append(entries, m.entry(channelID(n), 1, []byte("value")))
			}
		}
		batch(entries, "signature")
		m.seal(t, tables, number, entries)
		switch number % 10 {
		case 4:
			must(t, tables.Drop(tables.List()[0].Number))
		case 9:
			p := keepNothing(func(id vouchers.ChannelID) vouchers.Amount {
				if id == channelID(0) {
					return 50 * vouchers.Amount(number-5)
				}
				return 1 << 40
			})
			p.Keep = history.Keep{Bytes: 20_000}
			_, err := tables.Prune(context.Background(), p)
			must(t, err)
		}
	}
	close(done)
	readers.Wait()
	for _, f := range tables.List() {
		must(t, tables.Drop(f.Number))
	}
	must(t, tables.Close())
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// follow walks a channel, and all entries.
func follow(h vouchers.History, id vouchers.ChannelID) error {
	var last vouchers.Entry
	see := func(l *vouchers.Line) error {
		if _, err := look(l); err != nil {
			return err
		}
		if last.Number != 0 && (l.Number != last.Number+1 || l.Previous != last.Digest) {
			return fmt.Errorf("entry %d of channel %s comes after %d", l.Number, id, last.Number)
		}
		last = l.Entry
		return nil
	}
	if err := h.Walk(context.Background(), id, 0, see); err != nil {
		return err
	}
	return h.Each(context.Background(), time.Time{}, time.Time{}, func(*vouchers.Line) error { return nil })
}

func TestAReaderKeepsADroppedTableUntilItIsDone(t *testing.T) {
	m, tables := oneTable(t, 2)
	path := tables.Path(1)
	seenOne := 0
	must(t, tables.Each(context.Background(), time.Time{}, time.Time{}, func(l *vouchers.Line) error {
		if seenOne++; seenOne == 1 {
			must(t, tables.Drop(1))
		}
		if tables.Has(1) {
			t.Error("it is still on the shelf")
		}
		if got := walk(t, tables, l.Channel, 0); len(got) != 0 {
			t.Errorf("a new reader sees %+v", got)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the file is gone while it is read: %v", err)
		}
		return nil
	}))
	if seenOne != len(m.segments[0].entries) {
		t.Errorf("%d entries were seen", seenOne)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestFewTablesAreOpenAtOnce(t *testing.T) {
	m, tables := newModel(), open(t, t.TempDir())
	defer func() { must(t, tables.Close()) }()
	const number = 3 * history.MaxOpen
	for n := range uint64(number) {
		m.seal(t, tables, n, []*vouchers.Entry{m.entry(channelID(0), 1, nil)})
	}
	if got := walk(t, tables, channelID(0), 0); len(got) != number {
		t.Fatalf("%d entries were seen, want %d", len(got), number)
	}
	open, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	n := 0
	for _, fd := range open {
		if target, err := os.Readlink(fd); err == nil && filepath.Dir(target) == dirOf(tables.Path(0)) {
			n++
		}
	}
	if n > history.MaxOpen {
		t.Errorf("%d tables are open, at most %d may be", n, history.MaxOpen)
	}
}

func TestNobodyReadsWhatIsClosed(t *testing.T) {
	_, tables := oneTable(t, 1)
	must(t, tables.Close())
	if err := tables.Walk(context.Background(), channelID(0), 0, nil); err != history.ErrClosed {
		t.Errorf("a walk: %v", err)
	}
	if err := tables.Add(1); err != history.ErrClosed {
		t.Errorf("a table: %v", err)
	}
}
