package ledger_test

import (
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// No bytes are a signature of a key that did not make them, and none panic.
func FuzzVerify(f *testing.F) {
	p := newPayer(f, "payer")
	good := p.pays(100, 100)
	f.Add([]byte(good.Signature), uint64(100))
	f.Add([]byte(good.Signature[:64]), uint64(100))
	f.Fuzz(func(t *testing.T, sig []byte, ceiling uint64) {
		v := vouchers.Voucher{Channel: p.id, Ceiling: vouchers.Amount(ceiling)}
		key, err := vouchers.RecoverKey(domain.VoucherDigest(v), sig)
		if err != nil {
			if !errors.Is(err, vouchers.ErrSignature) {
				t.Errorf("%v", err)
			}
			return
		}
		if key.Address() == p.config.Payer && v != good.Voucher {
			t.Fatalf("forged %x over %+v", sig, v)
		}
		if err := domain.Verify(key, v, sig); err != nil {
			t.Errorf("the key that made %x does not verify it: %v", sig, err)
		}
		if plain, err := domain.Redeemable(key.Address(), v, sig); err != nil || len(plain) != 65 {
			t.Errorf("%x is not redeemable: %v", sig, err)
		}
		if _, err := domain.Redeemable(common.Address{1}, v, sig); err == nil {
			t.Errorf("%x is redeemable for somebody else", sig)
		}
	})
}
