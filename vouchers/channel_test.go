package vouchers

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

func TestAChannelIDIs0xAnd64HexDigits(t *testing.T) {
	id := ChannelID{0: 0xab, 31: 0x01}
	text := "0xab" + strings.Repeat("0", 60) + "01"
	if id.Hex() != text || id.String() != text {
		t.Errorf("prints as %s", id)
	}
	back, err := ParseChannelID(text)
	if err != nil || back != id {
		t.Errorf("reads back as %s, %v", back, err)
	}
	var decoded map[string]ChannelID
	encoded, err := json.Marshal(map[string]ChannelID{"id": id})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &decoded); err != nil || decoded["id"] != id {
		t.Errorf("%s decodes to %v, %v", encoded, decoded, err)
	}
	for _, in := range []string{"", "0x", text[2:], text + "0", text[:65], "0X" + text[2:], text[:65] + "g", " " + text[:65]} {
		if _, err := ParseChannelID(in); !errors.Is(err, ErrChannelIDSyntax) {
			t.Errorf("ParseChannelID(%q): %v, want ErrChannelIDSyntax", in, err)
		}
	}
}

func TestAConfigIsCheckedBeforeAnyMoneyMoves(t *testing.T) {
	good := x402Config
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*ChannelConfig){
		"payer":               func(c *ChannelConfig) { c.Payer = common.Address{} },
		"receiver is":         func(c *ChannelConfig) { c.Receiver = common.Address{} },
		"receiver authorizer": func(c *ChannelConfig) { c.ReceiverAuthorizer = common.Address{} },
		"token":               func(c *ChannelConfig) { c.Token = common.Address{} },
		"899 seconds":         func(c *ChannelConfig) { c.WithdrawDelay = MinWithdrawDelay - 1 },
		"2592001 seconds":     func(c *ChannelConfig) { c.WithdrawDelay = MaxWithdrawDelay + 1 },
	} {
		bad := good
		spoil(&bad)
		err := bad.Validate()
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("without a good %s: %v", name, err)
		}
		if errors.Is(err, ErrWithdrawDelay) != (bad.WithdrawDelay != good.WithdrawDelay) {
			t.Errorf("%s: ErrWithdrawDelay is said of %v", name, err)
		}
	}
	for _, delay := range []uint64{MinWithdrawDelay, MaxWithdrawDelay} {
		good.WithdrawDelay = delay
		if err := good.Validate(); err != nil {
			t.Errorf("delay %d: %v", delay, err)
		}
	}
}

func TestThePayerSignsWhereThereIsNoAuthorizer(t *testing.T) {
	c := x402Config
	c.PayerAuthorizer = common.HexToAddress("0x01")
	if c.VoucherSigner() != c.PayerAuthorizer {
		t.Errorf("signer is %s", c.VoucherSigner())
	}
	c.PayerAuthorizer = common.Address{}
	if c.VoucherSigner() != c.Payer {
		t.Errorf("signer is %s", c.VoucherSigner())
	}
}

func TestADeploymentNamesItsNetworkAndEscrow(t *testing.T) {
	if got := x402Deployment.Network(); got != "eip155:84532" {
		t.Errorf("network %s", got)
	}
	if got := x402Deployment.String(); got != "eip155:84532/0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003" {
		t.Errorf("deployment %s", got)
	}
}
