package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
)

// attestation is what attest returns for leaves.
func attestation(leaves []common.Hash) []byte {
	var all []byte
	for _, leaf := range leaves {
		all = append(all, leaf[:]...)
	}
	return crypto.Keccak256(all)
}

func attest(_ context.Context, leaves []common.Hash) ([]byte, error) { return attestation(leaves), nil }

// firstSecond is the time of the first entry of a chain.
const firstSecond = 1_800_000_000

// chain makes the entries of a channel, one after the other.
type chain struct {
	channel vouchers.ChannelID
	all     []*vouchers.Entry
}

func newChain(n byte) *chain { return &chain{channel: vouchers.ChannelID{n, 31: 1}} }

func (c *chain) next() *vouchers.Entry {
	number := uint64(1)
	if n := len(c.all); n > 0 {
		number = c.all[n-1].Number + 1
	}
	return c.numbered(number)
}

func (c *chain) numbered(number uint64) *vouchers.Entry {
	e := &vouchers.Entry{
		Channel: c.channel, Number: number, Cumulative: vouchers.Amount(10 * (len(c.all) + 1)),
		Time: firstSecond + uint32(len(c.all)), Value: fmt.Appendf(nil, "entry %d of %x", number, c.channel[0]),
	}
	e.Digest = common.Hash(crypto.Keccak256(c.channel[:], binary.BigEndian.AppendUint64(nil, number)))
	if n := len(c.all); n > 0 {
		e.Previous = c.all[n-1].Digest
	}
	c.all = append(c.all, e)
	return e
}

// head is what the history has to say of the chain's end.
func (c *chain) head() vouchers.Head {
	last := c.all[len(c.all)-1]
	return vouchers.Head{Number: last.Number, Digest: last.Digest, Cumulative: last.Cumulative}
}

// lineOf copies a line, with its batch read.
func lineOf(l *vouchers.Line) (vouchers.Entry, error) {
	batch, err := l.Attested()
	kept := l.Entry
	kept.Value, kept.Batch = bytes.Clone(l.Value), batch
	return kept, err
}

// same says what is wrong with an entry that came back; "" is nothing.
func same(got, want vouchers.Entry) string {
	switch {
	case got.Channel != want.Channel || got.Number != want.Number || got.Digest != want.Digest || got.Cumulative != want.Cumulative || got.Time != want.Time || !bytes.Equal(got.Value, want.Value):
		return fmt.Sprintf("it is %+v, want %+v", got, want)
	case got.Previous != want.Previous:
		return fmt.Sprintf("the entry before %d is %s, want %s", got.Number, got.Previous, want.Previous)
	case got.Batch == nil || got.Leaf >= len(got.Batch.Leaves) || got.Batch.Leaves[got.Leaf] != want.Digest:
		return fmt.Sprintf("entry %d is not leaf %d of %+v", got.Number, got.Leaf, got.Batch)
	case !bytes.Equal(got.Batch.Attestation, attestation(got.Batch.Leaves)):
		return fmt.Sprintf("the batch of entry %d is not as it was attested", got.Number)
	}
	return ""
}

func (p *place) walk(t *testing.T, id vouchers.ChannelID, after uint64) (all []vouchers.Entry) {
	t.Helper()
	err := p.History().Walk(t.Context(), id, after, func(l *vouchers.Line) error {
		e, err := lineOf(l)
		all = append(all, e)
		return err
	})
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	return all
}

func (p *place) each(t *testing.T, since, until time.Time) (all []vouchers.Entry) {
	t.Helper()
	err := p.History().Each(t.Context(), since, until, func(l *vouchers.Line) error {
		e, err := lineOf(l)
		all = append(all, e)
		return err
	})
	if err != nil {
		t.Fatalf("each: %v", err)
	}
	return all
}

// has checks that the store has these chains, and nothing else.
func (p *place) has(t *testing.T, chains ...*chain) {
	t.Helper()
	byChannel := map[vouchers.ChannelID][]vouchers.Entry{}
	for _, e := range p.each(t, time.Time{}, time.Time{}) {
		byChannel[e.Channel] = append(byChannel[e.Channel], e)
	}
	if len(byChannel) != len(chains) {
		t.Errorf("the history has %d channels, want %d", len(byChannel), len(chains))
	}
	for _, c := range chains {
		for name, got := range map[string][]vouchers.Entry{"walk": p.walk(t, c.channel, 0), "each": byChannel[c.channel]} {
			if len(got) != len(c.all) {
				t.Fatalf("%s: channel %s has %d entries, want %d", name, c.channel, len(got), len(c.all))
			}
			for i := range got {
				if wrong := same(got[i], *c.all[i]); wrong != "" {
					t.Fatalf("%s: %s", name, wrong)
				}
			}
		}
		if head, err := p.History().Head(c.channel); head != c.head() || err != nil {
			t.Errorf("the head is %+v, %v, want %+v", head, err, c.head())
		}
	}
}

