package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
)

// Each decoder takes any bytes without a panic, refuses with ErrCorrupt, and what
// it takes encodes to the same bytes again. The fuzzer cannot make checksums, so
// every body is also tried under a good one.

func FuzzDecodeChannel(f *testing.F) {
	r := vouchers.Record{ID: vouchers.ChannelID{1}, Terms: &vouchers.Terms{}, Balance: 5, Proof: vouchers.NewProof(make(vouchers.Signature, 65))}
	f.Add(r.ID[:], appendChannel(nil, &r, 7))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		everySeal(key, value, func(value []byte) {
			var r vouchers.Record
			terms, err := decodeChannel(key, value, &r)
			if refused(t, err) {
				return
			}
			if value[0] == channelVersion {
				same(t, appendChannel(nil, &r, terms), value)
			}
		})
	})
}

func TestOfWhatVersion1KeptEverythingThatWasSignedIsBurnt(t *testing.T) {
	r := vouchers.Record{ID: vouchers.ChannelID{1}, Terms: &vouchers.Terms{}, Charged: 3, Ceiling: 5, Burnt: 1, Updated: 7, Proof: vouchers.NewProof(make(vouchers.Signature, 65))}
	now := appendChannel(nil, &r, 7)
	const burnt = channelLength - 2
	old := append(bytes.Clone(now[:burnt]), now[burnt+addedLength[channelVersion]:]...)
	old[0] = recordVersion
	seal(r.ID[:], old)
	var got vouchers.Record
	terms, err := decodeChannel(r.ID[:], old, &got)
	if err != nil || terms != 7 || got.Burnt != 5 || got.Offset != 0 || got.Charged != 3 || got.Updated != 7 || got.Used != 7 || got.Proof.Len() != 65 {
		t.Errorf("%+v, %d, %v", got, terms, err)
	}
}

func FuzzDecodeTerms(f *testing.F) {
	key := []byte{0, 0, 0, 1}
	f.Add(key, appendTerms(nil, key, &vouchers.Terms{Receiver: common.Address{1}, WithdrawDelay: 900}))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		everySeal(key, value, func(value []byte) {
			_, terms, err := decodeTerms(key, value)
			if refused(t, err) {
				return
			}
			same(t, appendTerms(nil, key, terms), value)
		})
	})
}

func FuzzDecodeAnswer(f *testing.F) {
	a := vouchers.Answer{Key: vouchers.AnswerKey{1}, Ceiling: 9, Expires: time.Unix(1_800_000_000, 0), Body: []byte("body")}
	f.Add(a.Key[:], appendAnswer(nil, &a))
	a.Omitted, a.Body = true, nil
	f.Add(a.Key[:], appendAnswer(nil, &a))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		everySeal(key, value, func(value []byte) {
			a, err := decodeAnswer(key, value)
			if refused(t, err) {
				return
			}
			if a.Expires.Unix() >= 0 {
				same(t, appendAnswer(nil, &a), value)
			}
		})
	})
}

func FuzzDecodePlain(f *testing.F) {
	f.Add([]byte("key"), appendPlain(nil, []byte("key"), []byte("value")))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		everySeal(key, value, func(value []byte) {
			plain, err := open(key, value, headLength)
			if refused(t, err) {
				return
			}
			same(t, appendPlain(nil, key, plain), value)
		})
	})
}

// appendAnswer writes an answer as a store of version 1 has it.
func appendAnswer(b []byte, a *vouchers.Answer) []byte {
	start := len(b)
	b = begin(b)
	b = append(b, a.Fingerprint[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Ceiling))
	b = binary.BigEndian.AppendUint64(b, uint64(a.Expires.Unix()))
	omitted := byte(0)
	if a.Omitted {
		omitted = 1
	}
	b = append(append(b, omitted), a.Body...)
	seal(a.Key[:], b[start:])
	return b
}

func FuzzDecodeHead(f *testing.F) {
	id := make([]byte, 32)
	f.Add(id, appendHead(nil, id, &vouchers.Head{Number: 3, Digest: common.Hash{1}, Cumulative: 9}))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		everySeal(key, value, func(value []byte) {
			head, err := decodeHead(key, value)
			if refused(t, err) {
				return
			}
			same(t, appendHead(nil, key, &head), value)
		})
	})
}

func everySeal(key, value []byte, try func([]byte)) {
	try(value)
	for version := byte(recordVersion); version <= channelVersion && len(value) >= headLength; version++ {
		sealed := bytes.Clone(value)
		sealed[0] = version
		seal(key, sealed)
		try(sealed)
	}
}

func refused(t *testing.T, err error) bool {
	t.Helper()
	if err != nil && !errors.Is(err, boltfile.ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
	return err != nil
}

func same(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("encodes to %x, was %x", got, want)
	}
}
