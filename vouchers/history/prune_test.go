package history_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

// keeper keeps heads, as a store does.
type keeper struct {
	t      testing.TB
	tables *history.Tables
	heads  map[vouchers.ChannelID]seen
}

// keep takes heads, of which each must still be in the tables.
func (k *keeper) keep(_ context.Context, last []*vouchers.Line) error {
	for _, l := range last {
		s, err := look(l)
		if err != nil {
			return err
		}
		if still := walk(k.t, k.tables, l.Channel, l.Number-1); len(still) == 0 || still[0] != s {
			return fmt.Errorf("entry %d of channel %s went before its head was kept", l.Number, l.Channel)
		}
		if before, kept := k.heads[l.Channel]; kept && before.number >= l.Number {
			return fmt.Errorf("head %d of channel %s comes after %d", l.Number, l.Channel, before.number)
		}
		k.heads[l.Channel] = s
	}
	return nil
}

func TestPruningKeepsTheEndOfEachChannelAndAllThatIsNotClaimed(t *testing.T) {
	root := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		dir := fmt.Sprintf("%s/%d", root, run)
		r := &pruner{
			runner:  runner{m: newModel(), tables: open(t, dir), dir: dir, t: t},
			claimed: map[vouchers.ChannelID]vouchers.Amount{},
			heads:   map[vouchers.ChannelID]seen{},
		}
		defer func() { must(t, r.tables.Close()) }()
		rt.Repeat(map[string]func(*rapid.T){
			"seal":   r.seal,
			"claim":  r.claim,
			"prune":  r.prune,
			"reopen": r.reopen,
			"":       r.check,
		})
	})
}

// pruner prunes tables, and holds what is left against all that was ever sealed.
type pruner struct {
	runner
	claimed map[vouchers.ChannelID]vouchers.Amount
	heads   map[vouchers.ChannelID]seen
}

func (r *pruner) claim(t *rapid.T) {
	id := channels.Draw(t, "channel")
	r.claimed[id] = vouchers.Amount(rapid.Uint64Range(uint64(r.claimed[id]), uint64(max(r.claimed[id], r.m.heads[id].Cumulative))).Draw(t, "claimed"))
}

func (r *pruner) prune(t *rapid.T) {
	age := time.Duration(rapid.IntRange(1, 30).Draw(t, "age")) * time.Second
	keep := rapid.SampledFrom([]history.Keep{{}, {Age: age}, {Bytes: 1}, {Age: age, Bytes: 5000}}).Draw(t, "keep")
	k := &keeper{t: r.t, tables: r.tables, heads: r.heads}
	p := history.Pruning{
		Now: time.Unix(int64(r.m.clock), 0), Keep: keep, Heads: k.keep,
		Claimed: func(id vouchers.ChannelID) vouchers.Amount { return r.claimed[id] },
		DryRun:  true,
	}
	before := r.tables.List()
	would, err := r.tables.Prune(context.Background(), p)
	must(r.t, err)
	p.DryRun = false
	did, err := r.tables.Prune(context.Background(), p)
	must(r.t, err)
	if keep.Bytes == 0 && (would.Entries != did.Entries || len(would.Dropped) != len(did.Dropped)) {
		t.Fatalf("a dry run says %+v, and then it was %+v", would, did)
	}
	if keep == (history.Keep{}) && did.Entries != 0 {
		t.Fatalf("%+v went, although all is kept", did)
	}
	after := r.tables.List()
	if got := entriesOf(before) - entriesOf(after); got != did.Entries {
		t.Fatalf("%d entries went, and it says %d", got, did.Entries)
	}
}

func entriesOf(all []history.Facts) (n uint64) {
	for _, f := range all {
		n += f.Entries
	}
	return n
}

// check walks each channel: what is left is the end of it, follows its head, and has all that
// is not claimed. What went is not newer than its head.
func (r *pruner) check(t *rapid.T) {
	for n := range 6 {
		id := channelID(n)
		all := r.m.walk(id, 0)
		left := walk(r.t, r.tables, id, 0)
		gone := all[:len(all)-len(left)]
		for i, s := range left {
			if s != all[len(gone)+i] {
				t.Fatalf("%+v is left, want %+v", s, all[len(gone)+i])
			}
		}
		head := r.heads[id]
		if len(gone) > 0 && head != gone[len(gone)-1] {
			t.Fatalf("the head that was kept is %+v, and %+v was the last to go", head, gone[len(gone)-1])
		}
		if len(gone) > 0 && head.cumulative > r.claimed[id] {
			t.Fatalf("%+v went, and %s is claimed", head, r.claimed[id])
		}
		if len(left) > 0 && len(gone) > 0 && left[0].previous != head.digest {
			t.Fatalf("%+v does not follow %+v", left[0], head)
		}
	}
}

