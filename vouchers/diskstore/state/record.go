package state

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
)

// Every value starts with its version and a checksum (CRC-32C) over its key and
// what follows; the values of other rooms have nothing else added. Numbers are
// big-endian.
//
//	channel  version 1 | crc 4 | terms 4 | payer 20 | authorizer 20 | salt 32 |
//	         balance 8 | claimed 8 | charged 8 | aside 8 | ceiling 8 |
//	         withdrawal amount 8, after 8 | refund nonce 8 | block 8 | updated 4 |
//	         signature length 2, bytes
//	         version 2 has, before the length, burnt 8 | offset 8,
//	         version 3 then used 4
//	terms    version 1 | crc 4 | chain id 8 | escrow 20 | receiver 20 |
//	         authorizer 20 | token 20 | delay 8
//	head     version 1 | crc 4 | number 8 | digest 32 | cumulative 8
//	answer   version 1 | crc 4 | fingerprint 32 | ceiling 8 | expires 8 |
//	         omitted 1 | body (in a store of version 1 alone)
const (
	recordVersion  = 1
	channelVersion = 3
	headLength     = 5
	channelLength  = headLength + 4 + 20 + 20 + 32 + 9*8 + 4 + 2 // of version 1
	termsLength    = headLength + 8 + 4*20 + 8
	answerLength   = headLength + 32 + 8 + 8 + 1
)

// addedLength is how much longer a channel is than one of version 1.
var addedLength = [channelVersion + 1]int{2: 2 * 8, 3: 2*8 + 4}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, body)
}

// begin appends the head of a value, whose checksum seal fills in.
func begin(b []byte) []byte { return append(b, recordVersion, 0, 0, 0, 0) }

func seal(key, value []byte) {
	binary.BigEndian.PutUint32(value[1:], checksum(key, value[headLength:]))
}

// open checks the head of a value and returns what follows it.
func open(key, value []byte, least int) ([]byte, error) {
	_, body, err := openAs(key, value, least, recordVersion)
	return body, err
}

// openAs is open for a value of a version up to newest, which it returns.
func openAs(key, value []byte, least int, newest byte) (version byte, body []byte, err error) {
	switch {
	case len(value) < least:
		return 0, nil, fmt.Errorf("%w: %d bytes, want at least %d", boltfile.ErrCorrupt, len(value), least)
	case value[0] == 0 || value[0] > newest:
		return 0, nil, fmt.Errorf("%w: version %d, want at most %d", boltfile.ErrCorrupt, value[0], newest)
	case binary.BigEndian.Uint32(value[1:]) != checksum(key, value[headLength:]):
		return 0, nil, fmt.Errorf("%w: the checksum does not match", boltfile.ErrCorrupt)
	}
	return value[0], value[headLength:], nil
}

func appendChannel(b []byte, r *vouchers.Record, terms uint32) []byte {
	start := len(b)
	b = begin(b)
	b[start] = channelVersion
	b = binary.BigEndian.AppendUint32(b, terms)
	b = append(b, r.Payer[:]...)
	b = append(b, r.PayerAuthorizer[:]...)
	b = append(b, r.Salt[:]...)
	for _, v := range [...]uint64{
		uint64(r.Balance), uint64(r.Claimed), uint64(r.Charged), uint64(r.Aside), uint64(r.Ceiling),
		uint64(r.Withdrawal.Amount), r.Withdrawal.FinalizeAfter, r.RefundNonce, r.Block,
	} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	b = binary.BigEndian.AppendUint32(b, r.Updated)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Burnt))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Offset))
	b = binary.BigEndian.AppendUint32(b, r.Used)
	b = binary.BigEndian.AppendUint16(b, uint16(r.Proof.Len()))
	b = r.Proof.AppendTo(b)
	seal(r.ID[:], b[start:])
	return b
}

// reader takes fixed fields off a value whose length was checked.
type reader struct{ rest []byte }

func (r *reader) bytes(n int) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uint64() uint64          { return binary.BigEndian.Uint64(r.bytes(8)) }
func (r *reader) uint32() uint32          { return binary.BigEndian.Uint32(r.bytes(4)) }
func (r *reader) amount() vouchers.Amount { return vouchers.Amount(r.uint64()) }
func (r *reader) address() common.Address { return common.Address(r.bytes(20)) }

