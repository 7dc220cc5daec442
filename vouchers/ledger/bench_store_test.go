package ledger_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/ledger"
)

// BenchmarkCommit makes updates of channels durable, one or many in a transaction.
// The figures are for one update; the baseline is one page that is written and synced
// to a plain file.
func BenchmarkCommit(b *testing.B) {
	const page, turn = 4096, 8
	for _, updates := range []int{1, 1024} {
		b.Run("updates="+strconv.Itoa(updates), func(b *testing.B) {
			dir := b.TempDir()
			store, err := diskstore.Open(filepath.Join(dir, "chit.db"))
			if err != nil {
				b.Fatal(err)
			}
			plain, err := os.Create(filepath.Join(dir, "plain"))
			if err != nil {
				b.Fatal(err)
			}
			record := someChannel(b)
			c := inTurns(b, turn,
				func(_, n int) {
					for range n {
						save(b, store, record, 0, updates)
					}
				},
				func(_, n int) {
					for i := range n {
						if _, err := plain.WriteAt(make([]byte, page), int64(i*page)); err != nil {
							b.Fatal(err)
						}
						if err := plain.Sync(); err != nil {
							b.Fatal(err)
						}
					}
				})
			each := float64(c.clock) / float64(time.Microsecond) / float64(updates)
			figure(b, "store.commit."+strconv.Itoa(updates), each, "us", c.clockRatio/float64(updates))
			if err := plain.Close(); err != nil {
				b.Fatal(err)
			}
			if err := store.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkLoad opens a store and a ledger of a million channels.
func BenchmarkLoad(b *testing.B) {
	const channels = 1_000_000
	path := filepath.Join(b.TempDir(), "chit.db")
	fill(b, path, channels)
	stats, err := inspect.ReadStats(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		before := heap()
		b.StartTimer()
		store, err := diskstore.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		ledger, err := ledger.Open(context.Background(), store)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if ledger.Len() != channels {
			b.Fatalf("%d channels", ledger.Len())
		}
		figure(b, "store.load.1M.heap", float64(heap()-before)/channels, "B/channel", 0)
		figure(b, "store.load.1M.resident", resident(b)/1e6, "MB", 0)
		runtime.KeepAlive(ledger)
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
	figure(b, "store.load.1M", b.Elapsed().Seconds()/float64(b.N), "s", 0)
	figure(b, "store.size.1M", float64(stats.Bytes)/channels, "B/channel", 0)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold outlives one collection
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident returns how many bytes of memory the process has, 0 where the system
// does not say.
func resident(b *testing.B) float64 {
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int
	if _, err := fmt.Sscan(string(statm), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return float64(pages * os.Getpagesize())
}

// someChannel returns what makes the records of channels that differ in what those of
// real ones differ in.
func someChannel(b *testing.B) func(i int) vouchers.Record {
	terms := &vouchers.Terms{Deployment: deployment, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{2}, Token: common.Address{3}, WithdrawDelay: 86400}
	proof := vouchers.NewProof(newPayer(b, "payer").pays(30, 10).Signature)
	return func(i int) vouchers.Record {
		r := vouchers.Record{Terms: terms, Balance: 1_000_000, Claimed: 10, Charged: 20, Ceiling: 30, Block: 1, Updated: 1, Proof: proof}
		binary.BigEndian.PutUint64(r.Payer[:], uint64(i))
		r.PayerAuthorizer, r.ID = r.Payer, vouchers.ChannelID(crypto.Keccak256(r.Payer[:]))
		return r
	}
}

// save makes the records of n channels durable together.
func save(b *testing.B, store vouchers.Store, record func(i int) vouchers.Record, from, n int) {
	var last vouchers.Ticket
	for i := range n {
		last = store.Submit(vouchers.Update{Record: record(from + i), Slot: new(vouchers.Slot)})
	}
	if err := last.Wait(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// fill makes a store of so many channels, in parts that bound what is queued.
func fill(b *testing.B, path string, channels int) {
	const part = 50_000
	store, err := diskstore.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	record := someChannel(b)
	for from := 0; from < channels; from += part {
		save(b, store, record, from, min(part, channels-from))
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}
