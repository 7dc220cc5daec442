package vouchers

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// vector is a channel with what the package @x402/evm hashed and signed for it; see
// scripts/vectors.
type vector struct {
	Config    ChannelConfig
	ChainID   uint64
	Escrow    common.Address
	ChannelID ChannelID
	Key       hexutil.Bytes
	Voucher   struct {
		Ceiling   Amount
		Digest    common.Hash
		Signature Signature
	}
	Refund struct {
		Nonce  *bigText
		Amount Amount
		Digest common.Hash
	}
	ClaimBatch struct {
		Entries []struct {
			ChannelID             ChannelID
			Ceiling, TotalClaimed Amount
		}
		Digest common.Hash
	}
}

// bigText is a big integer that JSON has as a decimal string.
type bigText struct{ big.Int }

func (b *bigText) UnmarshalJSON(quoted []byte) error {
	return b.UnmarshalText(quoted[1 : len(quoted)-1])
}

func readVectors(tb testing.TB) []vector {
	tb.Helper()
	raw, err := os.ReadFile("testdata/x402-vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil {
		tb.Fatal(err)
	}
	if len(vectors) < 50 {
		tb.Fatalf("%d vectors, want at least 50", len(vectors))
	}
	return vectors
}

func TestDomainAgreesWithTheStandardsPackage(t *testing.T) {
	for i, v := range readVectors(t) {
		d := NewDomain(Deployment{ChainID: v.ChainID, Escrow: v.Escrow})
		if err := v.Config.Validate(); err != nil {
			t.Errorf("vector %d: %v", i, err)
		}
		if id := d.ChannelID(v.Config); id != v.ChannelID {
			t.Errorf("vector %d: channel id %s, want %s", i, id, v.ChannelID)
		}
		if digest := d.VoucherDigest(Voucher{Channel: v.ChannelID, Ceiling: v.Voucher.Ceiling}); digest != v.Voucher.Digest {
			t.Errorf("vector %d: voucher digest %s, want %s", i, digest, v.Voucher.Digest)
		}
		if digest := d.RefundDigest(v.ChannelID, &v.Refund.Nonce.Int, v.Refund.Amount); digest != v.Refund.Digest {
			t.Errorf("vector %d: refund digest %s, want %s", i, digest, v.Refund.Digest)
		}
		entries := make([]ClaimEntry, len(v.ClaimBatch.Entries))
		for n, e := range v.ClaimBatch.Entries {
			entries[n] = ClaimEntry{Channel: e.ChannelID, Ceiling: e.Ceiling, TotalClaimed: e.TotalClaimed}
		}
		if digest := d.ClaimBatchDigest(entries); digest != v.ClaimBatch.Digest {
			t.Errorf("vector %d: claim batch digest %s, want %s", i, digest, v.ClaimBatch.Digest)
		}
	}
}

func TestSignaturesAgreeWithTheStandardsPackage(t *testing.T) {
	for i, v := range readVectors(t) {
		key, err := crypto.ToECDSA(v.Key)
		if err != nil {
			t.Fatalf("vector %d: %v", i, err)
		}
		d := NewDomain(Deployment{ChainID: v.ChainID, Escrow: v.Escrow})
		voucher := Voucher{Channel: v.ChannelID, Ceiling: v.Voucher.Ceiling}
		sig, err := d.SignVoucher(key, voucher)
		if err != nil {
			t.Fatalf("vector %d: %v", i, err)
		}
		if sig.Hex() != v.Voucher.Signature.Hex() {
			t.Errorf("vector %d: signature %s, want %s", i, sig, v.Voucher.Signature)
		}
		signer, err := RecoverKey(v.Voucher.Digest, v.Voucher.Signature)
		if err != nil {
			t.Fatalf("vector %d: %v", i, err)
		}
		if signer.Address() != v.Config.VoucherSigner() {
			t.Errorf("vector %d: signed by %s, the voucher signer is %s", i, signer.Address(), v.Config.VoucherSigner())
		}
		if err := d.Verify(signer, voucher, v.Voucher.Signature); err != nil {
			t.Errorf("vector %d: %v", i, err)
		}
	}
}
