package history

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/chitpay/chit/vouchers"
)

// Builder gathers the entries of a segment in memory and seals them as a table. Its zero
// value is ready. It is used by one goroutine.
type Builder struct {
	entries []piece
	batches []*vouchers.Batch
	numbers map[*vouchers.Batch]uint64
	sorted  bool
}

// piece is an entry with the number of its batch in the table.
type piece struct {
	*vouchers.Entry
	batch uint64
}

// Add takes an entry, in the order of the journal, with the batch that its Batch points to.
// Neither may change until the table is written. The error wraps [ErrEntry].
func (b *Builder) Add(e *vouchers.Entry) error {
	p := piece{Entry: e}
	if e.Batch != nil {
		if e.Leaf < 0 || e.Leaf >= len(e.Batch.Leaves) || e.Batch.Leaves[e.Leaf] != e.Digest {
			return fmt.Errorf("%w: entry %d of channel %s is not leaf %d of its batch of %d", ErrEntry, e.Number, e.Channel, e.Leaf, len(e.Batch.Leaves))
		}
		p.batch = b.number(e.Batch)
	}
	b.entries, b.sorted = append(b.entries, p), false
	return nil
}

// number is that of the batch in the table.
func (b *Builder) number(batch *vouchers.Batch) uint64 {
	if n := len(b.batches); n > 0 && b.batches[n-1] == batch {
		return uint64(n - 1)
	}
	if number, known := b.numbers[batch]; known {
		return number
	}
	if b.numbers == nil {
		b.numbers = map[*vouchers.Batch]uint64{}
	}
	number := uint64(len(b.batches))
	b.numbers[batch] = number
	b.batches = append(b.batches, batch)
	return number
}

// Len is how many entries were added.
func (b *Builder) Len() int { return len(b.entries) }

// Write seals what was added as a table at path, durable under its name on return; if it
// fails there is none. A file that is there is replaced. Errors about the entries wrap
// [ErrEntry].
func (b *Builder) Write(path string) error {
	b.sort()
	return write(path, b.rows)
}

// sort has the entries in the order of the table, those of one number as they were added.
func (b *Builder) sort() {
	if b.sorted {
		return
	}
	slices.SortFunc(b.entries, func(x, y piece) int {
		if order := cmp.Or(bytes.Compare(x.Channel[:], y.Channel[:]), cmp.Compare(x.Number, y.Number)); order != 0 {
			return order
		}
		return cmp.Or(cmp.Compare(x.batch, y.batch), cmp.Compare(x.Leaf, y.Leaf))
	})
	b.sorted = true
}

// TakeDoubles leaves one entry of each number, since a table has no room for two: the one that was
// added last, which the channel goes on from, behind the entry that the first of them followed. It
// returns the others, but for those that are the same entry.
func (b *Builder) TakeDoubles() (doubles []*vouchers.Entry) {
	b.sort()
	kept := b.entries[:0]
	for _, e := range b.entries {
		last := len(kept) - 1
		if last < 0 || kept[last].Channel != e.Channel || kept[last].Number != e.Number {
			kept = append(kept, e)
			continue
		}
		if before := kept[last]; before.Digest != e.Digest {
			doubles = append(doubles, before.Entry)
		}
		e.Previous, kept[last] = kept[last].Previous, e
	}
	b.entries = kept
	return doubles
}

func (b *Builder) rows(add func(key, value []byte) error) error {
	var value []byte
	for i, batch := range b.batches {
		value = appendBatch(value[:0], batch)
		if err := add(batchKey(uint64(i)), value); err != nil {
			return err
		}
	}
	f := b.facts()
	if err := add(factsKey, f.append(nil)); err != nil {
		return err
	}
	var key []byte
	for i, e := range b.entries {
		r, err := b.row(i)
		if err != nil {
			return err
		}
		key, value = appendReceiptKey(key[:0], e.Channel, e.Number), r.append(value[:0], f.first)
		if err := add(key, value); err != nil {
			return err
		}
	}
	return nil
}

// row has the digest of the entry before it where the table does not show it by itself.
func (b *Builder) row(i int) (row, error) {
	e := b.entries[i]
	r := row{time: e.Time, cumulative: e.Cumulative, value: e.Value}
	if e.Batch != nil {
		r.flags, r.batch, r.leaf = inBatch, e.batch, e.Leaf
	} else {
		r.digest = e.Digest
	}
	if !b.firstOfChannel(i) && b.entries[i-1].Number == e.Number {
		return r, fmt.Errorf("%w: two entries %d of channel %s", ErrEntry, e.Number, e.Channel)
	}
	if b.firstOfChannel(i) || b.entries[i-1].Digest != e.Previous {
		r.flags |= hasPrevious
		r.previous = e.Previous
	}
	return r, nil
}

func (b *Builder) firstOfChannel(i int) bool {
	return i == 0 || b.entries[i-1].Channel != b.entries[i].Channel
}

func (b *Builder) facts() facts {
	f := facts{entries: uint64(len(b.entries)), batches: uint64(len(b.batches))}
	for i, e := range b.entries {
		if i == 0 {
			f.first = e.Time
		}
		f.first, f.last = min(f.first, e.Time), max(f.last, e.Time)
		if b.firstOfChannel(i) {
			f.channels++
		}
	}
	return f
}
