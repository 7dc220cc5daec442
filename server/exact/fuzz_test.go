package exact

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

func FuzzReadNote(f *testing.F) {
	whole := note{Request: common.Hash{1}, Sold: []byte("page"), Trusted: true, Answered: true}
	for _, seed := range [][]byte{whole.encode(), []byte(`null`), []byte(`{"sold":""}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := readNote(raw)
		if err != nil {
			if !errors.Is(err, errNote) {
				t.Fatal(err)
			}
			return
		}
		first := n.encode()
		again, err := readNote(first)
		if err != nil || !bytes.Equal(again.encode(), first) {
			t.Errorf("%s is read as %+v, %v", first, again, err)
		}
	})
}

func FuzzDecodeAccount(f *testing.F) {
	d := vouchers.Deployment{ChainID: 1, Escrow: common.Address{2}}
	f.Add(encodeAccount(d, AccountConfig(common.Address{3}, common.Address{4}, common.Address{5}, common.Address{6})))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, config, err := decodeAccount(raw)
		if err == nil && !bytes.Equal(encodeAccount(d, config), raw) {
			t.Errorf("%x is read as %+v, %+v", raw, d, config)
		}
	})
}
