package vouchers_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/chitpay/chit/vouchers"
)

var typedData = apitypes.Types{
	"EIP712Domain": {{Name: "name", Type: "string"}, {Name: "version", Type: "string"}, {Name: "chainId", Type: "uint256"}, {Name: "verifyingContract", Type: "address"}},
	"ChannelConfig": {{Name: "payer", Type: "address"}, {Name: "payerAuthorizer", Type: "address"}, {Name: "receiver", Type: "address"},
		{Name: "receiverAuthorizer", Type: "address"}, {Name: "token", Type: "address"}, {Name: "withdrawDelay", Type: "uint40"}, {Name: "salt", Type: "bytes32"}},
	"Voucher":    {{Name: "channelId", Type: "bytes32"}, {Name: "maxClaimableAmount", Type: "uint128"}},
	"Refund":     {{Name: "channelId", Type: "bytes32"}, {Name: "nonce", Type: "uint256"}, {Name: "amount", Type: "uint128"}},
	"ClaimBatch": {{Name: "claims", Type: "ClaimEntry[]"}},
	"ClaimEntry": {{Name: "channelId", Type: "bytes32"}, {Name: "maxClaimableAmount", Type: "uint128"}, {Name: "totalClaimed", Type: "uint128"}},
}

// wanted is the digest by go-ethereum's own signer.
func wanted(t *testing.T, d vouchers.Deployment, primary string, message apitypes.TypedDataMessage) common.Hash {
	t.Helper()
	digest, _, err := apitypes.TypedDataAndHash(apitypes.TypedData{
		Types: typedData, PrimaryType: primary, Message: message,
		Domain: apitypes.TypedDataDomain{
			Name: vouchers.DomainName, Version: vouchers.DomainVersion,
			ChainId: (*math.HexOrDecimal256)(new(big.Int).SetUint64(d.ChainID)), VerifyingContract: d.Escrow.Hex(),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return common.Hash(digest)
}

type randomness struct{ *rand.Rand }

func (r randomness) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func (r randomness) address() common.Address     { return common.Address(r.bytes(20)) }
func (r randomness) channel() vouchers.ChannelID { return vouchers.ChannelID(r.bytes(32)) }
func (r randomness) amount() vouchers.Amount     { return vouchers.Amount(r.Uint64() >> r.IntN(64)) }

func entry(e vouchers.ClaimEntry) map[string]any {
	return map[string]any{"channelId": e.Channel.Hex(), "maxClaimableAmount": e.Ceiling.Atomic(), "totalClaimed": e.TotalClaimed.Atomic()}
}

func TestDigestsAreThoseOfAnotherImplementation(t *testing.T) {
	r := randomness{rand.New(rand.NewPCG(11, 12))}
	for range 50 {
		deployment := vouchers.Deployment{ChainID: r.Uint64(), Escrow: r.address()}
		d := vouchers.NewDomain(deployment)
		c := vouchers.ChannelConfig{
			Payer: r.address(), PayerAuthorizer: r.address(), Receiver: r.address(), ReceiverAuthorizer: r.address(),
			Token: r.address(), WithdrawDelay: r.Uint64() >> 24, Salt: common.Hash(r.bytes(32)),
		}
		v := vouchers.Voucher{Channel: r.channel(), Ceiling: r.amount()}
		nonce := new(big.Int).SetBytes(r.bytes(1 + r.IntN(32)))
		var entries []vouchers.ClaimEntry
		var claims []any
		for range r.IntN(5) {
			e := vouchers.ClaimEntry{Channel: r.channel(), Ceiling: r.amount(), TotalClaimed: r.amount()}
			entries, claims = append(entries, e), append(claims, entry(e))
		}
		for name, digest := range map[string]struct{ got, want common.Hash }{
			"channel id": {common.Hash(d.ChannelID(c)), wanted(t, deployment, "ChannelConfig", apitypes.TypedDataMessage{
				"payer": c.Payer.Hex(), "payerAuthorizer": c.PayerAuthorizer.Hex(), "receiver": c.Receiver.Hex(), "receiverAuthorizer": c.ReceiverAuthorizer.Hex(),
				"token": c.Token.Hex(), "withdrawDelay": fmt.Sprint(c.WithdrawDelay), "salt": c.Salt.Hex(),
			})},
			"voucher": {d.VoucherDigest(v), wanted(t, deployment, "Voucher", apitypes.TypedDataMessage{
				"channelId": v.Channel.Hex(), "maxClaimableAmount": v.Ceiling.Atomic(),
			})},
			"refund": {d.RefundDigest(v.Channel, nonce, v.Ceiling), wanted(t, deployment, "Refund", apitypes.TypedDataMessage{
				"channelId": v.Channel.Hex(), "nonce": hexutil.EncodeBig(nonce), "amount": v.Ceiling.Atomic(),
			})},
			"claim batch": {d.ClaimBatchDigest(entries), wanted(t, deployment, "ClaimBatch", apitypes.TypedDataMessage{"claims": claims})},
		} {
			if digest.got != digest.want {
				t.Errorf("%s digest %s, want %s", name, digest.got, digest.want)
			}
		}
	}
}
