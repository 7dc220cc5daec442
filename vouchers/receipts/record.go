package receipts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// ErrFormat is what text or bytes are refused with that are no receipt.
var ErrFormat = errors.New("not a receipt")

// A stored receipt begins with its version: of one with a signature of its own, and of one that
// was signed with its batch.
const (
	recordVersion      = 1
	recordVersionBatch = 2
)

// The bits of a record of version 2, and of an entry of the history: which of the members that
// can be zero follow.
const (
	hasCeiling = 1 << iota
	hasGrant
	hasToken
	hasPrevious  // in records
	hasSignature // in entries
)

// keyLength is that of the key of a record, in bytes.
const keyLength = common.HashLength + 8

// maxSignature is the longest signature that a record holds, in bytes: keys sign 65.
const maxSignature = 255

// Record is the receipt as a payer's book keeps it: under the channel and the number, so that a
// walk sees the receipts of a channel in order. The error wraps [ErrFormat].
func (s *Signed) Record() (key, value []byte, err error) {
	d, err := s.Deployment()
	if err == nil && len(s.Signature) > maxSignature {
		err = fmt.Errorf("%w: a signature of %d bytes, at most %d are kept", ErrFormat, len(s.Signature), maxSignature)
	}
	if s.Batch == nil {
		return s.key(), s.value(d.ChainID), err
	}
	if err == nil {
		err = s.checkBatch()
	}
	return s.key(), s.batchValue(d.ChainID), err
}

func (s *Signed) key() []byte { return keyOf(s.Channel, s.Sequence) }

func keyOf(id vouchers.ChannelID, sequence uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, keyLength), id[:]...), sequence)
}

