package transfer

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// ErrEncoding says that bytes are no transfer.
var ErrEncoding = errors.New("unreadable transfer")

// encodingVersion is the first byte of every encoded transfer.
const encodingVersion = 1

var (
	_ encoding.BinaryMarshaler   = Transfer{}
	_ encoding.BinaryUnmarshaler = (*Transfer)(nil)
)

// MarshalBinary encodes the transfer for a store, with every field as it is. Errors wrap
// [ErrEncoding]: a signature is longer than [vouchers.MaxSignature], or the method is none.
func (t Transfer) MarshalBinary() ([]byte, error) {
	if !t.Method.known() {
		return nil, fmt.Errorf("%w: %s", ErrEncoding, t.Method)
	}
	b := []byte{encodingVersion, byte(t.Method)}
	b = binary.BigEndian.AppendUint64(b, t.ChainID)
	for _, a := range []common.Address{t.Token, t.From, t.To, t.Spender, t.Facilitator} {
		b = append(b, a[:]...)
	}
	for _, v := range []uint64{uint64(t.Value), t.ValidAfter, t.ValidBefore} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	b = append(b, t.Nonce[:]...)
	b, err := appendSignature(b, t.Signature)
	if err != nil || t.Permit == nil {
		return b, err
	}
	b = binary.BigEndian.AppendUint64(b, t.Permit.Nonce)
	b = binary.BigEndian.AppendUint64(b, t.Permit.Deadline)
	return appendSignature(b, t.Permit.Signature)
}

func appendSignature(b []byte, s vouchers.Signature) ([]byte, error) {
	if len(s) > vouchers.MaxSignature {
		return nil, fmt.Errorf("%w: a signature has %d bytes, at most %d are kept", ErrEncoding, len(s), vouchers.MaxSignature)
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...), nil
}

// UnmarshalBinary reads what [Transfer.MarshalBinary] has written, and nothing else. Errors
// wrap [ErrEncoding].
func (t *Transfer) UnmarshalBinary(data []byte) error {
	r := &reader{rest: data}
	if version := r.take(1); r.err == nil && version[0] != encodingVersion {
		return fmt.Errorf("%w: its version is %d, want %d", ErrEncoding, version[0], encodingVersion)
	}
	var read Transfer
	if method := r.take(1); r.err == nil {
		read.Method = Method(method[0])
	}
	read.ChainID = r.uint()
	for _, a := range []*common.Address{&read.Token, &read.From, &read.To, &read.Spender, &read.Facilitator} {
		copy(a[:], r.take(len(a)))
	}
	read.Value = vouchers.Amount(r.uint())
	read.ValidAfter, read.ValidBefore = r.uint(), r.uint()
	copy(read.Nonce[:], r.take(len(read.Nonce)))
	read.Signature = r.signature()
	if r.err == nil && len(r.rest) > 0 {
		read.Permit = &Permit{Nonce: r.uint(), Deadline: r.uint(), Signature: r.signature()}
	}
	switch {
	case r.err != nil:
		return r.err
	case len(r.rest) > 0:
		return fmt.Errorf("%w: %d bytes follow its end", ErrEncoding, len(r.rest))
	case !read.Method.known():
		return fmt.Errorf("%w: %s", ErrEncoding, read.Method)
	}
	*t = read
	return nil
}

// reader takes what is encoded from the front; its error stays.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && len(r.rest) < n {
		r.err = fmt.Errorf("%w: %d bytes are missing", ErrEncoding, n-len(r.rest))
	}
	if r.err != nil {
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) uint() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// signature copies one, nil for one of no bytes.
func (r *reader) signature() vouchers.Signature {
	length := r.take(2)
	if length == nil {
		return nil
	}
	n := int(binary.BigEndian.Uint16(length))
	if n > vouchers.MaxSignature {
		r.err = fmt.Errorf("%w: a signature has %d bytes, at most %d are kept", ErrEncoding, n, vouchers.MaxSignature)
	}
	return append(vouchers.Signature(nil), r.take(n)...)
}
