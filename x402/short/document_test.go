package short_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// worked is the example of docs/PROTOCOL.md.
type worked struct {
	Key, ChannelID, Signature, Pay, Paid string
	ChainID                              uint64
	Escrow                               common.Address
	Config                               struct {
		Payer, PayerAuthorizer, Receiver, ReceiverAuthorizer, Token common.Address
		WithdrawDelay                                               uint64
		Salt                                                        common.Hash
	}
	Ceiling, Amount, Charged, Count, Balance vouchers.Amount
	Identifier                               string
}

func TestTheExampleOfTheProtocolIsWhatThisPackageWrites(t *testing.T) {
	document, err := os.ReadFile("../../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- short -->\n```json\n(.*?)```").FindSubmatch(document)
	if block == nil {
		t.Fatal("docs/PROTOCOL.md has no example of the short form")
	}
	var w worked
	if err := json.Unmarshal(block[1], &w); err != nil {
		t.Fatal(err)
	}
	if w.Escrow != x402.CanonicalEscrow {
		t.Errorf("the escrow is %s", w.Escrow)
	}
	holds := func(name, says, want string) {
		if says != want {
			t.Errorf("%s says\n%s, it is\n%s", name, says, want)
		}
	}
	domain := vouchers.NewDomain(vouchers.Deployment{ChainID: w.ChainID, Escrow: w.Escrow})
	id := domain.ChannelID(vouchers.ChannelConfig(w.Config))
	holds("channelId", w.ChannelID, id.Hex())
	key, err := crypto.HexToECDSA(strings.TrimPrefix(w.Key, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	if signer := crypto.PubkeyToAddress(key.PublicKey); signer != w.Config.PayerAuthorizer {
		t.Errorf("the key is that of %s", signer)
	}
	signature, err := domain.SignVoucher(key, vouchers.Voucher{Channel: id, Ceiling: w.Ceiling})
	if err == nil {
		signature, err = signature.Compact()
	}
	if err != nil {
		t.Fatal(err)
	}
	holds("signature", w.Signature, signature.Hex())
	payment := short.Payment{Channel: id, Ceiling: w.Ceiling, Amount: w.Amount, Signature: signature, Identifier: w.Identifier}
	text, err := payment.Encode()
	if err != nil {
		t.Fatal(err)
	}
	holds("pay", w.Pay, text)
	holds("paid", w.Paid, short.Paid{Charged: w.Charged, Count: w.Count, Balance: w.Balance}.Encode())
}
