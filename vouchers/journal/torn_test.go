package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers/journal"
)

// written is a journal of one segment, closed, with what each record ends in the file.
type written struct {
	path    string
	bytes   []byte
	records []string
	ends    []int64 // that of the header, and of each record
}

const someSegment = "0000000000000001.journal"

// write makes a journal of one segment. Its records end in no zero, and have none of the sectors of a disk without a byte.
func write(t testing.TB, ahead int64, records ...string) written {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir, journal.Options{Ahead: ahead})
	w := written{path: filepath.Join(dir, someSegment), records: records, ends: []int64{j.Size()}}
	for _, record := range records {
		add(t, j, record)
		w.ends = append(w.ends, j.Size())
	}
	closed(t, j)
	content, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	w.bytes = content
	return w
}

// reopened opens a journal whose one segment has this content.
func reopened(t testing.TB, dir string, content []byte) (*journal.Journal, error) {
	t.Helper()
	put(t, filepath.Join(dir, someSegment), content)
	return journal.Open(dir, journal.Options{Ahead: -1})
}

// put gives a file other content, in the blocks that it has: os.WriteFile would have the disk wait for new ones.
func put(t testing.TB, path string, content []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(content, 0)
	if err := errors.Join(err, file.Truncate(int64(len(content))), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// whole is how many records end at or before an offset.
func (w written) whole(offset int64) int {
	n := 0
	for n < len(w.records) && w.ends[n+1] <= offset {
		n++
	}
	return n
}

var someRecords = []string{"first", strings.Repeat("second", 25), "third", strings.Repeat("fourth", 55)}

func TestATornTailIsCutWhereverItIsTorn(t *testing.T) {
	dir := t.TempDir()
	for name, ahead := range map[string]int64{"a file that grows": -1, "a file with zeros behind": 8 << 10} {
		w := write(t, ahead, someRecords...)
		last := w.ends[len(w.records)]
		for at := w.ends[0]; at <= last; at++ {
			torn := bytes.Clone(w.bytes[:at])
			if ahead > 0 {
				torn = append(torn, make([]byte, int64(len(w.bytes))-at)...)
			}
			j, err := reopened(t, dir, torn)
			if err != nil {
				t.Fatalf("%s, torn at %d: %v", name, at, err)
			}
			n := w.whole(at)
			if got := all(t, j, journal.Position{}); !slices.Equal(got, w.records[:n]) {
				t.Fatalf("%s, torn at %d, has %d records instead of %d", name, at, len(got), n)
			}
			if cut := int64(len(bytes.TrimRight(torn[w.ends[n]:], "\x00"))); j.Cut() != cut || j.Size() != w.ends[n] {
				t.Fatalf("%s, torn at %d, has %d bytes and cut %d of %d", name, at, j.Size(), j.Cut(), cut)
			}
			add(t, j, "more")
			closed(t, j)
		}
	}
}

func TestASectorThatWasNotWrittenTearsTheTail(t *testing.T) {
	dir := t.TempDir()
	w := write(t, 8<<10, someRecords...)
	n := len(w.records)
	for sector := w.ends[n-1] / 512; sector*512 < w.ends[n]; sector++ {
		torn := bytes.Clone(w.bytes)
		clear(torn[max(sector*512, w.ends[n-1]) : (sector+1)*512])
		j, err := reopened(t, dir, torn)
		if err != nil {
			t.Fatalf("without sector %d: %v", sector, err)
		}
		if got := all(t, j, journal.Position{}); !slices.Equal(got, w.records[:n-1]) {
			t.Errorf("without sector %d it has %d records", sector, len(got))
		}
		closed(t, j)
	}
}

func TestABitThatHasChangedIsDamage(t *testing.T) {
	dir := t.TempDir()
	for _, ahead := range []int64{-1, 4 << 10} {
		w := write(t, ahead, someRecords...)
		n := len(w.records)
		ambiguous := 0
		for bit := range w.ends[n] * 8 {
			changed := bytes.Clone(w.bytes)
			changed[bit/8] ^= 1 << (bit % 8)
			j, err := reopened(t, dir, changed)
			if err == nil {
				// The last header whose own last byte has become or is a zero looks like one that was not finished.
				ambiguous++
				if got := all(t, j, journal.Position{}); bit/8 < w.ends[n-1] || !slices.Equal(got, w.records[:n-1]) || j.Cut() == 0 {
					t.Fatalf("bit %d is changed, and %d records are read", bit, len(got))
				}
				closed(t, j)
				continue
			}
			damage := isCorrupt(t, err, 1)
			if begin := w.ends[w.whole(bit/8)]; bit/8 >= w.ends[0] && damage.Offset != begin {
				t.Fatalf("bit %d of the record at %d is changed, and the damage is at %d", bit, begin, damage.Offset)
			}
			if report, err := journal.Verify(dir); err != nil || len(report.Problems) != 1 {
				t.Fatalf("bit %d is changed, and verify says %+v, %v", bit, report, err)
			}
		}
		if ambiguous > 8*journal.HeaderSize {
			t.Errorf("%d bits of the last record were cut as if it was torn", ambiguous)
		}
	}
}

func TestZerosInTheMiddleAreDamage(t *testing.T) {
	w := write(t, 4<<10, someRecords...)
	for n := range len(w.records) - 1 {
		changed := bytes.Clone(w.bytes)
		clear(changed[w.ends[n]:w.ends[n+1]])
		_, err := reopened(t, t.TempDir(), changed)
		if damage := isCorrupt(t, err, 1); damage.Offset != w.ends[n] {
			t.Errorf("the record at %d is gone, and the damage is at %d", w.ends[n], damage.Offset)
		}
	}
}

func TestARecordInAnotherPlaceIsDamage(t *testing.T) {
	w := write(t, -1, "aaaa", "bbbb")
	swapped := slices.Concat(w.bytes[:w.ends[0]], w.bytes[w.ends[1]:], w.bytes[w.ends[0]:w.ends[1]])
	_, err := reopened(t, t.TempDir(), swapped)
	isCorrupt(t, err, 1)
	twice := slices.Concat(w.bytes, w.bytes[w.ends[1]:])
	_, err = reopened(t, t.TempDir(), twice)
	isCorrupt(t, err, 1)
}

// sealed is a folder with three segments.
func sealed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir, journal.Options{})
	for _, record := range []string{"one", "two", "three"} {
		add(t, j, record)
		if record != "three" {
			roll(t, j)
		}
	}
	closed(t, j)
	return dir
}