func entriesComeBack(t *testing.T, p *place) {
	p.Attest(attest)
	if head, err := p.History().Head(newChain(1).channel); head != (vouchers.Head{}) || err != nil {
		t.Errorf("the head of nothing is %+v, %v", head, err)
	}
	chains := []*chain{newChain(1), newChain(2), newChain(3)}
	for round := range 6 {
		for i := range 5 * len(chains) {
			e := chains[i%len(chains)].next()
			ticket := p.Submit(vouchers.Update{Entry: e})
			if i%4 > 0 && i+1 < 5*len(chains) {
				continue
			}
			if err := ticket.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if wrong := same(*e, *e); wrong != "" {
				t.Errorf("once it is durable, %s", wrong)
			}
		}
		p.has(t, chains...)
		p.settle()
		p.has(t, chains...)
		if round%2 == 1 {
			p.reopen(t)
			p.Attest(attest)
			p.has(t, chains...)
		}
	}
}

func entryIsKeptTogether(t *testing.T, p *place) {
	p.Attest(attest)
	c := newChain(1)
	r := record(1, terms(0), signature(65))
	r.ID = c.channel
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	p.submit(t, vouchers.Update{
		Record: r, Slot: &vouchers.Slot{}, Entry: c.next(),
		Answer: &vouchers.Answer{Key: vouchers.AnswerKey{1}, Expires: expires, Body: []byte("answer")},
		Puts:   []vouchers.Put{{Bucket: "room", Key: []byte("k"), Value: []byte("v")}},
	})
	for range 2 {
		p.has(t, c)
		if got := p.records(t)[r.ID]; !sameRecord(got, r) {
			t.Errorf("the channel is %+v, want %+v", got, r)
		}
		if a, found, err := p.Answer(vouchers.AnswerKey{1}); !found || err != nil || string(a.Body) != "answer" {
			t.Errorf("the answer is %+v, %t, %v", a, found, err)
		}
		if v, err := p.Bucket("room").Get([]byte("k")); string(v) != "v" || err != nil {
			t.Errorf("the room has %q, %v", v, err)
		}
		p.reopen(t)
	}
	for name, spoil := range map[string]func(*vouchers.Update){
		"without a number":  func(u *vouchers.Update) { u.Entry.Number = 0 },
		"of a megabyte":     func(u *vouchers.Update) { u.Entry.Value = make([]byte, 1<<20) },
		"with a bad bucket": func(u *vouchers.Update) { u.Puts = []vouchers.Put{{Bucket: "No", Key: []byte("k")}} },
	} {
		r.Charged++
		u := vouchers.Update{Record: r, Slot: &vouchers.Slot{}, Entry: newChain(9).next()}
		spoil(&u)
		if err := p.Submit(u).Wait(t.Context()); !errors.Is(err, vouchers.ErrUpdate) {
			t.Errorf("an entry %s: %v", name, err)
		}
		r.Charged--
	}
	p.has(t, c)
	if got := p.records(t)[r.ID]; !sameRecord(got, r) {
		t.Errorf("a refused entry has left its channel as %+v", got)
	}
}

func walkBeginsAbove(t *testing.T, p *place) {
	p.Attest(attest)
	c := newChain(1)
	for i := range 40 {
		p.submit(t, vouchers.Update{Entry: c.next()})
		if i == 25 {
			p.settle()
		}
	}
	for _, after := range []uint64{0, 1, 7, 25, 26, 27, 39, 40, 41, 1<<64 - 1} {
		got := p.walk(t, c.channel, after)
		want := c.all[min(after, uint64(len(c.all))):]
		if len(got) != len(want) {
			t.Fatalf("after %d: %d entries, want %d", after, len(got), len(want))
		}
		for i := range got {
			if wrong := same(got[i], *want[i]); wrong != "" {
				t.Fatalf("after %d: %s", after, wrong)
			}
		}
	}
	if got := p.walk(t, newChain(2).channel, 0); len(got) > 0 {
		t.Errorf("a channel that sold nothing has %d entries", len(got))
	}
}

