package vouchers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers"
)

func FuzzParseChannelID(f *testing.F) {
	f.Add("0x" + strings.Repeat("0a", 32))
	f.Add("0x" + strings.Repeat("0A", 32))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := vouchers.ParseChannelID(s)
		if err != nil {
			if !errors.Is(err, vouchers.ErrChannelIDSyntax) || len(err.Error()) > 1000 {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if id.Hex() != strings.ToLower(s) {
			t.Errorf("%q reads as %s", s, id)
		}
	})
}

func FuzzParseSignature(f *testing.F) {
	f.Add("0x" + strings.Repeat("1b", 65))
	f.Add("0x1")
	f.Add("0x")
	f.Fuzz(func(t *testing.T, s string) {
		sig, err := vouchers.ParseSignature(s)
		if err != nil {
			if !errors.Is(err, vouchers.ErrSignature) || len(err.Error()) > 1000 {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if sig.Hex() != strings.ToLower(s) || len(sig) == 0 || len(sig) > vouchers.MaxSignature {
			t.Errorf("%q reads as %s", s, sig)
		}
		if proof := vouchers.NewProof(sig); proof.Signature().Hex() != sig.Hex() {
			t.Errorf("%s comes out of a proof as %s", sig, proof.Signature())
		}
	})
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"20", "0.001", "1.5 USDC", "18446744073709.551615", "-1", "1e6"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := vouchers.ParseAmount(s)
		if err != nil {
			if !errors.Is(err, vouchers.ErrAmount) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		for _, form := range []string{a.Decimal(), a.String()} {
			if back, err := vouchers.ParseAmount(form); err != nil || back != a {
				t.Errorf("%q reads as %d, prints as %q, and reads back as %d, %v", s, uint64(a), form, uint64(back), err)
			}
		}
	})
}

func FuzzParseAtomic(f *testing.F) {
	for _, s := range []string{"0", "1500000", "18446744073709551615", "18446744073709551616", "007", "+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := vouchers.ParseAtomic(s)
		if err != nil {
			if !errors.Is(err, vouchers.ErrAmount) || len(err.Error()) > 1000 {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if a.Atomic() != s {
			t.Errorf("%q reads as %s", s, a.Atomic())
		}
	})
}
