package journal_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers/journal"
)

// model is what a journal must hold, segment by segment.
type model struct {
	dir      string
	ahead    int64
	j        *journal.Journal
	segments [][]entry // from the oldest
	oldest   uint64
}

type entry struct {
	at     journal.Position
	record string
}

func (m *model) append(t *rapid.T) {
	record := rapid.SliceOfN(rapid.Byte(), 1, 600).Draw(t, "record")
	frame := append(make([]byte, journal.HeaderSize), record...)
	want := m.j.End()
	at, err := m.j.AppendFrame(frame)
	if err != nil || at != want {
		t.Fatalf("appended at %v instead of %v, %v", at, want, err)
	}
	last := len(m.segments) - 1
	m.segments[last] = append(m.segments[last], entry{at, string(record)})
}

func (m *model) roll(t *rapid.T) {
	want := uint64(0)
	if last := len(m.segments) - 1; len(m.segments[last]) > 0 {
		want = m.oldest + uint64(last)
		m.segments = append(m.segments, nil)
	}
	if sealed, err := m.j.Roll(); sealed != want || err != nil {
		t.Fatalf("sealed %d instead of %d, %v", sealed, want, err)
	}
}

func (m *model) remove(t *rapid.T) {
	err := m.j.Remove(m.oldest)
	if len(m.segments) == 1 {
		if err == nil {
			t.Fatal("the current segment was removed")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.segments, m.oldest = m.segments[1:], m.oldest+1
}

func (m *model) reopen(t *rapid.T) {
	if m.j != nil {
		if err := m.j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Open(m.dir, journal.Options{Ahead: m.ahead})
	if err != nil || j.Cut() != 0 {
		t.Fatal(err)
	}
	m.j = j
}

func (m *model) replay(t *rapid.T) {
	want := slices.Concat(m.segments...)
	from := journal.Position{}
	if len(want) > 0 && rapid.Bool().Draw(t, "from a record") {
		i := rapid.IntRange(0, len(want)-1).Draw(t, "record")
		from, want = want[i].at, want[i:]
	}
	var got []entry
	err := m.j.Replay(from, func(at journal.Position, record []byte) error {
		got = append(got, entry{at, string(record)})
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("from %v there are %d records instead of %d, %v", from, len(got), len(want), err)
	}
	for _, e := range got {
		if record, err := m.j.Read(e.at); err != nil || string(record) != e.record {
			t.Fatalf("read %v: %v", e.at, err)
		}
	}
}

func (m *model) check(t *rapid.T) {
	report, err := journal.Verify(m.dir)
	if err != nil || report.Problems != nil || report.Torn != 0 || report.Segments != len(m.segments) || report.Records != len(slices.Concat(m.segments...)) {
		t.Fatalf("verify says %+v, %v", report, err)
	}
	var bytes int64
	for i, s := range m.j.Segments() {
		if s.Number != m.oldest+uint64(i) {
			t.Fatalf("segment %d is %d", i, s.Number)
		}
		bytes += s.Size
	}
	if report.Bytes != bytes {
		t.Fatalf("verify says %d bytes instead of %d", report.Bytes, bytes)
	}
}

func TestAJournalIsAListOfListsOfRecords(t *testing.T) {
	root := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		m := &model{dir: filepath.Join(root, strconv.Itoa(runs)), segments: [][]entry{nil}, oldest: 1}
		m.ahead = rapid.SampledFrom([]int64{-1, 100, 4096}).Draw(rt, "ahead")
		m.reopen(rt)
		defer func() { closed(t, m.j) }()
		rt.Repeat(map[string]func(*rapid.T){"append": m.append, "roll": m.roll, "remove": m.remove, "reopen": m.reopen, "replay": m.replay, "": m.check})
	})
}
