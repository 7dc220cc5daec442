package history

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// maxProblems is how many problems of a table are named: whoever reads more than that needs
// a backup, not a list.
const maxProblems = 100

// Verify reads all of a table, of receipts or of answers, and returns what it says of itself
// and what is wrong with it: checksums, the order of its rows, rows that cannot be read,
// receipts whose batch lacks them, times and counts. Each problem wraps [ErrCorrupt] and
// names the file. The error says that the file could not be read at all, or is the context's.
// Tables of receipts that are given the same chain, in order, have to follow one another: that
// one is missing is a problem of the next. A nil chain holds nothing against another.
func Verify(ctx context.Context, path string, chain Chain) (f Facts, problems []error, err error) {
	s, err := openSheet(path)
	if err != nil {
		return f, problems, err
	}
	v := verifier{sheet: s, ctx: ctx, chain: chain, batches: map[uint64]*sealedBatch{}}
	err = v.all()
	if closing := s.close(); err == nil {
		err = closing
	}
	f = (&volume{path: path, size: s.size, facts: s.facts}).list()
	return f, v.problems, err
}

// Chain is, for each channel, the digest of its last entry in the tables so far: at first that of
// the last one which is not kept any more, for the channels that have such.
type Chain map[vouchers.ChannelID]common.Hash

type verifier struct {
	sheet    *sheet
	ctx      context.Context
	chain    Chain
	problems []error

	counted facts
	batches map[uint64]*sealedBatch
	key     []byte // of the row before
	last    struct {
		channel vouchers.ChannelID
		row     row
	}
}

func (v *verifier) report(format string, values ...any) {
	if len(v.problems) < maxProblems {
		v.problems = append(v.problems, damaged(v.sheet.path, fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, values...)...)))
	}
}

func (v *verifier) all() error {
	if err := v.sum(); err != nil {
		return err
	}
	it := v.sheet.iterate(nil, nil)
	defer it.Release()
	for it.Next() {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if bytes.Compare(it.Key(), v.key) <= 0 {
			v.report("row %x comes after %x", it.Key(), v.key)
		}
		v.key = append(v.key[:0], it.Key()...)
		v.row(it.Key(), it.Value())
	}
	if err := it.Error(); err != nil {
		v.problems = append(v.problems, damaged(v.sheet.path, err))
		return nil
	}
	v.counts()
	return nil
}

// sum compares the checksum over the whole file.
func (v *verifier) sum() error {
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.NewSectionReader(v.sheet.file, 0, v.sheet.end.length)); err != nil {
		return damaged(v.sheet.path, err)
	}
	if got := sum.Sum32(); got != v.sheet.end.sum {
		v.report("its checksum is %08x, and was %08x when it was written", got, v.sheet.end.sum)
	}
	return nil
}

func (v *verifier) row(key, value []byte) {
	var err error
	switch {
	case len(key) == 5 && key[0] == batchKind:
		err = v.batch(key, value)
	case bytes.Equal(key, factsKey):
		_, err = decodeFacts(value)
	case len(key) == nameLength && key[0] == answerKind:
		err = v.answer(key, value)
	default:
		err = v.receipt(key, value)
	}
	if err != nil {
		v.report("row %x: %w", key, err)
	}
}

func (v *verifier) batch(key, value []byte) error {
	b, err := decodeBatch(value)
	if err != nil {
		return err
	}
	if !bytes.Equal(key, batchKey(v.counted.batches)) {
		v.report("batch %x is not the next, %d", key[1:], v.counted.batches)
	}
	b.leaves, b.attestation = bytes.Clone(b.leaves), nil
	v.batches[v.counted.batches] = b
	v.counted.batches++
	return nil
}

func (v *verifier) answer(key, value []byte) error {
	a, err := decodeAnswer(vouchers.AnswerKey(key[1:]), value)
	if err == nil {
		v.count(seconds(a.Expires))
	}
	return err
}

func (v *verifier) receipt(key, value []byte) error {
	channel, number, err := splitReceiptKey(key)
	if err != nil {
		return err
	}
	r, err := decodeRow(value, v.sheet.first)
	if err != nil {
		return err
	}
	digest := r.digest
	if r.flags&inBatch != 0 {
		digest = v.leaf(channel, number, &r)
	}
	v.follows(channel, number, &r)
	if v.chain != nil {
		v.chain[channel] = digest
	}
	v.count(r.time)
	return nil
}

// leaf is the digest of an entry that is in a batch.
func (v *verifier) leaf(channel vouchers.ChannelID, number uint64, r *row) common.Hash {
	leaves := 0
	if b := v.batches[r.batch]; b != nil {
		leaves = b.len()
	}
	if r.leaf >= leaves {
		v.report("entry %d of channel %s is leaf %d of a batch of %d", number, channel, r.leaf, leaves)
		return common.Hash{}
	}
	return v.batches[r.batch].leaf(r.leaf)
}

// follows holds a receipt against the one before it.
func (v *verifier) follows(channel vouchers.ChannelID, number uint64, r *row) {
	first := v.counted.channels == 0 || channel != v.last.channel
	switch {
	case first && r.flags&hasPrevious == 0:
		v.report("nothing is before entry %d of channel %s", number, channel)
	case first && v.chain != nil && v.chain[channel] != r.previous:
		v.report("the entry before %d of channel %s is missing: a table before this one is", number, channel)
	case !first && r.cumulative < v.last.row.cumulative:
		v.report("entry %d of channel %s falls from %s to %s", number, channel, v.last.row.cumulative, r.cumulative)
	}
	if first {
		v.counted.channels++
	}
	v.last.channel, v.last.row = channel, *r
}

func (v *verifier) count(at uint32) {
	if v.counted.entries++; v.counted.entries == 1 {
		v.counted.first = at
	}
	v.counted.first, v.counted.last = min(v.counted.first, at), max(v.counted.last, at)
}

func (v *verifier) counts() {
	if v.counted != v.sheet.facts {
		v.report("it says that it has %+v, and has %+v", v.sheet.facts, v.counted)
	}
}