func daysAreBounds(t *testing.T, p *place) {
	p.Attest(attest)
	c := newChain(1)
	for i := range 40 {
		p.submit(t, vouchers.Update{Entry: c.next()})
		if i == 25 {
			p.settle()
		}
	}
	at := func(seconds int64) time.Time { return time.Unix(firstSecond+seconds, 0) }
	for _, span := range []struct {
		since, until time.Time
		want         int
	}{
		{time.Time{}, time.Time{}, 40}, {at(0), at(40), 40}, {at(1), at(39), 38}, {at(10), at(10), 0}, {at(10), at(11), 1},
		{at(20), at(30), 10}, {time.Time{}, at(26), 26}, {at(26), time.Time{}, 14}, {at(40), time.Time{}, 0}, {time.Time{}, at(0), 0},
	} {
		if got := p.each(t, span.since, span.until); len(got) != span.want {
			t.Errorf("from %v until %v: %d entries, want %d", span.since, span.until, len(got), span.want)
		}
	}
}

func walkEnds(t *testing.T, p *place) {
	p.Attest(attest)
	c := newChain(1)
	for i := range 10 {
		p.submit(t, vouchers.Update{Entry: c.next()})
		if i == 5 {
			p.settle()
		}
	}
	enough := errors.New("enough")
	for _, stop := range []int{1, 9} {
		visits := 0
		visit := func(*vouchers.Line) error {
			if visits++; visits == stop {
				return enough
			}
			return nil
		}
		if err := p.History().Walk(t.Context(), c.channel, 0, visit); !errors.Is(err, enough) || visits != stop {
			t.Errorf("walk: %d visits, then %v", visits, err)
		}
		visits = 0
		if err := p.History().Each(t.Context(), time.Time{}, time.Time{}, visit); !errors.Is(err, enough) || visits != stop {
			t.Errorf("each: %d visits, then %v", visits, err)
		}
	}
	none := func(*vouchers.Line) error { return nil }
	if err := p.History().Walk(ended(t), c.channel, 0, none); !errors.Is(err, context.Canceled) {
		t.Errorf("walk: %v", err)
	}
	if err := p.History().Each(ended(t), time.Time{}, time.Time{}, none); !errors.Is(err, context.Canceled) {
		t.Errorf("each: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	_, head := p.History().Head(vouchers.ChannelID{7})
	for name, err := range map[string]error{
		"head": head,
		"walk": p.History().Walk(t.Context(), c.channel, 0, none),
		"each": p.History().Each(t.Context(), time.Time{}, time.Time{}, none),
	} {
		if !errors.Is(err, vouchers.ErrStoreClosed) {
			t.Errorf("%s of a closed store: %v", name, err)
		}
	}
}

// locked is one who attests unless he is told not to.
type locked struct {
	refuses atomic.Bool
	asked   chan struct{} // gets one when he has refused, if nobody has taken the last
}

var errLocked = errors.New("the key is locked")

func (l *locked) attest(ctx context.Context, leaves []common.Hash) ([]byte, error) {
	if !l.refuses.Load() {
		return attest(ctx, leaves)
	}
	select {
	case l.asked <- struct{}{}:
	default:
	}
	return nil, errLocked
}

func unattestedWaits(t *testing.T, p *place) {
	signer := &locked{asked: make(chan struct{}, 1)}
	p.Attest(signer.attest)
	c := newChain(1)
	p.submit(t, vouchers.Update{Entry: c.next()})
	signer.refuses.Store(true)
	var tickets []vouchers.Ticket
	for i := range 20 {
		tickets = append(tickets, p.Submit(vouchers.Update{Entry: c.next(), Puts: []vouchers.Put{{Bucket: "room", Key: []byte("last"), Value: []byte{byte(i)}}}}))
	}
	<-signer.asked
	<-signer.asked // he was asked again: what came of the first time is known
	if err := p.Err(); !errors.Is(err, vouchers.ErrNotAttested) || !errors.Is(err, errLocked) {
		t.Errorf("while nobody attests: %v", err)
	}
	for _, ticket := range tickets {
		if err := ticket.Wait(ended(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("while nobody attests, an update has ended: %v", err)
		}
	}
	if v, err := p.Bucket("room").Get([]byte("last")); v != nil || err != nil {
		t.Errorf("what came with an entry reads as %x, %v", v, err)
	}
	if got := p.walk(t, c.channel, 1); len(got) > 0 {
		t.Errorf("%d entries are shown", len(got))
	}
	signer.refuses.Store(false)
	for _, ticket := range tickets {
		if err := ticket.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Err(); err != nil {
		t.Errorf("once somebody attests: %v", err)
	}
	for range 2 {
		p.has(t, c)
		if v, err := p.Bucket("room").Get([]byte("last")); !slices.Equal(v, []byte{19}) || err != nil {
			t.Errorf("the last that came with an entry is %x, %v", v, err)
		}
		p.reopen(t)
	}
}

func entriesWaitForAttest(t *testing.T, p *place) {
	c := newChain(1)
	ticket := p.Submit(vouchers.Update{Entry: c.next()})
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := ticket.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with nobody to attest it: %v", err)
	}
	p.Attest(attest)
	if err := ticket.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	p.has(t, c)
}

func unattestedIsRefused(t *testing.T, p *place) {
	signer := &locked{asked: make(chan struct{}, 1)}
	p.Attest(signer.attest)
	c := newChain(1)
	p.submit(t, vouchers.Update{Entry: c.next()})
	signer.refuses.Store(true)
	first := p.Submit(vouchers.Update{Entry: newChain(2).next()})
	<-signer.asked
	second := p.Submit(vouchers.Update{Entry: newChain(3).next()})
	if err := p.Close(); !errors.Is(err, vouchers.ErrNotAttested) {
		t.Errorf("close: %v", err)
	}
	for _, ticket := range []vouchers.Ticket{first, second} {
		if err := ticket.Wait(t.Context()); !errors.Is(err, vouchers.ErrStoreFailed) || !errors.Is(err, vouchers.ErrNotAttested) {
			t.Errorf("what was not kept: %v", err)
		}
	}
	p.Store = p.open(t, p.path)
	p.has(t, c)
}

func historyIsReadBeside(t *testing.T, p *place) {
	p.Attest(attest)
	const writers, entries = 4, 150
	var crowd, readers sync.WaitGroup
	done := make(chan struct{})
	chains := make([]*chain, writers)
	for i := range chains {
		c := newChain(byte(i + 1))
		chains[i] = c
		for range entries { // made before: readers compare with them
			c.next()
		}
		crowd.Go(func() {
			for _, e := range c.all {
				if err := p.Submit(vouchers.Update{Entry: e}).Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
		readers.Go(func() {
			for n := uint64(0); ; n++ {
				p.reads(t, c, n%entries)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	readers.Go(func() {
		for ended := false; !ended; {
			p.settle()
			select {
			case <-done:
				ended = true
			default:
			}
		}
	})
	crowd.Wait()
	close(done)
	readers.Wait()
	p.has(t, chains...)
}

// reads checks what is there of a chain after a number: a beginning of it.
func (p *place) reads(t *testing.T, c *chain, after uint64) {
	head, err := p.History().Head(c.channel)
	if err != nil {
		t.Error(err)
	}
	for name, read := range map[string]func(visit func(*vouchers.Line) error) error{
		"walk": func(visit func(*vouchers.Line) error) error {
			return p.History().Walk(t.Context(), c.channel, after, visit)
		},
		"each": func(visit func(*vouchers.Line) error) error {
			return p.History().Each(t.Context(), time.Unix(firstSecond+int64(after), 0), time.Time{}, visit)
		},
	} {
		next := after
		err := read(func(l *vouchers.Line) error {
			if l.Channel != c.channel {
				return nil
			}
			e, err := lineOf(l)
			if err != nil {
				return err
			}
			want := c.all[next]
			next++
			if e.Number != want.Number || e.Digest != want.Digest || e.Previous != want.Previous || e.Batch == nil || e.Batch.Leaves[e.Leaf] != e.Digest {
				return fmt.Errorf("entry %d is %+v", want.Number, e)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if next < head.Number {
			t.Errorf("%s: it ends with %d, and %d was there before", name, next, head.Number)
		}
	}
}

func epochsFollow(t *testing.T, p *place) {
	p.Attest(attest)
	c := newChain(1)
	for range 3 {
		p.submit(t, vouchers.Update{Entry: c.next()})
	}
	c.numbered(1<<40 | 1)
	p.submit(t, vouchers.Update{Entry: c.all[len(c.all)-1]})
	p.submit(t, vouchers.Update{Entry: c.next()})
	for range 3 {
		p.has(t, c)
		if got := p.walk(t, c.channel, 3); len(got) != 2 {
			t.Errorf("after the first epoch: %d entries, want 2", len(got))
		}
		p.settle()
		p.reopen(t)
		p.Attest(attest)
	}
}
