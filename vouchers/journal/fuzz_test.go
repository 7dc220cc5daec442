package journal_test

import (
	"errors"
	"testing"

	"github.com/chitpay/chit/vouchers/journal"
)

// FuzzOpen opens a folder whose one segment has any bytes. Either they are damage, or what is left of them is a journal that
// takes a record and opens again with nothing to cut; and Verify is of the same mind.
func FuzzOpen(f *testing.F) {
	w := write(f, 100, "one", "two", "three")
	f.Add(w.bytes)
	f.Add(w.bytes[:w.ends[2]+5])
	f.Add(w.bytes[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		j, err := reopened(t, dir, content)
		if err != nil {
			if !errors.Is(err, journal.ErrCorrupt) {
				t.Fatal(err)
			}
			if report, err := journal.Verify(dir); err != nil || len(report.Problems) == 0 {
				t.Fatalf("verify says %+v, %v", report, err)
			}
			return
		}
		before := len(all(t, j, journal.Position{}))
		add(t, j, "more")
		closed(t, j)
		j = open(t, dir, journal.Options{})
		if after := len(all(t, j, journal.Position{})); after != before+1 || j.Cut() != 0 {
			t.Fatalf("%d records, and %d with one more; %d bytes cut", before, after, j.Cut())
		}
		if report, err := journal.Verify(dir); err != nil || len(report.Problems) > 0 || report.Records != before+1 {
			t.Fatalf("verify says %+v, %v", report, err)
		}
	})
}