// decodeChannel fills rec, which may share the memory of value, and returns the
// number of its terms. What a program that wrote version 1 has put on chain is not
// known, so that everything its payer had signed is burnt. When a channel was used is
// known from version 3 on; before, it is when it was updated.
func decodeChannel(key, value []byte, rec *vouchers.Record) (terms uint32, err error) {
	if len(key) != len(rec.ID) {
		return 0, fmt.Errorf("%w: a channel id of %d bytes", boltfile.ErrCorrupt, len(key))
	}
	version, body, err := openAs(key, value, channelLength, channelVersion)
	if err != nil {
		return 0, err
	}
	r := reader{body}
	terms = r.uint32()
	*rec = vouchers.Record{
		ID:    vouchers.ChannelID(key),
		Payer: r.address(), PayerAuthorizer: r.address(), Salt: common.Hash(r.bytes(32)),
		Balance: r.amount(), Claimed: r.amount(), Charged: r.amount(), Aside: r.amount(), Ceiling: r.amount(),
		Withdrawal:  vouchers.Withdrawal{Amount: r.amount(), FinalizeAfter: r.uint64()},
		RefundNonce: r.uint64(), Block: r.uint64(), Updated: r.uint32(),
	}
	rec.Burnt, rec.Used = rec.Ceiling, rec.Updated
	if len(r.rest) < addedLength[version]+2 {
		return 0, fmt.Errorf("%w: %d bytes of version %d", boltfile.ErrCorrupt, len(value), version)
	}
	if version >= 2 {
		rec.Burnt, rec.Offset = r.amount(), r.amount()
	}
	if version >= 3 {
		rec.Used = r.uint32()
	}
	length := binary.BigEndian.Uint16(r.bytes(2))
	if int(length) != len(r.rest) || length > vouchers.MaxSignature {
		return 0, fmt.Errorf("%w: a signature of %d bytes in %d", boltfile.ErrCorrupt, length, len(r.rest))
	}
	rec.Proof = vouchers.NewProof(r.rest)
	return terms, nil
}

func appendTerms(b, key []byte, t *vouchers.Terms) []byte {
	start := len(b)
	b = begin(b)
	b = binary.BigEndian.AppendUint64(b, t.Deployment.ChainID)
	for _, a := range [...]common.Address{t.Deployment.Escrow, t.Receiver, t.ReceiverAuthorizer, t.Token} {
		b = append(b, a[:]...)
	}
	b = binary.BigEndian.AppendUint64(b, t.WithdrawDelay)
	seal(key, b[start:])
	return b
}

func decodeTerms(key, value []byte) (number uint32, t *vouchers.Terms, err error) {
	if len(key) != 4 {
		return 0, nil, fmt.Errorf("%w: a number of terms of %d bytes", boltfile.ErrCorrupt, len(key))
	}
	body, err := open(key, value, termsLength)
	if err != nil {
		return 0, nil, err
	}
	if len(value) != termsLength {
		return 0, nil, fmt.Errorf("%w: %d bytes of terms, want %d", boltfile.ErrCorrupt, len(value), termsLength)
	}
	r := reader{body}
	return binary.BigEndian.Uint32(key), &vouchers.Terms{
		Deployment: vouchers.Deployment{ChainID: r.uint64(), Escrow: r.address()},
		Receiver:   r.address(), ReceiverAuthorizer: r.address(), Token: r.address(),
		WithdrawDelay: r.uint64(),
	}, nil
}

func appendHead(b, id []byte, h *vouchers.Head) []byte {
	start := len(b)
	b = begin(b)
	b = binary.BigEndian.AppendUint64(b, h.Number)
	b = append(b, h.Digest[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Cumulative))
	seal(id, b[start:])
	return b
}

func decodeHead(id, value []byte) (h vouchers.Head, err error) {
	body, err := open(id, value, headLength+8+32+8)
	if err != nil {
		return h, err
	}
	if len(body) != 8+32+8 {
		return h, fmt.Errorf("%w: a head of %d bytes, want %d", boltfile.ErrCorrupt, len(body), 8+32+8)
	}
	r := reader{body}
	return vouchers.Head{Number: r.uint64(), Digest: common.Hash(r.bytes(32)), Cumulative: r.amount()}, nil
}

// appendPlain appends a value of another room.
func appendPlain(b, key, value []byte) []byte {
	start := len(b)
	b = append(begin(b), value...)
	seal(key, b[start:])
	return b
}
