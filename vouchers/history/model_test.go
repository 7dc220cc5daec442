package history_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

// seen is a line as a test compares it.
type seen struct {
	channel          vouchers.ChannelID
	number           uint64
	digest, previous common.Hash
	cumulative       vouchers.Amount
	time             uint32
	value            string
	leaf             int
	attestation      string
}

// segment is what one table is made of.
type segment struct {
	number  uint64
	entries []*vouchers.Entry
}

// model is a history in plain slices.
type model struct {
	heads    map[vouchers.ChannelID]vouchers.Head
	clock    uint32
	made     uint64
	segments []segment
}

func newModel() *model {
	return &model{heads: map[vouchers.ChannelID]vouchers.Head{}, clock: 1_700_000_000}
}

func channelID(n int) vouchers.ChannelID {
	return vouchers.ChannelID(crypto.Keccak256Hash([]byte("channel"), binary.BigEndian.AppendUint64(nil, uint64(n))))
}

// entry makes the next one of a channel.
func (m *model) entry(id vouchers.ChannelID, charged vouchers.Amount, value []byte) *vouchers.Entry {
	m.made++
	head := m.heads[id]
	e := &vouchers.Entry{
		Channel: id, Number: head.Number + 1, Time: m.clock, Cumulative: head.Cumulative + charged, Value: value,
		Digest:   crypto.Keccak256Hash(binary.BigEndian.AppendUint64(nil, m.made)),
		Previous: head.Digest,
	}
	m.heads[id] = vouchers.Head{Number: e.Number, Digest: e.Digest, Cumulative: e.Cumulative}
	return e
}

// batch puts entries into a batch of their own.
func batch(entries []*vouchers.Entry, attestation string) {
	b := &vouchers.Batch{Attestation: []byte(attestation)}
	for i, e := range entries {
		b.Leaves = append(b.Leaves, e.Digest)
		e.Batch, e.Leaf = b, i
	}
}

func (m *model) seal(t testing.TB, tables *history.Tables, number uint64, entries []*vouchers.Entry) {
	t.Helper()
	var b history.Builder
	for _, e := range entries {
		must(t, b.Add(e))
	}
	must(t, b.Write(tables.Path(number)))
	must(t, tables.Add(number))
	m.segments = append(m.segments, segment{number, entries})
}

func (m *model) see(e *vouchers.Entry) seen {
	s := seen{e.Channel, e.Number, e.Digest, e.Previous, e.Cumulative, e.Time, string(e.Value), e.Leaf, ""}
	if e.Batch != nil {
		s.attestation = string(e.Batch.Attestation)
	}
	return s
}

// walk is what a walk of a channel must see.
func (m *model) walk(id vouchers.ChannelID, after uint64) (all []seen) {
	for _, s := range m.segments {
		for _, e := range s.entries {
			if e.Channel == id && e.Number > after {
				all = append(all, m.see(e))
			}
		}
	}
	return all
}

// each is which entries a walk through the time must see.
func (m *model) each(since, until time.Time) map[seen]int {
	all := map[seen]int{}
	for _, s := range m.segments {
		for _, e := range s.entries {
			at := time.Unix(int64(e.Time), 0)
			if (since.IsZero() || !at.Before(since)) && (until.IsZero() || at.Before(until)) {
				all[m.see(e)]++
			}
		}
	}
	return all
}

func look(l *vouchers.Line) (seen, error) {
	s := seen{l.Channel, l.Number, l.Digest, l.Previous, l.Cumulative, l.Time, string(l.Value), l.Leaf, ""}
	b, err := l.Attested()
	if err != nil || b == nil {
		return s, err
	}
	if b.Leaves[l.Leaf] != l.Digest {
		return s, fmt.Errorf("leaf %d of the batch is %s, the entry %s", l.Leaf, b.Leaves[l.Leaf], l.Digest)
	}
	s.attestation = string(b.Attestation)
	return s, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string) *history.Tables {
	t.Helper()
	tables, err := history.Open(dir)
	must(t, err)
	return tables
}

