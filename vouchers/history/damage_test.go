package history_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

func dirOf(path string) string { return filepath.Dir(path) }

// sealed is a table of several blocks, and what is in it.
func sealed(t *testing.T) (m *model, path string, whole []byte) {
	m = newModel()
	tables := open(t, t.TempDir())
	random := rand.New(rand.NewPCG(1, 2))
	var entries []*vouchers.Entry
	for range 8 {
		var in []*vouchers.Entry
		for range 64 {
			value := make([]byte, 80)
			for i := range value {
				value[i] = byte(random.Uint32())
			}
			in = append(in, m.entry(channelID(random.IntN(100)), 5, value))
		}
		batch(in, "signature")
		entries = append(entries, in...)
	}
	m.seal(t, tables, 7, entries)
	must(t, tables.Close())
	whole, err := os.ReadFile(tables.Path(7))
	must(t, err)
	return m, tables.Path(7), whole
}

func TestAWholeTableHasNoProblems(t *testing.T) {
	_, path, whole := sealed(t)
	f, problems, err := history.Verify(context.Background(), path, history.Chain{})
	must(t, err)
	if len(problems) != 0 {
		t.Errorf("it has problems: %v", problems)
	}
	if f.Entries != 512 || f.Batches != 8 || f.Channels == 0 || f.Bytes != int64(len(whole)) {
		t.Errorf("it says %+v", f)
	}
}

// isNamed fails unless err is of damage, and names the file.
func isNamed(t *testing.T, err error, path string) {
	t.Helper()
	if !errors.Is(err, history.ErrCorrupt) || !strings.Contains(err.Error(), path) {
		t.Fatalf("%v does not say that %s is damaged", err, path)
	}
}

// readDamaged reads all of a damaged table: what it is told is true, or that it is damaged.
func readDamaged(t *testing.T, m *model, path string) {
	t.Helper()
	tables := open(t, dirOf(path))
	defer func() { must(t, tables.Close()) }()
	if err := tables.Damage(); err != nil {
		isNamed(t, err, path)
	}
	want := m.each(time.Time{}, time.Time{})
	see := func(l *vouchers.Line) error {
		s, err := look(l)
		if err == nil && want[s] == 0 {
			t.Fatalf("it says %+v", s)
		}
		return err
	}
	if err := tables.Each(context.Background(), time.Time{}, time.Time{}, see); err != nil {
		isNamed(t, err, path)
	}
	for i := range 10 {
		if err := tables.Walk(context.Background(), channelID(i), 0, see); err != nil {
			isNamed(t, err, path)
		}
		if _, err := tables.Head(channelID(i)); err != nil {
			isNamed(t, err, path)
		}
	}
}

// isFound fails unless a check of the file names its damage.
func isFound(t *testing.T, path string) {
	t.Helper()
	_, problems, err := history.Verify(context.Background(), path, history.Chain{})
	if err == nil && len(problems) == 0 {
		t.Fatalf("the damage is not found")
	}
	for _, err := range append(problems, err) {
		if err != nil {
			isNamed(t, err, path)
		}
	}
}

func TestEachFlippedBitIsFoundAndNamed(t *testing.T) {
	m, path, whole := sealed(t)
	random := rand.New(rand.NewPCG(3, 4))
	at := func(i int) int { // the filter, the index and the footer, and the rest at random
		if i < 300 {
			return len(whole) - 1 - 3*i
		}
		return random.IntN(len(whole))
	}
	for i := range 400 {
		n := at(i)
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			damaged := append([]byte(nil), whole...)
			damaged[n] ^= 1 << random.IntN(8)
			must(t, os.WriteFile(path, damaged, 0o600))
			isFound(t, path)
			readDamaged(t, m, path)
		})
	}
}

func TestAFooterThatPromisesTooMuchIsFoundAndNamed(t *testing.T) {
	m, path, whole := sealed(t)
	footer := whole[len(whole)-32-48:]
	copy(footer, "\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x7f")
	must(t, os.WriteFile(path, whole, 0o600))
	isFound(t, path)
	readDamaged(t, m, path)
}

func TestATableThatIsCutShortIsFoundAndNamed(t *testing.T) {
	m, path, whole := sealed(t)
	for _, length := range []int{0, 1, 31, 32, 79, 80, len(whole) / 2, len(whole) - 32, len(whole) - 1} {
		t.Run(fmt.Sprint(length), func(t *testing.T) {
			must(t, os.WriteFile(path, whole[:length], 0o600))
			isFound(t, path)
			readDamaged(t, m, path)
		})
	}
}

func TestADamagedTableKeepsNobodyFromTheOthers(t *testing.T) {
	m, path, whole := sealed(t)
	must(t, os.WriteFile(path, whole[:100], 0o600))
	tables := open(t, dirOf(path))
	defer func() { must(t, tables.Close()) }()
	id := channelID(1000)
	m.seal(t, tables, 8, []*vouchers.Entry{m.entry(id, 3, []byte("later"))})
	head, err := tables.Head(id)
	must(t, err)
	if head != m.heads[id] {
		t.Errorf("the head is %+v, want %+v", head, m.heads[id])
	}
	isNamed(t, tables.Walk(context.Background(), id, 0, func(*vouchers.Line) error { return nil }), path)
	done, err := tables.Prune(context.Background(), keepNothing(func(vouchers.ChannelID) vouchers.Amount { return 1 << 40 }))
	isNamed(t, err, path)
	if len(done.Dropped) != 1 || done.Dropped[0].Number != 8 {
		t.Errorf("%+v was pruned", done)
	}
}

func TestWhatACrashLeftUnfinishedIsRemoved(t *testing.T) {
	_, path, whole := sealed(t)
	left := filepath.Join(dirOf(path), "0000000008.table.tmp")
	must(t, os.WriteFile(left, whole, 0o600))
	tables := open(t, dirOf(path))
	defer func() { must(t, tables.Close()) }()
	if tables.Has(8) || !tables.Has(7) {
		t.Errorf("there is %+v", tables.List())
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
}

func TestASealThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	m := newModel()
	e := m.entry(channelID(1), 5, nil)
	var b history.Builder
	must(t, b.Add(e))
	must(t, b.Add(e))
	path := filepath.Join(dir, "0000000001.table")
	if err := b.Write(path); !errors.Is(err, history.ErrEntry) {
		t.Fatalf("two entries of one number: %v", err)
	}
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestAnEntryThatIsNotItsLeafIsRefused(t *testing.T) {
	m := newModel()
	e := m.entry(channelID(1), 5, nil)
	batch([]*vouchers.Entry{e}, "signature")
	for _, leaf := range []int{-1, 1} {
		wrong := *e
		wrong.Leaf = leaf
		if err := new(history.Builder).Add(&wrong); !errors.Is(err, history.ErrEntry) {
			t.Errorf("leaf %d of 1: %v", leaf, err)
		}
	}
	wrong := *e
	wrong.Digest[0]++
	if err := new(history.Builder).Add(&wrong); !errors.Is(err, history.ErrEntry) {
		t.Errorf("another digest: %v", err)
	}
}
