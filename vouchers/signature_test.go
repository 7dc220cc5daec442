package vouchers

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/internal/plain"
)

func testKey(t testing.TB, seed string) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte(seed)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicKey(key *ecdsa.PrivateKey) *PublicKey {
	return (*PublicKey)(crypto.FromECDSAPub(&key.PublicKey))
}

// compacted returns the EIP-2098 form of a plain signature.
func compacted(sig Signature) Signature {
	short := append(Signature(nil), sig[:64]...)
	short[32] |= (sig[64] - 27) << 7
	return short
}

// mirrored returns the other signature of the same key over the same digest: s in the upper half, parity turned.
func mirrored(sig Signature) Signature {
	s := new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(sig[32:64]))
	out := append(Signature(nil), sig...)
	s.FillBytes(out[32:64])
	out[64] = 55 - sig[64]
	return out
}

func TestAVoucherSignedByAKeyIsGoodUnderThatKeyAlone(t *testing.T) {
	d := NewDomain(x402Deployment)
	key := testKey(t, "signer")
	v := Voucher{Channel: ChannelID{1}, Ceiling: 1000}
	sig, err := d.SignVoucher(key, v)
	if err != nil {
		t.Fatal(err)
	}
	address := crypto.PubkeyToAddress(key.PublicKey)
	for name, form := range map[string]Signature{"65 bytes": sig, "64 bytes": compacted(sig)} {
		if err := d.Verify(publicKey(key), v, form); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, err := Recover(d.VoucherDigest(v), form)
		if err != nil || got != address {
			t.Errorf("%s recovers to %s, %v", name, got, err)
		}
		if err := d.Verify(publicKey(testKey(t, "another")), v, form); !errors.Is(err, ErrSignature) {
			t.Errorf("%s under another key: %v", name, err)
		}
		for what, other := range map[string]Voucher{
			"another ceiling": {Channel: v.Channel, Ceiling: 1001},
			"another channel": {Channel: ChannelID{2}, Ceiling: 1000},
		} {
			if err := d.Verify(publicKey(key), other, form); !errors.Is(err, ErrSignature) {
				t.Errorf("%s for %s: %v", name, what, err)
			}
		}
		elsewhere := NewDomain(Deployment{ChainID: 1, Escrow: x402Deployment.Escrow})
		if err := elsewhere.Verify(publicKey(key), v, form); !errors.Is(err, ErrSignature) {
			t.Errorf("%s on another chain: %v", name, err)
		}
	}
}

func TestOnlyCanonicalSignaturesAreRead(t *testing.T) {
	d := NewDomain(x402Deployment)
	key := testKey(t, "signer")
	v := Voucher{Channel: ChannelID{1}, Ceiling: 1000}
	sig, err := d.SignVoucher(key, v)
	if err != nil {
		t.Fatal(err)
	}
	withV := func(v byte) Signature { return append(append(Signature(nil), sig[:64]...), v) }
	for name, bad := range map[string]Signature{
		"nothing":            nil,
		"63 bytes":           sig[:63],
		"66 bytes":           append(append(Signature(nil), sig...), 0),
		"v of 0":             withV(0),
		"v of 1":             withV(1),
		"v of 29":            withV(29),
		"a high s":           mirrored(sig),
		"all zero":           make(Signature, 64),
		"an r above the end": append(append(Signature(nil), bytes.Repeat([]byte{0xff}, 32)...), sig[32:]...),
	} {
		if err := d.Verify(publicKey(key), v, bad); !errors.Is(err, ErrSignature) {
			t.Errorf("verify with %s: %v", name, err)
		}
		if got, err := Recover(d.VoucherDigest(v), bad); !errors.Is(err, ErrSignature) {
			t.Errorf("recover with %s: %s, %v", name, got, err)
		}
	}
}

func TestAWrongParityIsMadeRightBeforeAClaim(t *testing.T) {
	d := NewDomain(x402Deployment)
	key := testKey(t, "signer")
	signer := crypto.PubkeyToAddress(key.PublicKey)
	v := Voucher{Channel: ChannelID{1}, Ceiling: 1000}
	sig, err := d.SignVoucher(key, v)
	if err != nil {
		t.Fatal(err)
	}
	turned := append(Signature(nil), sig...)
	turned[64] = 55 - sig[64]
	if err := d.Verify(publicKey(key), v, turned); err != nil {
		t.Fatalf("the check with a known key does not look at the parity: %v", err)
	}
	for name, form := range map[string]Signature{"as signed": sig, "turned": turned, "compact": compacted(sig), "compact and turned": compacted(turned)} {
		got, err := d.Redeemable(signer, v, form)
		if err != nil || !bytes.Equal(got, sig) {
			t.Errorf("%s: redeemable as %s, %v, want %s", name, got, err, sig)
		}
	}
	if _, err := d.Redeemable(common.Address{1}, v, sig); !errors.Is(err, ErrSignature) {
		t.Errorf("redeemable for somebody else: %v", err)
	}
}

func TestVerifyDoesNotAllocate(t *testing.T) {
	d := NewDomain(x402Deployment)
	key := testKey(t, "signer")
	v := Voucher{Channel: ChannelID{1}, Ceiling: 1000}
	sig, err := d.SignVoucher(key, v)
	if err != nil {
		t.Fatal(err)
	}
	public := publicKey(key)
	if n := testing.AllocsPerRun(100, func() {
		if d.Verify(public, v, sig) != nil {
			t.Error("refused")
		}
	}); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestASignatureIsHexInText(t *testing.T) {
	for in, want := range map[string]int{"0x01": 1, "0x" + strings.Repeat("ab", 65): 65, "0x" + strings.Repeat("00", MaxSignature): MaxSignature} {
		sig, err := ParseSignature(in)
		if err != nil || len(sig) != want || sig.Hex() != in {
			t.Errorf("ParseSignature(%s) = %s, %v", plain.Clip(in), plain.Clip(sig.Hex()), err)
		}
	}
	for _, in := range []string{"", "0x", "0x1", "0xzz", "ab", "0Xab", "0x" + strings.Repeat("00", MaxSignature+1)} {
		if _, err := ParseSignature(in); !errors.Is(err, ErrSignature) {
			t.Errorf("ParseSignature(%s): %v", plain.Clip(in), err)
		}
	}
	var none Signature
	if err := none.UnmarshalText(nil); err != nil || none != nil || none.Hex() != "" {
		t.Errorf("no signature reads as %s, %v", none, err)
	}
}
