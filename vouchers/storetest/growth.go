package storetest

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// Growing is a store whose growth is measured.
type Growing interface {
	vouchers.Store
	// History is what it keeps of sales.
	History() vouchers.History
	// Parts are what its disk holds: what was written lately, of which the receipts are those
	// that Sealed does not have, and what is put away.
	Parts() (live, sealed Part, err error)
	// Settle puts away what can be.
	Settle()
}

// Part is a part of what a disk holds.
type Part struct {
	Bytes    int64
	Receipts uint64 // 0 in what is live
}

// Growth is a shop of many channels that sells more than is measured at first.
type Growth struct {
	// Open opens the store at a path, again where it was closed there.
	Open func(b *testing.B, path string) Growing
	// Channels have sold by the end Receipts; Callers wait for their sales at once.
	Channels, Receipts, Callers int
	// Window is over how many sales the time of one is measured, at the start and at the end.
	Window int
	// Answer is how long the answer is that is kept of every sale, in bytes; 0 keeps none.
	Answer int
}

// Sale is the time of one, in a window.
type Sale struct{ Clock, CPU time.Duration }

// Grown is what became of the store. Sizes are in bytes a receipt.
type Grown struct {
	// First and Last are of the first window and the last.
	First, Last Sale
	// Live and Sealed are what the disk holds of what is not put away yet, and of what is.
	Live, Sealed float64
	// Open is how long opening the store takes, Channel listing one channel (the middle one
	// of a hundred), and Day all that was sold on a day.
	Open, Channel, Day time.Duration
}

// Report reports the figures under a name, as scripts/bench.sh reads them: the time of a sale
// at the end as a ratio to that at the start.
func (g Grown) Report(b *testing.B, name string) {
	b.ReportMetric(microseconds(g.Last.Clock), name+":us")
	b.ReportMetric(float64(g.Last.Clock)/float64(g.First.Clock), name+":ratio")
	b.ReportMetric(microseconds(g.Last.CPU), name+".cpu:us")
	b.ReportMetric(float64(g.Last.CPU)/float64(g.First.CPU), name+".cpu:ratio")
	b.ReportMetric(g.Live, name+".live:B/receipt")
	b.ReportMetric(g.Sealed, name+".sealed:B/receipt")
	b.ReportMetric(g.Open.Seconds(), name+".open:s")
	b.ReportMetric(microseconds(g.Channel), name+".channel:us")
	b.ReportMetric(g.Day.Seconds(), name+".day:s")
	b.ReportMetric(0, "ns/op")
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// days is how many days the sales are spread over.
const days = 30

// Run sells, and measures.
func (g Growth) Run(b *testing.B) (grown Grown) {
	path := b.TempDir() + "/store"
	shop := g.begin(b, path)
	grown.First = shop.sell(b, g.Window)
	for left := g.Receipts - 2*g.Window; left > 0; left -= g.Window {
		shop.sell(b, min(left, g.Window))
		b.Logf("%d receipts", shop.sold)
	}
	grown.Last = shop.sell(b, g.Window)
	live, sealed, err := shop.store.Parts()
	must(b, err)
	grown.Live = float64(live.Bytes) / float64(uint64(shop.sold)-sealed.Receipts)
	shop.store.Settle()
	_, sealed, err = shop.store.Parts()
	must(b, err)
	grown.Sealed = float64(sealed.Bytes) / float64(sealed.Receipts)
	grown.Channel, grown.Day = shop.listing(b)
	must(b, shop.store.Close())
	grown.Open = timed(func() { shop.store = g.Open(b, path) })
	must(b, shop.store.Close())
	return grown
}

// Leave sells, with nothing put away meanwhile but the channels, and leaves the store open.
func (g Growth) Leave(b *testing.B, path string) Growing {
	shop := g.begin(b, path)
	shop.store.Settle()
	shop.sell(b, g.Receipts)
	return shop.store
}

// growingShop sells into a store that grows.
type growingShop struct {
	Growth
	store    Growing
	channels []growingChannel
	sold     int
}

type growingChannel struct {
	record vouchers.Record
	slot   vouchers.Slot
	number uint64
	last   common.Hash // the digest of its last receipt
}

func (g Growth) begin(b *testing.B, path string) *growingShop {
	shop := &growingShop{Growth: g, store: g.Open(b, path), channels: make([]growingChannel, g.Channels)}
	terms := &vouchers.Terms{Deployment: vouchers.Deployment{ChainID: 8453, Escrow: common.Address{4}}, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{2}, Token: common.Address{3}, WithdrawDelay: 86400}
	source := rand.NewChaCha8([32]byte{})
	var last vouchers.Ticket
	for i := range shop.channels {
		r := &shop.channels[i].record
		r.Terms, r.Balance = terms, 1<<40
		fill(source, r.ID[:], r.Payer[:], r.Salt[:])
		r.PayerAuthorizer = r.Payer
		last = shop.store.Submit(vouchers.Update{Record: *r, Slot: &shop.channels[i].slot})
		if i%shop.Window == shop.Window-1 {
			must(b, last.Wait(b.Context()))
		}
	}
	must(b, last.Wait(b.Context()))
	return shop
}

// sell makes so many sales. Every caller has channels of its own, and waits for each sale
// to be durable before it makes the next.
func (s *growingShop) sell(b *testing.B, sales int) Sale {
	cpu, began := processorTime(b), time.Now()
	var crowd sync.WaitGroup
	for caller := range s.Callers {
		own := (len(s.channels) - caller + s.Callers - 1) / s.Callers
		source := rand.NewChaCha8([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), uint64(s.sold+caller))))
		crowd.Go(func() {
			chance := rand.New(source)
			for i := caller; i < sales && !b.Failed(); i += s.Callers {
				ch := &s.channels[caller+s.Callers*chance.IntN(own)]
				if err := s.store.Submit(s.sale(ch, s.sold+i, source)).Wait(b.Context()); err != nil {
					b.Errorf("sale %d: %v", s.sold+i, err)
				}
			}
		})
	}
	crowd.Wait()
	s.sold += sales
	n := time.Duration(sales)
	return Sale{time.Since(began) / n, (processorTime(b) - cpu) / n}
}

