package history_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

// shop makes entries as a busy shop does: 100,000 channels, group commits of 256, values with
// a constant escrow, amounts, a digest of the request and one of fifty resources, as package
// receipts writes them.
type shop struct {
	random    *rand.Rand
	ids       []vouchers.ChannelID
	heads     []vouchers.Head
	escrow    [20]byte
	resources []string
	clock     uint32
}

func newShop(channels int) *shop {
	s := &shop{random: rand.New(rand.NewPCG(5, 6)), heads: make([]vouchers.Head, channels), clock: 1_700_000_000}
	for range channels {
		s.ids = append(s.ids, vouchers.ChannelID(s.hash()))
	}
	for i := range s.heads {
		n := uint64(s.random.IntN(300))
		s.heads[i] = vouchers.Head{Number: n, Digest: s.hash(), Cumulative: vouchers.Amount(n * 9000)}
	}
	for i := range 50 {
		s.resources = append(s.resources, fmt.Sprintf("mcp://tool/search_%02d", i))
	}
	h := s.hash()
	copy(s.escrow[:], h[:])
	return s
}

func (s *shop) hash() (h common.Hash) {
	for i := 0; i < len(h); i += 8 {
		binary.LittleEndian.PutUint64(h[i:], s.random.Uint64())
	}
	return h
}

func (s *shop) entry() *vouchers.Entry {
	n := s.random.IntN(len(s.ids))
	head := &s.heads[n]
	charged := vouchers.Amount(1000 * (1 + s.random.IntN(20)))
	e := &vouchers.Entry{
		Channel: s.ids[n], Number: head.Number + 1, Digest: s.hash(), Previous: head.Digest,
		Cumulative: head.Cumulative + charged, Time: s.clock,
	}
	*head = vouchers.Head{Number: e.Number, Digest: e.Digest, Cumulative: e.Cumulative}
	request := s.hash()
	resource := s.resources[s.random.IntN(len(s.resources))]
	e.Value = binary.AppendUvarint([]byte{1, 1}, 8453)
	e.Value = binary.AppendUvarint(append(e.Value, s.escrow[:]...), uint64(charged))
	e.Value = binary.AppendVarint(e.Value, int64(1000*s.random.IntN(3)))
	e.Value = append(append(e.Value, request[:]...), resource...)
	return e
}

// builder has this many entries, in batches of 256.
func (s *shop) builder(t testing.TB, entries int) *history.Builder {
	b := new(history.Builder)
	for range entries / 256 {
		in := make([]*vouchers.Entry, 256)
		for i := range in {
			in[i] = s.entry()
		}
		signature := append(s.hash().Bytes(), s.hash().Bytes()...)
		batch(in, string(append(signature, 27)))
		for _, e := range in {
			must(t, b.Add(e))
		}
		s.clock += uint32(s.random.IntN(2))
	}
	return b
}

func TestAReceiptTakesAtMost120Bytes(t *testing.T) {
	tables := open(t, t.TempDir())
	defer func() { must(t, tables.Close()) }()
	const entries = 256 << 10
	must(t, newShop(100_000).builder(t, entries).Write(tables.Path(1)))
	must(t, tables.Add(1))
	if got := float64(tables.List()[0].Bytes) / entries; got > 120 {
		t.Errorf("a receipt takes %.1f bytes", got)
	}
}

// BenchmarkSeal seals 256k entries over 100,000 channels: time and bytes of one.
func BenchmarkSeal(b *testing.B) {
	dir := b.TempDir()
	tables := open(b, dir)
	defer tables.Close()
	const entries = 256 << 10
	s := newShop(100_000)
	number := uint64(0)
	for b.Loop() {
		b.StopTimer()
		builder := s.builder(b, entries)
		number++
		b.StartTimer()
		must(b, builder.Write(tables.Path(number)))
		must(b, tables.Add(number))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
	b.ReportMetric(float64(tables.List()[0].Bytes)/entries, "B/entry")
}

// million are four tables of 256k entries over 100,000 channels.
func million(b *testing.B) (*shop, *history.Tables) {
	tables := open(b, b.TempDir())
	b.Cleanup(func() { must(b, tables.Close()) })
	s := newShop(100_000)
	for number := range uint64(4) {
		must(b, s.builder(b, 256<<10).Write(tables.Path(number)))
		must(b, tables.Add(number))
	}
	return s, tables
}

// BenchmarkWalk lists one channel among a million entries, its ten or so.
func BenchmarkWalk(b *testing.B) {
	s, tables := million(b)
	n, entries := 0, 0
	for b.Loop() {
		n = (n + 7919) % len(s.ids)
		must(b, tables.Walk(context.Background(), s.ids[n], 0, func(*vouchers.Line) error { entries++; return nil }))
	}
	b.ReportMetric(float64(entries)/float64(b.N), "entries/op")
}

// BenchmarkWalkOfAnother looks for a channel that no table has.
func BenchmarkWalkOfAnother(b *testing.B) {
	s, tables := million(b)
	for b.Loop() {
		must(b, tables.Walk(context.Background(), vouchers.ChannelID(s.hash()), 0, func(*vouchers.Line) error { return nil }))
	}
}
