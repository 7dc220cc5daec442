package vouchers_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltstore"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// BenchmarkVerifyKnown checks a voucher whose signer's key is known: the digest,
// and one check on the curve.
func BenchmarkVerifyKnown(b *testing.B) {
	p := newPayer(b, "payer")
	payment := p.pays(1000, 1000)
	key, err := vouchers.RecoverKey(domain.VoucherDigest(payment.Voucher), payment.Signature)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := domain.Verify(key, payment.Voucher, payment.Signature); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyRaw is the check on the curve alone, which BenchmarkVerifyKnown
// is measured against.
func BenchmarkVerifyRaw(b *testing.B) {
	p := newPayer(b, "payer")
	payment := p.pays(1000, 1000)
	key, digest, rs := crypto.FromECDSAPub(&p.key.PublicKey), domain.VoucherDigest(payment.Voucher), payment.Signature[:64]
	b.ReportAllocs()
	for b.Loop() {
		if !crypto.VerifySignature(key, digest[:], rs) {
			b.Fatal("not verified")
		}
	}
}

// BenchmarkAccept is the whole way of a paid call through the ledger, from the
// voucher to a charge on disk, by 1,024 callers. of-verify is its throughput as a
// part of what all cores verify with no ledger and no disk, in the same run.
func BenchmarkAccept(b *testing.B) {
	for _, channels := range []int{1, 1000} {
		b.Run("channels="+strconv.Itoa(channels), func(b *testing.B) { benchmarkAccept(b, channels) })
	}
}

func benchmarkAccept(b *testing.B, channels int) {
	const callers, price, part = 1024, 10, 10_000
	s := newShop(b)
	payers := make([]*payer, channels)
	for i := range payers {
		payers[i] = newPayer(b, "payer "+strconv.Itoa(i)).deposits(s, 1<<40)
		s.call(payers[i].pays(price, price)) // from here on the key is known
	}
	payments := make([]vouchers.Payment, b.N)
	parallel(b, runtime.GOMAXPROCS(0), b.N, func(i int) {
		payments[i] = payers[i%channels].pays(vouchers.Amount(i/channels+2)*price, price)
	})
	var overtaken atomic.Int64
	accept := func(i int) {
		r, err := s.Reserve(context.Background(), payments[i])
		for errors.Is(err, vouchers.ErrCeilingMismatch) { // it came too late: a payer signs again, above all others
			above := vouchers.Amount(b.N+int(overtaken.Add(1))+2) * price
			r, err = s.Reserve(context.Background(), payers[i%channels].pays(above, price))
		}
		if err == nil {
			_, err = r.Commit(context.Background(), price, nil)
		}
		if err != nil {
			b.Error(err)
		}
	}
	verify := verifier(b, payers, payments)
	var verified time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for from := 0; from < b.N; from += part { // in turns, so that what else the machine does is fair to both
		n := min(part, b.N-from)
		b.StartTimer()
		parallel(b, callers, n, func(i int) { accept(from + i) })
		b.StopTimer()
		start := time.Now()
		parallel(b, runtime.GOMAXPROCS(0), n, func(i int) { verify(from + i) })
		verified += time.Since(start)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(verified.Seconds()/b.Elapsed().Seconds(), "of-verify")
	b.ReportMetric(float64(overtaken.Load()), "overtaken")
}

// verifier returns what checks the signature of a payment, and nothing else.
func verifier(b *testing.B, payers []*payer, payments []vouchers.Payment) func(i int) {
	keys := make([]*vouchers.PublicKey, len(payers))
	for i, p := range payers {
		keys[i] = (*vouchers.PublicKey)(crypto.FromECDSAPub(&p.key.PublicKey))
	}
	return func(i int) {
		if err := domain.Verify(keys[i%len(keys)], payments[i].Voucher, payments[i].Signature); err != nil {
			b.Error(err)
		}
	}
}

// parallel calls do for 0 to n-1, by so many at once.
func parallel(b *testing.B, callers, n int, do func(i int)) {
	var next atomic.Int64
	var crowd sync.WaitGroup
	for range callers {
		crowd.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || b.Failed() {
					return
				}
				do(i)
			}
		})
	}
	crowd.Wait()
}

// BenchmarkLoad opens a store and a ledger of LOAD_CHANNELS channels, by default a
// million.
func BenchmarkLoad(b *testing.B) {
	channels := 1_000_000
	if text := os.Getenv("LOAD_CHANNELS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatalf("LOAD_CHANNELS: %v", err)
		}
		channels = n
	}
	path := filepath.Join(b.TempDir(), "chit.db")
	fill(b, path, channels)
	for b.Loop() {
		before := heap()
		store, err := boltstore.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		ledger, err := vouchers.OpenLedger(context.Background(), store)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if ledger.Len() != channels {
			b.Fatalf("%d channels", ledger.Len())
		}
		b.ReportMetric(float64(heap()-before)/float64(channels), "B/channel")
		b.ReportMetric(resident(b)/1e6, "resident-MB")
		runtime.KeepAlive(ledger)
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func heap() uint64 {
	runtime.GC()
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

// fill makes a store of channels that differ in what real ones differ in.
func fill(b *testing.B, path string, channels int) {
	store, err := boltstore.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	terms := &vouchers.Terms{Deployment: deployment, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{2}, Token: common.Address{3}, WithdrawDelay: 86400}
	proof := vouchers.NewProof(newPayer(b, "payer").pays(30, 10).Signature)
	var last vouchers.Ticket
	for i := range channels {
		r := vouchers.Record{
			Terms: terms, Balance: 1_000_000, Claimed: 10, Charged: 20, Ceiling: 30, Block: 1, Updated: 1,
			Proof: proof,
		}
		binary.BigEndian.PutUint64(r.Payer[:], uint64(i))
		r.PayerAuthorizer, r.ID = r.Payer, vouchers.ChannelID(crypto.Keccak256(r.Payer[:]))
		last = store.Submit(vouchers.Update{Record: r, Slot: new(vouchers.Slot)})
		if i%50_000 == 0 { // bounds what is queued
			if err := last.Wait(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := last.Wait(context.Background()); err != nil {
		b.Fatal(err)
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}