func walk(t testing.TB, h vouchers.History, id vouchers.ChannelID, after uint64) (all []seen) {
	t.Helper()
	must(t, h.Walk(context.Background(), id, after, func(l *vouchers.Line) error {
		s, err := look(l)
		all = append(all, s)
		return err
	}))
	return all
}

func TestTablesAreAHistoryInPlainSlices(t *testing.T) {
	root := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		dir := fmt.Sprintf("%s/%d", root, run)
		r := &runner{m: newModel(), tables: open(t, dir), dir: dir, t: t}
		defer func() { must(t, r.tables.Close()) }()
		rt.Repeat(map[string]func(*rapid.T){
			"seal":   r.seal,
			"walk":   r.walk,
			"each":   r.each,
			"head":   r.head,
			"drop":   r.drop,
			"reopen": r.reopen,
		})
	})
}

// runner does the same to tables and to the model.
type runner struct {
	t      *testing.T
	m      *model
	tables *history.Tables
	dir    string
	next   uint64
}

var channels = rapid.Map(rapid.IntRange(0, 5), channelID)

func (r *runner) seal(t *rapid.T) {
	var entries []*vouchers.Entry
	for range rapid.IntRange(0, 5).Draw(t, "batches") {
		var in []*vouchers.Entry
		for range rapid.IntRange(1, 8).Draw(t, "size") {
			value := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value")
			in = append(in, r.m.entry(channels.Draw(t, "channel"), vouchers.Amount(rapid.Uint32().Draw(t, "charged")), value))
			r.m.clock += uint32(rapid.IntRange(-1, 3).Draw(t, "passes"))
		}
		if rapid.IntRange(0, 3).Draw(t, "alone") > 0 {
			batch(in, rapid.String().Draw(t, "attestation"))
		}
		entries = append(entries, in...)
	}
	r.next += uint64(rapid.IntRange(1, 3).Draw(t, "gap"))
	r.m.seal(r.t, r.tables, r.next, entries)
}

func (r *runner) walk(t *rapid.T) {
	id := channels.Draw(t, "channel")
	after := rapid.Uint64Range(0, r.m.heads[id].Number+1).Draw(t, "after")
	got, want := walk(r.t, r.tables, id, after), r.m.walk(id, after)
	if len(got) != len(want) {
		t.Fatalf("a walk after %d sees %d entries, want %d", after, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("a walk after %d sees %+v, want %+v", after, got[i], want[i])
		}
	}
}

func (r *runner) each(t *rapid.T) {
	bound := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return time.Unix(int64(rapid.Uint32Range(1_699_990_000, r.m.clock+2).Draw(t, "second")), int64(rapid.IntRange(0, 1).Draw(t, "nanosecond")))
	})
	since, until := bound.Draw(t, "since"), bound.Draw(t, "until")
	want := r.m.each(since, until)
	last := map[vouchers.ChannelID]uint64{}
	must(r.t, r.tables.Each(context.Background(), since, until, func(l *vouchers.Line) error {
		s, err := look(l)
		if want[s]--; want[s] < 0 {
			t.Fatalf("from %s to %s there is %+v", since, until, s)
		}
		if last[s.channel] >= s.number {
			t.Fatalf("entry %d comes after %d", s.number, last[s.channel])
		}
		last[s.channel] = s.number
		return err
	}))
	for s, n := range want {
		if n != 0 {
			t.Fatalf("from %s to %s there is no %+v", since, until, s)
		}
	}
}

func (r *runner) head(t *rapid.T) {
	id := channels.Draw(t, "channel")
	got, err := r.tables.Head(id)
	must(r.t, err)
	var want vouchers.Head
	for _, s := range r.m.walk(id, 0) {
		want = vouchers.Head{Number: s.number, Digest: s.digest, Cumulative: s.cumulative}
	}
	if got != want {
		t.Fatalf("the head is %+v, want %+v", got, want)
	}
}

func (r *runner) drop(t *rapid.T) {
	if len(r.m.segments) == 0 {
		t.Skip("nothing to drop")
	}
	must(r.t, r.tables.Drop(r.m.segments[0].number))
	r.m.segments = r.m.segments[1:]
}

func (r *runner) reopen(*rapid.T) {
	must(r.t, r.tables.Close())
	r.tables = open(r.t, r.dir)
}
