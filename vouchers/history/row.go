package history

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// What the key of a row begins with.
const (
	answerKind  = 'a'
	batchKind   = 'b'
	factsKind   = 'f'
	receiptKind = 'r'
)

func batchKey(number uint64) []byte {
	return binary.BigEndian.AppendUint32([]byte{batchKind}, uint32(number))
}

// maxReceiptKey is the length of the longest key of a receipt.
const maxReceiptKey = nameLength + 1 + 8

func receiptKey(id vouchers.ChannelID, number uint64) []byte {
	return appendReceiptKey(make([]byte, 0, maxReceiptKey+1), id, number)
}

// appendReceiptKey writes the number as its length and so many bytes, the highest first: keys
// sort as numbers do, and those of small ones are short.
func appendReceiptKey(b []byte, id vouchers.ChannelID, number uint64) []byte {
	b = append(append(b, receiptKind), id[:]...)
	n := (bits.Len64(number) + 7) / 8
	b = append(b, byte(n))
	for n--; n >= 0; n-- {
		b = append(b, byte(number>>(8*n)))
	}
	return b
}

// receiptsEnd is after the key of every receipt of a channel.
func receiptsEnd(id vouchers.ChannelID) []byte {
	return append(receiptKey(id, 1<<64-1), 0)
}

func splitReceiptKey(key []byte) (id vouchers.ChannelID, number uint64, err error) {
	if len(key) > nameLength && len(key) <= maxReceiptKey && key[0] == receiptKind {
		for _, b := range key[nameLength+1:] {
			number = number<<8 | uint64(b)
		}
		id = vouchers.ChannelID(key[1:nameLength])
		if bytes.Equal(key, appendReceiptKey(make([]byte, 0, maxReceiptKey), id, number)) {
			return id, number, nil
		}
	}
	return id, 0, fmt.Errorf("%w: key %x is not that of a receipt", ErrCorrupt, key)
}

// What the first byte of a receipt's row says.
const (
	inBatch     = 1 << iota // its digest is a leaf of a batch, and not in the row
	hasPrevious             // the digest of the entry before it is in the row
	knownFlags  = inBatch | hasPrevious
)

// unread are the flags of no row.
const unread = 1 << 7

// row is what a table has of an entry beside its key.
type row struct {
	flags      byte
	previous   common.Hash // if hasPrevious
	digest     common.Hash // unless inBatch
	batch      uint64
	leaf       int
	time       uint32 // Unix seconds
	cumulative vouchers.Amount
	value      []byte
}

// append writes the row. Times are written from base, the earliest of the table, on.
func (r *row) append(b []byte, base uint32) []byte {
	b = append(b, r.flags)
	if r.flags&hasPrevious != 0 {
		b = append(b, r.previous[:]...)
	}
	if r.flags&inBatch != 0 {
		b = binary.AppendUvarint(binary.AppendUvarint(b, r.batch), uint64(r.leaf))
	} else {
		b = append(b, r.digest[:]...)
	}
	b = binary.AppendUvarint(b, uint64(r.time-base))
	b = binary.AppendUvarint(b, uint64(r.cumulative))
	return append(b, r.value...)
}

// decodeRow reads a row, whose value stays in b. The error wraps [ErrCorrupt].
func decodeRow(b []byte, base uint32) (row, error) {
	in := input{b: b}
	r := row{flags: in.byte()}
	if r.flags&hasPrevious != 0 {
		r.previous = in.hash()
	}
	if r.flags&inBatch != 0 {
		r.batch, r.leaf = in.number(1<<32-1), int(in.number(1<<31-1))
	} else {
		r.digest = in.hash()
	}
	r.time = base + uint32(in.number(uint64(1<<32-1-base)))
	r.cumulative = vouchers.Amount(in.number(1<<64 - 1))
	r.value = in.b
	if in.failed || r.flags&^byte(knownFlags) != 0 {
		return row{}, fmt.Errorf("%w: the row of a receipt, %d bytes, cannot be read", ErrCorrupt, len(b))
	}
	return r, nil
}

// appendBatch writes the row of a batch.
func appendBatch(b []byte, batch *vouchers.Batch) []byte {
	b = binary.AppendUvarint(b, uint64(len(batch.Leaves)))
	for i := range batch.Leaves {
		b = append(b, batch.Leaves[i][:]...)
	}
	return append(b, batch.Attestation...)
}

// sealedBatch is the row of a batch, of which most readers want one leaf.
type sealedBatch struct {
	leaves, attestation []byte
	read                *vouchers.Batch // once all of it was wanted
}

// decodeBatch reads what [appendBatch] wrote. It shares its memory.
func decodeBatch(b []byte) (*sealedBatch, error) {
	in := input{b: b}
	n := in.number(uint64(len(b) / common.HashLength))
	leaves := in.take(int(n) * common.HashLength)
	if in.failed {
		return nil, fmt.Errorf("%w: the row of a batch, %d bytes, cannot be read", ErrCorrupt, len(b))
	}
	return &sealedBatch{leaves: leaves, attestation: in.b}, nil
}

func (b *sealedBatch) len() int { return len(b.leaves) / common.HashLength }

func (b *sealedBatch) leaf(n int) common.Hash {
	return common.Hash(b.leaves[n*common.HashLength : (n+1)*common.HashLength])
}

// whole is the batch as others know it, the same one each time.
func (b *sealedBatch) whole() *vouchers.Batch {
	if b.read == nil {
		b.read = &vouchers.Batch{Leaves: make([]common.Hash, b.len()), Attestation: bytes.Clone(b.attestation)}
		for i := range b.read.Leaves {
			b.read.Leaves[i] = b.leaf(i)
		}
	}
	return b.read
}

// input is what is left of a row. What is asked of it after it failed is zero.
type input struct {
	b      []byte
	failed bool
}

func (in *input) take(n int) []byte {
	if in.failed || len(in.b) < n {
		in.failed = true
		return make([]byte, n)
	}
	taken := in.b[:n]
	in.b = in.b[n:]
	return taken
}

func (in *input) byte() byte        { return in.take(1)[0] }
func (in *input) hash() common.Hash { return common.Hash(in.take(common.HashLength)) }

// number reads a varint that is at most largest.
func (in *input) number(largest uint64) uint64 {
	v, n := binary.Uvarint(in.b)
	if in.failed || n <= 0 || v > largest {
		in.failed = true
		return 0
	}
	in.b = in.b[n:]
	return v
}