// start is when the first sale is made.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// sale is the update of a call that is paid by voucher: it differs from others of its channel
// in what those of real ones differ in.
func (s *growingShop) sale(ch *growingChannel, i int, source *rand.ChaCha8) vouchers.Update {
	const price = 1000
	at := start.Add(time.Duration(i) * (days * 24 * time.Hour / time.Duration(s.Receipts)))
	ch.number++
	r := &ch.record
	r.Charged += price
	r.Ceiling, r.Used, r.Updated = r.Charged, uint32(at.Unix()), uint32(at.Unix())
	var signature [vouchers.CompactLength]byte
	e := &vouchers.Entry{Channel: r.ID, Number: ch.number, Previous: ch.last, Cumulative: r.Charged, Time: uint32(at.Unix())}
	request := make([]byte, 32)
	fill(source, signature[:], e.Digest[:], request)
	ch.last, r.Proof = e.Digest, vouchers.CompactProof(&signature)
	e.Value = binary.BigEndian.AppendUint64(make([]byte, 0, 96), price)
	e.Value = binary.BigEndian.AppendUint64(e.Value, uint64(r.Ceiling))
	e.Value = append(append(e.Value, request...), "mcp://tool/search"...)
	e.Value = append(e.Value, make([]byte, 20)...)
	u := vouchers.Update{Record: *r, Slot: &ch.slot, Entry: e}
	if s.Answer > 0 {
		u.Answer = &vouchers.Answer{Ceiling: r.Ceiling, Expires: at.Add(time.Hour), Body: make([]byte, s.Answer)}
		fill(source, u.Answer.Key[:], u.Answer.Fingerprint[:], u.Answer.Body[:s.Answer/4])
	}
	return u
}

// listing lists a hundred channels, and a day.
func (s *growingShop) listing(b *testing.B) (channel, day time.Duration) {
	const some = 100
	history := s.store.History()
	var took []time.Duration
	for i := range some {
		ch := &s.channels[i*(len(s.channels)-1)/(some-1)]
		lines := uint64(0)
		took = append(took, timed(func() {
			must(b, history.Walk(b.Context(), ch.record.ID, 0, func(*vouchers.Line) error { lines++; return nil }))
		}))
		if lines != ch.number {
			b.Fatalf("channel %s has %d receipts, %d are listed", ch.record.ID, ch.number, lines)
		}
	}
	since := start.Add(days / 2 * 24 * time.Hour)
	lines := 0
	day = timed(func() {
		must(b, history.Each(b.Context(), since, since.Add(24*time.Hour), func(*vouchers.Line) error { lines++; return nil }))
	})
	if want := s.Receipts / days; lines < want*99/100 || lines > want*101/100 {
		b.Fatalf("a day has %d receipts, %d are listed", want, lines)
	}
	return middle(took), day
}

func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func fill(source *rand.ChaCha8, all ...[]byte) {
	for _, b := range all {
		_, _ = source.Read(b) // never returns an error
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// processorTime is how long this process has run on all cores.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