// value is the record of version 1.
func (s *Signed) value(chainID uint64) []byte {
	b := make([]byte, 0, 192+len(s.Signature)+len(s.Resource))
	b = append(b, recordVersion)
	b = binary.BigEndian.AppendUint64(b, chainID)
	b = append(b, s.Escrow[:]...)
	b = append(b, s.Previous[:]...)
	for _, n := range []uint64{uint64(s.Charged), uint64(s.Cumulative), uint64(s.Ceiling)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = append(b, s.Grant[:]...)
	b = append(b, s.Token[:]...)
	b = append(b, s.Request[:]...)
	b = binary.BigEndian.AppendUint64(b, s.IssuedAt)
	b = append(b, byte(len(s.Signature)))
	b = append(b, s.Signature...)
	return append(b, s.Resource...)
}

// checkBatch refuses what a record of version 2 does not hold.
func (s *Signed) checkBatch() error {
	switch {
	case len(s.Batch.Path) > MaxPath:
		return fmt.Errorf("%w: a path of %d hashes, at most %d are taken", ErrFormat, len(s.Batch.Path), MaxPath)
	case len(s.Resource) > MaxResource || !utf8.ValidString(s.Resource):
		return fmt.Errorf("%w: a resource of %d bytes, want at most %d of UTF-8", ErrFormat, len(s.Resource), MaxResource)
	}
	return nil
}

// batchValue is the record of version 2.
func (s *Signed) batchValue(chainID uint64) []byte {
	b := make([]byte, 0, 256+len(s.Signature)+common.HashLength*len(s.Batch.Path)+len(s.Resource))
	b = append(b, recordVersionBatch, s.has())
	b = binary.AppendUvarint(b, chainID)
	b = append(b, s.Escrow[:]...)
	if s.Previous != (common.Hash{}) {
		b = append(b, s.Previous[:]...)
	}
	b = binary.AppendUvarint(b, uint64(s.Charged))
	b = binary.AppendUvarint(b, uint64(s.Cumulative))
	if s.Ceiling != 0 {
		b = binary.AppendUvarint(b, uint64(s.Ceiling))
	}
	b = s.appendPayment(b)
	b = append(b, s.Request[:]...)
	b = binary.AppendUvarint(b, s.IssuedAt)
	b = append(b, byte(len(s.Signature)))
	b = append(b, s.Signature...)
	b = append(b, byte(len(s.Batch.Path)))
	for i := range s.Batch.Path {
		b = append(b, s.Batch.Path[i][:]...)
	}
	return append(b, s.Resource...)
}

// has says which of the members are there that can be zero.
func (r *Receipt) has() (bits byte) {
	if r.Ceiling != 0 {
		bits |= hasCeiling
	}
	if r.Grant != (ID{}) {
		bits |= hasGrant
	}
	if r.Token != (ID{}) {
		bits |= hasToken
	}
	if r.Previous != (common.Hash{}) {
		bits |= hasPrevious
	}
	return bits
}

// appendPayment appends the grant and the token that paid, where they are there.
func (r *Receipt) appendPayment(b []byte) []byte {
	if r.Grant != (ID{}) {
		b = append(b, r.Grant[:]...)
	}
	if r.Token != (ID{}) {
		b = append(b, r.Token[:]...)
	}
	return b
}

// FromRecord reads what [Signed.Record] made. The error wraps [ErrFormat].
func FromRecord(key, value []byte) (*Signed, error) {
	if len(key) != keyLength || len(value) == 0 {
		return nil, fmt.Errorf("%w: a record of %d bytes under a key of %d", ErrFormat, len(value), len(key))
	}
	s := new(Signed)
	s.Channel, s.Sequence = vouchers.ChannelID(key[:32]), binary.BigEndian.Uint64(key[32:])
	var err error
	switch value[0] {
	case recordVersion:
		err = s.fromValue(value[1:])
	case recordVersionBatch:
		err = s.fromBatchValue(value[1:])
	default:
		err = fmt.Errorf("%w: a record of version %d", ErrFormat, value[0])
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Signed) fromValue(value []byte) error {
	c := &cursor{rest: value}
	s.Network = vouchers.Deployment{ChainID: c.word()}.Network()
	s.Escrow, s.Previous = common.Address(c.take(20)), common.Hash(c.take(32))
	s.Charged, s.Cumulative, s.Ceiling = vouchers.Amount(c.word()), vouchers.Amount(c.word()), vouchers.Amount(c.word())
	s.Grant, s.Token, s.Request = ID(c.take(16)), ID(c.take(16)), common.Hash(c.take(32))
	s.IssuedAt = c.word()
	s.Signature = append(vouchers.Signature(nil), c.take(int(c.byte()))...)
	s.Resource = c.text()
	return c.err
}

func (s *Signed) fromBatchValue(value []byte) error {
	c := &cursor{rest: value}
	has := c.byte()
	s.Network = vouchers.Deployment{ChainID: c.number()}.Network()
	s.Escrow = common.Address(c.take(20))
	if has&hasPrevious != 0 {
		s.Previous = common.Hash(c.take(32))
	}
	s.Charged, s.Cumulative = vouchers.Amount(c.number()), vouchers.Amount(c.number())
	if has&hasCeiling != 0 {
		s.Ceiling = vouchers.Amount(c.number())
	}
	s.readPayment(c, has)
	s.Request, s.IssuedAt = common.Hash(c.take(32)), c.number()
	s.Signature = append(vouchers.Signature(nil), c.take(int(c.byte()))...)
	s.Batch = &Proof{make([]common.Hash, c.byte())}
	if err := s.checkBatch(); err != nil {
		return err
	}
	for i := range s.Batch.Path {
		s.Batch.Path[i] = common.Hash(c.take(32))
	}
	s.Resource = c.text()
	if c.err == nil && has != s.has() {
		c.fail(fmt.Errorf("%w: its members are not those that it has by the bits %08b", ErrFormat, has))
	}
	if c.err == nil {
		c.err = s.checkBatch()
	}
	return c.err
}

// readPayment reads what appendPayment wrote.
func (r *Receipt) readPayment(c *cursor, has byte) {
	if has&hasGrant != 0 {
		r.Grant = ID(c.take(16))
	}
	if has&hasToken != 0 {
		r.Token = ID(c.take(16))
	}
}