func name(segment int) string { return strings.Replace(someSegment, "1", string(rune('0'+segment)), 1) }

func TestASealedSegmentIsNeverCut(t *testing.T) {
	for _, change := range []int64{-1, -8, +1} {
		dir := sealed(t)
		path := filepath.Join(dir, name(2))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, info.Size()+change); err != nil {
			t.Fatal(err)
		}
		_, err = journal.Open(dir, journal.Options{})
		isCorrupt(t, err, 2)
	}
}

func TestABitOfASealedSegmentIsDamageWhenItIsRead(t *testing.T) {
	dir := sealed(t)
	content, err := os.ReadFile(filepath.Join(dir, name(2)))
	if err != nil {
		t.Fatal(err)
	}
	const header = 48
	for bit := range len(content) * 8 {
		changed := bytes.Clone(content)
		changed[bit/8] ^= 1 << (bit % 8)
		put(t, filepath.Join(dir, name(2)), changed)
		if report, err := journal.Verify(dir); err != nil || len(report.Problems) == 0 {
			t.Fatalf("bit %d is changed, and verify says %+v, %v", bit, report, err)
		}
		j, err := journal.Open(dir, journal.Options{})
		if bit/8 < header {
			isCorrupt(t, err, 2)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		isCorrupt(t, j.Replay(journal.Position{}, func(journal.Position, []byte) error { seen++; return nil }), 2)
		if seen != 1 {
			t.Fatalf("bit %d is changed, and %d records are seen", bit, seen)
		}
		_, err = j.Read(journal.Position{Segment: 2, Offset: header})
		isCorrupt(t, err, 2)
		closed(t, j)
	}
}

func TestAFolderWithOtherFilesThanItsOwnIsDamage(t *testing.T) {
	copyTo := func(from, to string) {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		put(t, to, content)
	}
	other := sealed(t)
	for what, do := range map[string]struct {
		segment uint64
		change  func(dir string)
	}{
		"a gap":                    {3, func(dir string) { _ = os.Remove(filepath.Join(dir, name(2))) }},
		"a segment under a number": {4, func(dir string) { copyTo(filepath.Join(dir, name(3)), filepath.Join(dir, name(4))) }},
		"another journal's":        {3, func(dir string) { copyTo(filepath.Join(other, name(3)), filepath.Join(dir, name(3))) }},
		"an empty file":            {3, func(dir string) { _ = os.Truncate(filepath.Join(dir, name(3)), 0) }},
		"a strange name":           {0, func(dir string) { copyTo(filepath.Join(dir, name(3)), filepath.Join(dir, "4.journal")) }},
		"something else": {3, func(dir string) {
			put(t, filepath.Join(dir, name(3)), bytes.Repeat([]byte("else"), 100))
		}},
	} {
		dir := sealed(t)
		do.change(dir)
		_, err := journal.Open(dir, journal.Options{})
		if err == nil {
			t.Fatalf("%s is taken", what)
		}
		isCorrupt(t, err, do.segment)
		if report, err := journal.Verify(dir); err != nil || len(report.Problems) == 0 {
			t.Errorf("%s: verify says %+v, %v", what, report, err)
		}
	}
}