// oneTable seals a table with an entry of each of n channels, all of the same time.
func oneTable(t *testing.T, n int) (*model, *history.Tables) {
	m, tables := newModel(), open(t, t.TempDir())
	t.Cleanup(func() { must(t, tables.Close()) })
	var entries []*vouchers.Entry
	for i := range n {
		entries = append(entries, m.entry(channelID(i), 10, []byte("value")))
	}
	batch(entries, "signature")
	m.seal(t, tables, 1, entries)
	return m, tables
}

func claimedFrom(first int) func(vouchers.ChannelID) vouchers.Amount {
	claimed := map[vouchers.ChannelID]vouchers.Amount{}
	for i := first; i < 100; i++ {
		claimed[channelID(i)] = 10
	}
	return func(id vouchers.ChannelID) vouchers.Amount { return claimed[id] }
}

func keepNothing(claimed func(vouchers.ChannelID) vouchers.Amount) history.Pruning {
	return history.Pruning{
		Now: time.Unix(1_800_000_000, 0), Keep: history.Keep{Age: time.Hour}, Claimed: claimed,
		Heads: func(context.Context, []*vouchers.Line) error { return nil },
	}
}

func TestATableIsWrittenAgainOnceAndThenWhenHalfOfItCanGo(t *testing.T) {
	_, tables := oneTable(t, 10)
	steps := []struct {
		unclaimed           int // of the ten channels
		dropped, rewritten  int
		generation, entries uint64
	}{
		{10, 0, 0, 0, 10},
		{9, 0, 1, 1, 9},
		{8, 0, 0, 1, 9},
		{4, 0, 1, 2, 4},
		{3, 0, 0, 2, 4},
		{0, 1, 0, 0, 0},
	}
	for _, step := range steps {
		done, err := tables.Prune(context.Background(), keepNothing(claimedFrom(step.unclaimed)))
		must(t, err)
		if len(done.Dropped) != step.dropped || len(done.Rewritten) != step.rewritten || done.Held != uint64(step.unclaimed) {
			t.Errorf("with %d unclaimed: %d dropped, %d rewritten, %d held; want %+v", step.unclaimed, len(done.Dropped), len(done.Rewritten), done.Held, step)
		}
		left := history.Facts{}
		if all := tables.List(); len(all) > 0 {
			left = all[0]
		}
		if left.Generation != step.generation || left.Entries != step.entries {
			t.Errorf("with %d unclaimed there are %d entries in generation %d, want %+v", step.unclaimed, left.Entries, left.Generation, step)
		}
	}
}

func TestNothingGoesWhoseHeadCannotBeKept(t *testing.T) {
	m, tables := oneTable(t, 3)
	full := errors.New("no room")
	p := keepNothing(claimedFrom(1))
	p.Heads = func(context.Context, []*vouchers.Line) error { return full }
	if _, err := tables.Prune(context.Background(), p); !errors.Is(err, full) {
		t.Fatalf("%v, want %v", err, full)
	}
	for i := range 3 {
		if got := walk(t, tables, channelID(i), 0); len(got) != 1 || got[0] != m.walk(channelID(i), 0)[0] {
			t.Errorf("channel %d has %+v", i, got)
		}
	}
}

func TestAnOldGenerationThatACrashLeftIsRemoved(t *testing.T) {
	m, tables := oneTable(t, 3)
	old := tables.Path(1)
	bytes, err := os.ReadFile(old)
	must(t, err)
	_, err = tables.Prune(context.Background(), keepNothing(claimedFrom(1)))
	must(t, err)
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the old file is still there: %v", err)
	}
	must(t, os.WriteFile(old, bytes, 0o600))
	again := open(t, dirOf(old))
	defer again.Close()
	if all := again.List(); len(all) != 1 || all[0].Generation != 1 || all[0].Entries != 1 {
		t.Errorf("there is %+v", all)
	}
	if got := walk(t, again, channelID(0), 0); len(got) != 1 || got[0].digest != m.heads[channelID(0)].Digest {
		t.Errorf("channel 0 has %+v", got)
	}
	if got := walk(t, again, channelID(1), 0); len(got) != 0 {
		t.Errorf("channel 1 came back: %+v", got)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file is still there: %v", err)
	}
}

func TestAPruningEndsWithItsContext(t *testing.T) {
	_, tables := oneTable(t, 3)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tables.Prune(ctx, keepNothing(claimedFrom(0))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	if n := entriesOf(tables.List()); n != 3 {
		t.Errorf("%d entries are left", n)
	}
}
