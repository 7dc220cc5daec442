package extension_test

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402/extension"
)

func TestAStatementOfAMoveIsTypedDataThatItsAuthorizerSigns(t *testing.T) {
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	at := vouchers.Deployment{ChainID: 8453, Escrow: common.HexToAddress("0x1234")}
	config := vouchers.ChannelConfig{
		Receiver: common.HexToAddress("0x5678"), ReceiverAuthorizer: crypto.PubkeyToAddress(key.PublicKey),
		Token: common.HexToAddress("0x9abc"), WithdrawDelay: 86400, Payer: common.HexToAddress("0xdef0"), Salt: common.HexToHash("0x1"),
	}
	m := extension.Move{From: "https://old.example", To: "https://new.example:8443", Network: at.Network(), Escrow: at.Escrow, Until: 2_000_000_000}
	typed := apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": {{Name: "name", Type: "string"}, {Name: "version", Type: "string"}, {Name: "chainId", Type: "uint256"}, {Name: "verifyingContract", Type: "address"}},
			"Move": {
				{Name: "from", Type: "string"}, {Name: "to", Type: "string"}, {Name: "receiver", Type: "address"}, {Name: "receiverAuthorizer", Type: "address"},
				{Name: "token", Type: "address"}, {Name: "withdrawDelay", Type: "uint40"}, {Name: "until", Type: "uint64"},
			},
		},
		PrimaryType: "Move",
		Domain:      apitypes.TypedDataDomain{Name: extension.MoveDomainName, Version: extension.MoveDomainVersion, ChainId: (*math.HexOrDecimal256)(big.NewInt(8453)), VerifyingContract: at.Escrow.Hex()},
		Message: apitypes.TypedDataMessage{
			"from": m.From, "to": m.To, "receiver": config.Receiver.Hex(), "receiverAuthorizer": config.ReceiverAuthorizer.Hex(),
			"token": config.Token.Hex(), "withdrawDelay": "86400", "until": "2000000000",
		},
	}
	want, _, err := apitypes.TypedDataAndHash(typed)
	if got := m.Digest(at, config); err != nil || got != common.Hash(want) {
		t.Fatalf("the digest is %s, want %x, %v", got, want, err)
	}
	if m.Signature, err = crypto.Sign(want, key); err != nil {
		t.Fatal(err)
	}
	m.Signature[64] += 27
	extensions, err := extension.WithMoves(nil, []extension.Move{m})
	if err != nil {
		t.Fatal(err)
	}
	read, err := extension.Moves(extensions)
	if err != nil || len(read) != 1 {
		t.Fatalf("read %+v, %v", read, err)
	}
	before, after := time.Unix(1_999_999_999, 0), time.Unix(2_000_000_000, 0)
	if err := read[0].Check(at, config, before); err != nil {
		t.Errorf("a good one: %v", err)
	}
	if err := read[0].Check(at, config, after); !errors.Is(err, extension.ErrMove) {
		t.Errorf("one that has ended: %v", err)
	}
	config.WithdrawDelay++
	if err := read[0].Check(at, config, before); !errors.Is(err, extension.ErrMove) {
		t.Errorf("one about other channels: %v", err)
	}
}

func TestAnOriginIsWrittenInOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"HTTPS://Shop.Example:443/mcp?x=1": "https://shop.example", "http://[::1]:80": "http://[::1]", "http://h.:8080/": "http://h.:8080",
		"shop.example": "", "ftp://h": "", "https://user@h": "", "https://": "",
	} {
		if got, err := extension.Origin(text); got != want || (err != nil) != (want == "") {
			t.Errorf("the origin of %s is %q, %v", text, got, err)
		}
	}
}
