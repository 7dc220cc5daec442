package profile

import (
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server"
)

func TestAProfileNamesFurtherDeployments(t *testing.T) {
	p, err := load(t, `
also:
  - {escrow: "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"}
  - rpc: http://127.0.0.1:2
    chainId: 10
    escrow: "0x00000000000000000000000000000000000000aa"
    collector: "0x00000000000000000000000000000000000000bb"
    token: "0x4716e8B54Ce3435323557446a2CEaEf816816590"
    minDeposit: "2"
    confirmations: 3
    coinPrice: "3000"
    permit2: true
`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.AlsoAccepts()
	want := []server.Accepts{{Escrow: escrow.Canonical.Escrow}, {
		RPC: "http://127.0.0.1:2", ChainID: 10, Escrow: common.Address{19: 0xaa}, Collectors: escrow.Collectors{EIP3009: common.Address{19: 0xbb}},
		Token: p.TokenAddress(), MinDeposit: 2_000_000, Confirmations: 3, CoinPrice: 3_000_000_000, Permit2: true,
	}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read %+v, %v\nwant %+v", got, err, want)
	}
}

func TestAMistakeInADeploymentNamesItsKey(t *testing.T) {
	const canonical = `escrow: "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"`
	for lines, says := range map[string]string{
		"also: [{confirmations: 1}]":                                                                        "also[0].escrow",
		"also: [{" + canonical + "}, {" + canonical + `, minDeposit: "x"}]`:                                 "also[1].minDeposit",
		"also: [{" + canonical + `, token: "0x12"}]`:                                                        "also[0].token",
		"also: [{" + canonical + `, collector: "0x12"}]`:                                                    "also[0].collector",
		"also: [{" + canonical + `, coinPrice: "dear"}]`:                                                    "also[0].coinPrice",
		"also: [{" + canonical + `, rpc: "http://h", token: "0x4716e8B54Ce3435323557446a2CEaEf816816590"}]`: "also[0].chainId",
		"also: [{" + canonical + `, rpc: "http://h", chainId: 10}]`:                                         "also[0].token",
		"also: [{" + canonical + `, price: 1}]`:                                                             "price",
	} {
		if _, err := load(t, lines+"\n"); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "test.yaml") {
			t.Errorf("%s\nit says %v, want %q", lines, err, says)
		}
	}
}
