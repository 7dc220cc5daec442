package vouchers

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

var x402Deployment = Deployment{ChainID: 84532, Escrow: common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")}

var x402Config = ChannelConfig{
	Payer:              common.HexToAddress("0x857b06519E91e3A54538791bDbb0E22373e36b66"),
	PayerAuthorizer:    common.HexToAddress("0x857b06519E91e3A54538791bDbb0E22373e36b66"),
	Receiver:           common.HexToAddress("0x209693Bc6afc0C5328bA36FaF03C514EF312287C"),
	ReceiverAuthorizer: common.HexToAddress("0x1111111111111111111111111111111111111111"),
	Token:              common.HexToAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e"),
	WithdrawDelay:      86400,
	Salt:               common.BigToHash(common.Big1),
}

func TestTypeHashesAreTheEscrows(t *testing.T) {
	for want, got := range map[string]common.Hash{
		"0x1c9a06ceab9b0ebbd3301dc56c9111bb6d9af421356dc9ccb3b7084c755db308": configTypeHash,
		"0x1e1bd6ff84c3e0d9029a292b212e039c0ca97ec497c55191a4a5874294609a69": voucherTypeHash,
		"0xbe23ad087435072cd69b49cc5b92de10ee610fce7ae0ab428307972d764bb216": refundTypeHash,
		"0x30b9a0367528fca13c3e8ec6134c3113f1887ebe7a1ad61de0955aac288b0cf5": claimEntryTypeHash,
		"0x42bd57c010b870c2e96203c66341f28a6a19b4d56a74533a8eb5f706b9fd6d57": claimBatchTypeHash,
	} {
		if got.Hex() != want {
			t.Errorf("type hash %s, want %s", got, want)
		}
	}
}

func TestDigestsAreThoseOfTheStandard(t *testing.T) {
	d := NewDomain(x402Deployment)
	id := d.ChannelID(x402Config)
	if id.Hex() != "0x105528f849f750512b35bc0f1cdf57016e517a71bbea2728461b588217bb2fcb" {
		t.Errorf("channel id %s", id)
	}
	digest := d.VoucherDigest(Voucher{Channel: id, Ceiling: 1000})
	if digest.Hex() != "0x09608681533ff54066a8dc786b659d927eca2c4f7e3825186ba495e33ed3edd3" {
		t.Errorf("voucher digest %s", digest)
	}
	if d.Deployment() != x402Deployment {
		t.Errorf("deployment %s", d.Deployment())
	}
}
