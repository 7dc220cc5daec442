package receipts

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// ErrFormat is what text or bytes are refused with that are no receipt.
var ErrFormat = errors.New("not a receipt")

// recordVersion begins every stored receipt.
const recordVersion = 1

// recordHead is how long a stored receipt is without its signature and resource.
const recordHead = 1 + 8 + 20 + 32 + 3*8 + 2*16 + 32 + 8 + 1

// Record is the receipt as a store keeps it: under the channel and the number, so that a
// walk sees the receipts of a channel in order. The error wraps [ErrFormat].
func (s *Signed) Record() (key, value []byte, err error) {
	d, err := s.Deployment()
	if err == nil && len(s.Signature) > maxSignature {
		err = fmt.Errorf("%w: a signature of %d bytes, at most %d are kept", ErrFormat, len(s.Signature), maxSignature)
	}
	return s.key(), s.value(d.ChainID), err
}

// maxSignature is the longest signature that a record holds, in bytes: keys sign 65.
const maxSignature = 255

func (s *Signed) key() []byte { return keyOf(s.Channel, s.Sequence) }

func keyOf(id vouchers.ChannelID, sequence uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, len(id)+8), id[:]...), sequence)
}

func (s *Signed) value(chainID uint64) []byte {
	b := make([]byte, 0, recordHead+len(s.Signature)+len(s.Resource))
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

// FromRecord reads what [Signed.Record] made. The error wraps [ErrFormat].
func FromRecord(key, value []byte) (*Signed, error) {
	if len(key) != len(vouchers.ChannelID{})+8 || len(value) < recordHead || value[0] != recordVersion {
		return nil, fmt.Errorf("%w: a record of %d bytes under a key of %d", ErrFormat, len(value), len(key))
	}
	s := new(Signed)
	s.Channel, s.Sequence = vouchers.ChannelID(key[:32]), binary.BigEndian.Uint64(key[32:])
	rest := value[1:]
	take := func(n int) []byte {
		taken := rest[:n]
		rest = rest[n:]
		return taken
	}
	number := func() uint64 { return binary.BigEndian.Uint64(take(8)) }
	s.Network = vouchers.Deployment{ChainID: number()}.Network()
	s.Escrow, s.Previous = common.Address(take(20)), common.Hash(take(32))
	s.Charged, s.Cumulative, s.Ceiling = vouchers.Amount(number()), vouchers.Amount(number()), vouchers.Amount(number())
	s.Grant, s.Token, s.Request = ID(take(16)), ID(take(16)), common.Hash(take(32))
	s.IssuedAt = number()
	length := int(take(1)[0])
	if length > len(rest) {
		return nil, fmt.Errorf("%w: a signature of %d bytes in a record that has %d left", ErrFormat, length, len(rest))
	}
	s.Signature = append(vouchers.Signature(nil), take(length)...)
	s.Resource = string(rest)
	return s, nil
}
