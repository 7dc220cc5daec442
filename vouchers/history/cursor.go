package history

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/syndtr/goleveldb/leveldb/iterator"

	"github.com/chitpay/chit/vouchers"
)

// cursor goes over the receipts of a table, and knows of each which was before it.
type cursor struct {
	sheet   *sheet
	it      iterator.Iterator
	batches map[uint64]*sealedBatch // those that were asked for

	channel vouchers.ChannelID
	number  uint64
	row     row
	before  row  // the row before it, if it is of the same channel
	follows bool // there is one
	line    vouchers.Line
	err     error
}

func (s *sheet) cursor(start, limit []byte) *cursor {
	c := &cursor{sheet: s, it: s.iterate(start, limit), batches: map[uint64]*sealedBatch{}, row: row{flags: unread}}
	c.line.Attested = func() (*vouchers.Batch, error) { return c.batch(&c.row) }
	return c
}

// receipts goes over all of them.
func (s *sheet) receipts() *cursor { return s.cursor([]byte{receiptKind}, []byte{receiptKind + 1}) }

func (c *cursor) close() { c.it.Release() }

// next goes to the next row; false at the end, or where err is set.
func (c *cursor) next() bool { return c.step(c.it.Next()) }

// seek goes to the first row from key on.
func (c *cursor) seek(key []byte) bool {
	if !c.step(c.it.Seek(key)) || c.row.flags&hasPrevious != 0 {
		return c.err == nil && c.it.Valid()
	}
	return c.step(c.it.Prev()) && c.next()
}

// step reads the row that the iterator has come to, if there is one.
func (c *cursor) step(there bool) bool {
	if !there {
		if err := c.it.Error(); err != nil {
			c.err = damaged(c.sheet.path, err)
		}
		return false
	}
	channel, number, err := splitReceiptKey(c.it.Key())
	var r row
	if err == nil {
		r, err = decodeRow(c.it.Value(), c.sheet.first)
	}
	if err != nil {
		c.err = damaged(c.sheet.path, err)
		return false
	}
	c.before, c.follows = c.row, c.row.flags != unread && c.channel == channel
	c.channel, c.number, c.row = channel, number, r
	return true
}

func (c *cursor) visit(ctx context.Context, visit func(*vouchers.Line) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.read(); err != nil {
		return err
	}
	return visit(&c.line)
}

// read fills the line from the row.
func (c *cursor) read() (err error) {
	c.line.Entry = vouchers.Entry{
		Channel: c.channel, Number: c.number, Cumulative: c.row.cumulative,
		Time: c.row.time, Value: c.row.value, Leaf: c.row.leaf,
	}
	if c.line.Digest, err = c.digest(&c.row); err != nil {
		return err
	}
	c.line.Previous, err = c.previous()
	return err
}

// previous is the digest of the entry before the one of the row.
func (c *cursor) previous() (common.Hash, error) {
	switch {
	case c.row.flags&hasPrevious != 0:
		return c.row.previous, nil
	case !c.follows:
		return common.Hash{}, damaged(c.sheet.path, fmt.Errorf("%w: nothing is before entry %d of channel %s", ErrCorrupt, c.number, c.channel))
	}
	return c.digest(&c.before)
}

func (c *cursor) digest(r *row) (common.Hash, error) {
	if r.flags&inBatch == 0 {
		return r.digest, nil
	}
	batch, err := c.sealed(r.batch)
	if err != nil {
		return common.Hash{}, err
	}
	if r.leaf >= batch.len() {
		return common.Hash{}, damaged(c.sheet.path, fmt.Errorf("%w: entry %d of channel %s is leaf %d of a batch of %d", ErrCorrupt, c.number, c.channel, r.leaf, batch.len()))
	}
	return batch.leaf(r.leaf), nil
}

// batch is that of a row, nil if it is in none.
func (c *cursor) batch(r *row) (*vouchers.Batch, error) {
	if r.flags&inBatch == 0 {
		return nil, nil
	}
	batch, err := c.sealed(r.batch)
	if err != nil {
		return nil, err
	}
	return batch.whole(), nil
}

// sealed reads a batch of the table, once.
func (c *cursor) sealed(number uint64) (*sealedBatch, error) {
	if batch, known := c.batches[number]; known {
		return batch, nil
	}
	value, err := c.sheet.get(batchKey(number))
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, damaged(c.sheet.path, fmt.Errorf("%w: batch %d is missing", ErrCorrupt, number))
	}
	batch, err := decodeBatch(bytes.Clone(value)) // the value would keep its whole block
	if err != nil {
		return nil, damaged(c.sheet.path, err)
	}
	c.batches[number] = batch
	return batch, nil
}

// copy is the line of the row, which stays good when the cursor goes on.
func (c *cursor) copy() (*vouchers.Line, error) {
	if err := c.read(); err != nil {
		return nil, err
	}
	batch, err := c.batch(&c.row)
	if err != nil {
		return nil, err
	}
	l := &vouchers.Line{Entry: c.line.Entry, Attested: func() (*vouchers.Batch, error) { return batch, nil }}
	l.Value = bytes.Clone(l.Value)
	return l, nil
}
