package journal_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers/journal"
)

// BenchmarkAppend makes records durable, one at a time, in turns with the same bytes written and synced to a
// plain file that grows. The ratio is the median of those of the turns.
func BenchmarkAppend(b *testing.B) {
	const turn = 8
	for _, size := range []int{300, 64 << 10} {
		b.Run("bytes="+strconv.Itoa(size), func(b *testing.B) {
			dir := b.TempDir()
			j := open(b, filepath.Join(dir, "journal"), journal.Options{})
			plain, err := os.Create(filepath.Join(dir, "plain"))
			if err != nil {
				b.Fatal(err)
			}
			frame := make([]byte, journal.HeaderSize+size)
			var ratios []float64
			var took time.Duration
			for from := 0; from < b.N; from += turn {
				n := min(turn, b.N-from)
				start := time.Now()
				for range n {
					if _, err := j.AppendFrame(frame); err != nil {
						b.Fatal(err)
					}
				}
				subject := time.Since(start)
				start = time.Now()
				for range n {
					if _, err := plain.Write(frame); err != nil {
						b.Fatal(err)
					}
					if err := journal.SyncData(plain); err != nil {
						b.Fatal(err)
					}
				}
				ratios = append(ratios, float64(subject)/float64(time.Since(start)))
				took += subject
			}
			slices.Sort(ratios)
			figure := "journal.append." + strconv.Itoa(size)
			b.ReportMetric(float64(took.Microseconds())/float64(b.N), figure+":us")
			b.ReportMetric(ratios[len(ratios)/2], figure+":ratio")
			if err := plain.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
