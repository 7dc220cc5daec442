package receipts

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// entryVersion begins the value of every entry of the history.
const entryVersion = 1

// entry is the history's entry of a receipt with this digest. It has a signature only of one
// that was signed alone. The error wraps [ErrFormat].
func (r *Receipt) entry(digest common.Hash, chainID uint64, signature vouchers.Signature) (*vouchers.Entry, error) {
	switch {
	case r.IssuedAt > math.MaxUint32:
		return nil, fmt.Errorf("%w: it was issued at %d, the history has seconds up to %d", ErrFormat, r.IssuedAt, uint32(math.MaxUint32))
	case len(signature) > maxSignature:
		return nil, fmt.Errorf("%w: a signature of %d bytes, at most %d are kept", ErrFormat, len(signature), maxSignature)
	}
	return &vouchers.Entry{
		Channel: r.Channel, Number: r.Sequence, Digest: digest, Previous: r.Previous, Cumulative: r.Cumulative,
		Time: uint32(r.IssuedAt), Value: r.entryValue(chainID, signature),
	}, nil
}

// entryValue is what the entry itself does not say. Members that are zero take no room.
func (r *Receipt) entryValue(chainID uint64, signature vouchers.Signature) []byte {
	b := make([]byte, 0, 128+len(signature)+len(r.Resource))
	b = append(b, entryVersion, r.entryHas(signature))
	b = binary.AppendUvarint(b, chainID)
	b = append(b, r.Escrow[:]...)
	b = binary.AppendUvarint(b, uint64(r.Charged))
	if r.Ceiling != 0 {
		b = binary.AppendVarint(b, int64(r.Ceiling-r.Cumulative)) // little: the ceiling is that of the latest call
	}
	b = r.appendPayment(b)
	b = append(b, r.Request[:]...)
	if len(signature) > 0 {
		b = append(append(b, byte(len(signature))), signature...)
	}
	return append(b, r.Resource...)
}

// entryHas says which of the members are there that can be zero.
func (r *Receipt) entryHas(signature vouchers.Signature) byte {
	bits := r.has() &^ hasPrevious
	if len(signature) > 0 {
		bits |= hasSignature
	}
	return bits
}

// EntryOfRecord is the entry of the history for a receipt that was signed alone, as stores of
// version 1 have it in their [Bucket]. The error wraps [ErrFormat].
func EntryOfRecord(key, value []byte) (*vouchers.Entry, error) {
	s, err := FromRecord(key, value)
	if err != nil {
		return nil, err
	}
	if s.Batch != nil || len(s.Signature) == 0 {
		return nil, fmt.Errorf("%w: receipt %d of channel %s has no signature of its own", ErrFormat, s.Sequence, s.Channel)
	}
	d, err := s.Deployment()
	if err != nil {
		return nil, err
	}
	return s.entry(s.digest(separator(d)), d.ChainID, s.Signature)
}

// FromLine is the receipt of a line of the history, which shares no memory with it. The error
// wraps [ErrFormat], or is that of the history.
func (p *Proofs) FromLine(l *vouchers.Line) (*Signed, error) {
	s, err := fromEntry(&l.Entry)
	if err != nil || s.Signature != nil {
		return s, err
	}
	batch, err := l.Attested()
	if err != nil {
		return nil, fmt.Errorf("read the batch of receipt %d of channel %s: %w", l.Number, l.Channel, err)
	}
	return s, p.prove(s, batch, l.Leaf, l.Digest)
}

// fromEntry is the receipt of an entry, without a signature unless the entry has one.
func fromEntry(e *vouchers.Entry) (*Signed, error) {
	c := &cursor{rest: e.Value}
	if version := c.byte(); c.err == nil && version != entryVersion {
		c.fail(fmt.Errorf("%w: an entry of version %d", ErrFormat, version))
	}
	s := new(Signed)
	has := c.byte()
	s.Network = vouchers.Deployment{ChainID: c.number()}.Network()
	s.Escrow, s.Charged = common.Address(c.take(20)), vouchers.Amount(c.number())
	s.Channel, s.Sequence, s.Previous = e.Channel, e.Number, e.Previous
	s.Cumulative, s.IssuedAt = e.Cumulative, uint64(e.Time)
	if has&hasCeiling != 0 {
		s.Ceiling = e.Cumulative + vouchers.Amount(c.signed())
	}
	s.readPayment(c, has)
	s.Request = common.Hash(c.take(32))
	if has&hasSignature != 0 {
		s.Signature = append(vouchers.Signature(nil), c.take(int(c.byte()))...)
	}
	s.Resource = c.text()
	if c.err == nil && has != s.entryHas(s.Signature) {
		c.fail(fmt.Errorf("%w: its members are not those that it has by the bits %08b", ErrFormat, has))
	}
	if c.err != nil {
		return nil, fmt.Errorf("receipt %d of channel %s: %w", e.Number, e.Channel, c.err)
	}
	return s, nil
}
