package ledger_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// figure reports a line of scripts/bench.sh: name, value, unit, and the ratio to the
// baseline of the same run, 0 if there is none.
func figure(b *testing.B, name string, value float64, unit string, ratio float64) {
	b.ReportMetric(value, name+":"+unit)
	if ratio > 0 {
		b.ReportMetric(ratio, name+":ratio")
	}
}

// comparison is what a subject takes for one, by the clock and in time of all cores,
// and the ratios to its baseline.
type comparison struct {
	clock, cpu           time.Duration
	clockRatio, cpuRatio float64
}

// inTurns does the subject b.N times and the baseline as often, so many of each in
// turn: what else the machine does is then fair to both. The ratio by the clock is
// that of the middle one of all turns. The benchmark's timer runs for the subject
// alone.
func inTurns(b *testing.B, turn int, subject, baseline func(from, n int)) comparison {
	var ratios []float64
	var cpu, baselineCPU time.Duration
	b.ResetTimer()
	b.StopTimer()
	for from := 0; from < b.N; from += turn {
		n := min(turn, b.N-from)
		before, start := b.Elapsed(), processorTime(b)
		b.StartTimer()
		subject(from, n)
		b.StopTimer()
		middle := time.Now()
		middleCPU := processorTime(b)
		took := b.Elapsed() - before
		baseline(from, n)
		ratios = append(ratios, float64(took)/float64(time.Since(middle)))
		cpu += middleCPU - start
		baselineCPU += processorTime(b) - middleCPU
	}
	slices.Sort(ratios)
	return comparison{
		clock: b.Elapsed() / time.Duration(b.N), clockRatio: ratios[len(ratios)/2],
		cpu: cpu / time.Duration(b.N), cpuRatio: float64(cpu) / float64(baselineCPU),
	}
}

// processorTime is how long the process has run on all cores.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkVerify checks a voucher whose signer's key is known, which is the digest
// and one check on the curve, against the check on the curve alone.
func BenchmarkVerify(b *testing.B) {
	p := newPayer(b, "payer")
	payment := p.pays(1000, 1000)
	raw, digest, rs := crypto.FromECDSAPub(&p.key.PublicKey), domain.VoucherDigest(payment.Voucher), payment.Signature[:64]
	key := (*vouchers.PublicKey)(raw)
	b.ReportAllocs()
	c := inTurns(b, 100,
		func(_, n int) {
			for range n {
				if err := domain.Verify(key, payment.Voucher, payment.Signature); err != nil {
					b.Fatal(err)
				}
			}
		},
		func(_, n int) {
			for range n {
				if !crypto.VerifySignature(raw, digest[:], rs) {
					b.Fatal("not verified")
				}
			}
		})
	figure(b, "verify.known", float64(c.clock), "ns", c.clockRatio)
}

// BenchmarkAccept is the whole way of a paid call through the ledger, from the
// voucher to a charge on disk with its signed receipt, by 1,024 callers. Its baseline is what all cores
// verify with no ledger and no disk.
func BenchmarkAccept(b *testing.B) {
	for _, channels := range []int{1000, 1} {
		b.Run("channels="+strconv.Itoa(channels), func(b *testing.B) {
			t := newTraffic(b, channels)
			c := inTurns(b, 4096,
				func(from, n int) { parallel(b, 1024, n, func(i int) { t.accept(from + i) }) },
				func(from, n int) { parallel(b, runtime.GOMAXPROCS(0), n, func(i int) { t.verify(from + i) }) })
			name := "ledger.accept.1024x" + strconv.Itoa(channels)
			figure(b, name, 1/c.clock.Seconds(), "calls/s", 1/c.clockRatio)
			figure(b, name+".cpu", float64(c.cpu)/float64(time.Microsecond), "us", c.cpuRatio)
			b.ReportMetric(float64(t.overtaken.Load()), "overtaken")
		})
	}
}

// BenchmarkLatency is how long one of so many callers waits, each for its call, from
// the voucher to a charge on disk.
func BenchmarkLatency(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		b.Run("callers="+strconv.Itoa(callers), func(b *testing.B) {
			t := newTraffic(b, 1000)
			took := make([]time.Duration, b.N)
			b.ResetTimer()
			parallel(b, callers, b.N, func(i int) {
				start := time.Now()
				t.accept(i)
				took[i] = time.Since(start)
			})
			b.StopTimer()
			slices.Sort(took)
			for _, percent := range []int{50, 99} {
				at := float64(took[(len(took)-1)*percent/100]) / float64(time.Microsecond)
				figure(b, "ledger.latency."+strconv.Itoa(callers)+".p"+strconv.Itoa(percent), at, "us", 0)
			}
		})
	}
}

// traffic is b.N paid calls, signed in advance, to a ledger on a real file.
type traffic struct {
	*shop
	b         *testing.B
	book      *receipts.Book
	payers    []*payer
	keys      []*vouchers.PublicKey
	payments  []ledger.Payment
	overtaken atomic.Int64
}

const trafficPrice = 10

func newTraffic(b *testing.B, channels int) *traffic {
	t := &traffic{shop: newShop(b), b: b, payments: make([]ledger.Payment, b.N)}
	var err error
	if t.book, err = receipts.Open(t.store, keys.Dev(1)); err != nil {
		b.Fatal(err)
	}
	for i := range channels {
		p := newPayer(b, "payer "+strconv.Itoa(i)).deposits(t.shop, 1<<40)
		t.call(p.pays(trafficPrice, trafficPrice)) // from here on the key is known
		t.payers = append(t.payers, p)
		t.keys = append(t.keys, (*vouchers.PublicKey)(crypto.FromECDSAPub(&p.key.PublicKey)))
	}
	parallel(b, runtime.GOMAXPROCS(0), b.N, func(i int) {
		t.payments[i] = t.payers[i%channels].pays(vouchers.Amount(i/channels+2)*trafficPrice, trafficPrice)
	})
	b.ReportAllocs()
	return t
}

// accept makes the i-th call.
func (t *traffic) accept(i int) {
	r, err := t.Reserve(context.Background(), t.payments[i])
	for errors.Is(err, ledger.ErrCeilingMismatch) { // it came too late: a payer signs again, above all others
		above := vouchers.Amount(t.b.N+int(t.overtaken.Add(1))+2) * trafficPrice
		r, err = t.Reserve(context.Background(), t.payers[i%len(t.payers)].pays(above, trafficPrice))
	}
	if err == nil {
		err = t.charge(r, t.payments[i].Voucher.Ceiling)
	}
	if err != nil {
		t.b.Error(err)
	}
}

// charge makes the charge durable with its receipt, which is signed then.
func (t *traffic) charge(r *ledger.Reservation, ceiling vouchers.Amount) error {
	var draft *receipts.Draft
	_, err := r.Commit(context.Background(), trafficPrice, func(c ledger.Charge) (kept ledger.Kept, err error) {
		receipt := receipts.Receipt{Ceiling: ceiling, Resource: "mcp://tool/search", Request: common.Hash{1}, IssuedAt: 1_800_000_000}
		if draft, err = t.book.Draft(&c, receipt); err != nil {
			return kept, err
		}
		t.book.Issue(draft)
		return ledger.Kept{Entry: draft.Entry}, nil
	})
	if err == nil {
		_, err = draft.Signed()
	}
	return err
}

// verify checks the signature of the i-th call, and does nothing else.
func (t *traffic) verify(i int) {
	if err := domain.Verify(t.keys[i%len(t.keys)], t.payments[i].Voucher, t.payments[i].Signature); err != nil {
		t.b.Error(err)
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
