package extension_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402/extension"
)

func TestAServiceReceiptIsSignedAsTheExtensionsOwnPackageSignsIt(t *testing.T) {
	raw, err := os.ReadFile("../testdata/receipts.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Signer   common.Address
		Receipts struct {
			Signed []struct {
				Digest common.Hash
				Signed struct {
					Payload   extension.ServiceReceipt
					Signature vouchers.Signature
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Receipts.Signed) == 0 {
		t.Fatal("there are no golden receipts")
	}
	for _, g := range golden.Receipts.Signed {
		if got := g.Signed.Payload.Digest(); got != g.Digest {
			t.Errorf("%+v has the digest %s, want %s", g.Signed.Payload, got, g.Digest)
		}
		if signer, err := vouchers.Recover(g.Digest, g.Signed.Signature); err != nil || signer != golden.Signer {
			t.Errorf("%+v is signed by %s, %v", g.Signed.Payload, signer, err)
		}
	}
}

func TestAReceiptIsWhereTheStockServerPutsIt(t *testing.T) {
	raw, err := os.ReadFile("../testdata/settlement-receipt.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Extensions map[string]struct {
			Info struct {
				Receipt struct {
					Format    string
					Payload   extension.ServiceReceipt
					Signature vouchers.Signature
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	want := golden.Extensions[extension.NameOfferReceipt]
	extensions, err := extension.WithReceipt(nil, &want.Info.Receipt.Payload, want.Info.Receipt.Signature)
	if err != nil {
		t.Fatal(err)
	}
	got := golden.Extensions[extension.NameOfferReceipt]
	got.Info.Receipt.Payload = extension.ServiceReceipt{}
	if err := json.Unmarshal(extensions[extension.NameOfferReceipt], &got); err != nil || got.Info.Receipt.Payload != want.Info.Receipt.Payload || got.Info.Receipt.Format != want.Info.Receipt.Format {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if !extension.WantsReceipt(extension.AnnounceReceipts(nil)) || extension.WantsReceipt(nil) {
		t.Error("what a seller announces is what a payer sends back")
	}
}
