package ledger

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/vouchers"
)

const (
	shards = 256
	// largestSlab is how many channels are allocated at once. Of 256 bytes each,
	// they fill whole pages; the sizes below that the runtime rounds up by an eighth.
	largestSlab = 128
)

// index finds channels by id. Reading takes no lock: a shard's table is only ever
// added to, and replaced by a larger one when it is seven eighths full. Channels
// are allocated in slabs, so that a million of them cost what they hold.
type index struct {
	seed   maphash.Seed // keeps payers from choosing ids that collide
	shards [shards]shard
}

type shard struct {
	table atomic.Pointer[table]

	grow  sync.Mutex // guards what follows, and writing to table
	count int
	slab  []channel
	next  int // size of the next slab
}

type table []atomic.Pointer[channel]

func newIndex() *index { return &index{seed: maphash.MakeSeed()} }

func (x *index) hash(id *vouchers.ChannelID) uint64 {
	return maphash.Bytes(x.seed, id[:])
}

// find returns the channel, or nil.
func (x *index) find(id *vouchers.ChannelID) *channel {
	hash := x.hash(id)
	t := x.shards[hash%shards].table.Load()
	if t == nil {
		return nil
	}
	ch, _ := t.probe(hash, id)
	return ch
}

// probe returns the channel, or the free place where it belongs.
func (t *table) probe(hash uint64, id *vouchers.ChannelID) (*channel, int) {
	mask := uint64(len(*t) - 1)
	for i := hash / shards & mask; ; i = (i + 1) & mask {
		ch := (*t)[i].Load()
		if ch == nil || ch.id == *id {
			return ch, int(i)
		}
	}
}

// add returns the channel with this id, which init fills in if it is new. While
// init runs nobody else can see the channel.
func (x *index) add(id *vouchers.ChannelID, init func(*channel)) (ch *channel, added bool) {
	hash := x.hash(id)
	s := &x.shards[hash%shards]
	s.grow.Lock()
	defer s.grow.Unlock()
	t := s.table.Load()
	if t == nil || (s.count+1)*8 > len(*t)*7 {
		t = s.enlarge(x, t)
	}
	ch, at := t.probe(hash, id)
	if ch != nil {
		return ch, false
	}
	ch = s.allocate()
	init(ch)
	ch.id = *id
	(*t)[at].Store(ch)
	s.count++
	return ch, true
}

func (s *shard) enlarge(x *index, old *table) *table {
	size := 8
	if old != nil {
		size = 2 * len(*old)
	}
	t := make(table, size)
	if old != nil {
		for i := range *old {
			if ch := (*old)[i].Load(); ch != nil {
				_, at := t.probe(x.hash(&ch.id), &ch.id)
				t[at].Store(ch)
			}
		}
	}
	s.table.Store(&t)
	return &t
}

func (s *shard) allocate() *channel {
	if len(s.slab) == 0 {
		s.next = min(max(1, 2*s.next), largestSlab)
		s.slab = make([]channel, s.next)
	}
	ch := &s.slab[0]
	s.slab = s.slab[1:]
	return ch
}

// each calls visit for every channel until it returns false.
func (x *index) each(visit func(*channel) bool) {
	for i := range x.shards {
		t := x.shards[i].table.Load()
		if t == nil {
			continue
		}
		for j := range *t {
			if ch := (*t)[j].Load(); ch != nil && !visit(ch) {
				return
			}
		}
	}
}

// count returns how many channels there are.
func (x *index) count() int {
	n := 0
	for i := range x.shards {
		s := &x.shards[i]
		s.grow.Lock()
		n += s.count
		s.grow.Unlock()
	}
	return n
}

// spread assigns channels to n shards of something else.
func spread(id *vouchers.ChannelID, n uint64) uint64 {
	return binary.BigEndian.Uint64(id[:8]) % n
}
