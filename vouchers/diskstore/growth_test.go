package diskstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/storetest"
)

const million = 1_000_000

// growthVariable has up to how many million receipts the growth is measured, in place of three.
const growthVariable = "CHIT_GROWTH"

// BenchmarkGrowth sells millions of times in a hundred thousand channels. Its baseline is what a
// sale took at the beginning of the same run.
func BenchmarkGrowth(b *testing.B) {
	millions := 3
	if text := os.Getenv(growthVariable); text != "" {
		var err error
		if millions, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	growth(millions*million).Run(b).Report(b, fmt.Sprintf("store.growth.%dM", millions))
}

// BenchmarkGrowthWithAnswers is the same with an answer that is kept of every sale.
func BenchmarkGrowthWithAnswers(b *testing.B) {
	g := growth(million)
	g.Answer = 200
	g.Run(b).Report(b, "store.growth.answered.1M")
}

func growth(receipts int, o ...diskstore.Option) storetest.Growth {
	return storetest.Growth{
		Open:     func(b *testing.B, path string) storetest.Growing { return openGrowing(b, path, o...) },
		Channels: 100_000, Receipts: receipts, Callers: 1024, Window: 256_000,
	}
}

// BenchmarkLoadAfterACrash opens a million channels with 100 MB of journal that the checkpoint
// does not have.
func BenchmarkLoadAfterACrash(b *testing.B) {
	dir := b.TempDir()
	g := growth(510_000, diskstore.WithSegments(32<<20, 1<<40))
	g.Channels = million
	path, crashed := filepath.Join(dir, "store"), filepath.Join(dir, "crashed")
	store := g.Leave(b, path)
	dirty := sizeOf(b, filepath.Join(path, "journal"))
	for b.Loop() {
		b.StopTimer()
		if err := os.RemoveAll(crashed); err != nil {
			b.Fatal(err)
		}
		if err := os.CopyFS(crashed, os.DirFS(path)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		again := openGrowing(b, crashed)
		books, err := ledger.Open(b.Context(), again)
		b.StopTimer()
		if err != nil || books.Len() != million {
			b.Fatalf("%v, %d channels", err, books.Len())
		}
		if err := again.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "store.load.1M.dirty:s")
	b.ReportMetric(float64(dirty)/1e6, "store.load.1M.dirty.journal:MB")
	b.ReportMetric(0, "ns/op")
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}

func sizeOf(b *testing.B, dir string) (sum int64) {
	files, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			b.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

func openGrowing(b *testing.B, path string, o ...diskstore.Option) growing {
	s, err := diskstore.Open(path, o...)
	if err != nil {
		b.Fatal(err)
	}
	attestation := make([]byte, 66) // as long as a signature
	s.Attest(func(context.Context, []common.Hash) ([]byte, error) { return attestation, nil })
	return growing{s}
}

type growing struct{ *diskstore.Store }

// Parts implements [storetest.Growing].
func (g growing) Parts() (live, sealed storetest.Part, err error) {
	stats, err := g.Stats(context.Background())
	return storetest.Part{Bytes: stats.Journal.Bytes}, storetest.Part{Bytes: stats.History.Bytes, Receipts: stats.History.Entries}, err
}
