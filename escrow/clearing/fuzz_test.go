package clearing

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
)

func FuzzDecodeRecord(f *testing.F) {
	settled := Record{
		Transfer: transfer.Transfer{Method: transfer.EIP3009, ChainID: 1, From: common.Address{1}, To: common.Address{2}, Value: 3, ValidBefore: 4, Nonce: common.Hash{5}, Signature: make([]byte, 65)},
		State:    Settled, Amount: 3, Moved: 3, Transaction: common.Hash{6}, Block: 7,
	}
	for _, seed := range [][]byte{settled.encode(), []byte(`null`), []byte(`{}`), []byte(`{"transfer":null}`), []byte(`{"state":9}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := decodeRecord(raw)
		if err != nil {
			if !errors.Is(err, ErrRecord) {
				t.Fatal(err)
			}
			return
		}
		first := r.encode()
		again, err := decodeRecord(first)
		if err != nil || !bytes.Equal(again.encode(), first) {
			t.Errorf("%s is read as %+v, %v", first, again, err)
		}
	})
}

func FuzzDecodeShipment(f *testing.F) {
	whole := encode(&shipment{Sender: common.Address{1}, Gas: 2, Keys: []common.Hash{{3}}})
	for _, seed := range [][]byte{whole, []byte(`null`), []byte(`{"keys":[null]}`)} {
		f.Add(append([]byte{shipmentEntry}, "id"...), seed)
	}
	f.Fuzz(func(t *testing.T, key, raw []byte) {
		if len(key) == 0 { // a bucket has no such key
			return
		}
		s, err := decodeShipment(key, raw)
		if err != nil {
			if !errors.Is(err, ErrRecord) {
				t.Fatal(err)
			}
			return
		}
		again, err := decodeShipment(key, encode(s))
		if err != nil || !bytes.Equal(encode(again), encode(s)) || again.name() != s.name() {
			t.Errorf("%s is read as %+v, %v", encode(s), again, err)
		}
	})
}
