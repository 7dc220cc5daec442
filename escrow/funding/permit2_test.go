package funding_test

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

func TestAPermitIsSignedAsTheStockClientSignsIt(t *testing.T) {
	raw, err := os.ReadFile("../../x402/testdata/payment-deposit-permit2.json")
	if err != nil {
		t.Fatal(err)
	}
	var stock struct {
		Payload struct {
			ChannelConfig vouchers.ChannelConfig
			Voucher       struct{ ChannelID vouchers.ChannelID }
			Deposit       struct {
				Authorization struct {
					Permit2Authorization struct {
						Nonce     json.Number
						Deadline  uint64 `json:",string"`
						Permitted struct{ Amount vouchers.Amount }
						Signature vouchers.Signature
					}
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &stock); err != nil {
		t.Fatal(err)
	}
	a := stock.Payload.Deposit.Authorization.Permit2Authorization
	nonce, ok := new(big.Int).SetString(a.Nonce.String(), 10)
	if !ok {
		t.Fatalf("the nonce is %s", a.Nonce)
	}
	d := funding.Permit2Deposit{Config: stock.Payload.ChannelConfig, Amount: a.Permitted.Amount, Nonce: nonce, Deadline: a.Deadline}
	signer, err := vouchers.Recover(d.Digest(84532, escrow.Canonical.Collectors.Permit2, stock.Payload.Voucher.ChannelID), a.Signature)
	if err != nil || signer != d.Config.Payer {
		t.Errorf("signed by %s, %v; the payer is %s", signer, err, d.Config.Payer)
	}
}
