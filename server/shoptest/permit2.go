package shoptest

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
)

// ApprovePermit2 has the owner of a key let Permit2 move so much of its tokens, in
// atomic units.
func ApprovePermit2(t testing.TB, owner keys.Signer, token common.Address, amount *big.Int) {
	t.Helper()
	sender, err := txmgr.NewSender(t.Context(), Net.Client, owner)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if _, err := sender.Send(t.Context(), txmgr.Call{To: token, Data: abigen.NewToken().PackApprove(funding.Permit2, amount), Label: "approve Permit2"}); err != nil {
		t.Fatal(err)
	}
}

// PlainToken is DevUSDC without EIP-3009, of which each owner gets 100.
func PlainToken(t testing.TB, owners ...common.Address) common.Address {
	t.Helper()
	admin, err := txmgr.NewSender(t.Context(), Net.Client, keys.Dev(devnet.Admin))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	selector := abigen.NewToken().PackAuthorizationState(common.Address{}, [32]byte{})[:4]
	bin := common.FromHex(abigen.DevUSDCMetaData.Bin)
	if !bytes.Contains(bin, selector) {
		t.Fatalf("the code of DevUSDC does not name authorizationState")
	}
	bin = bytes.ReplaceAll(bin, selector, []byte{selector[0], selector[1], selector[2], selector[3] + 1})
	account := admin.Address()
	token, _, err := admin.Create2(t.Context(), abigen.Deployer, abigen.Salt, append(bin, common.LeftPadBytes(account[:], 32)...), "deploy a token")
	if err != nil {
		t.Fatal(err)
	}
	for _, owner := range owners {
		if _, err := admin.Send(t.Context(), txmgr.Call{To: token, Data: abigen.NewDevUSDC().PackMint(owner, (100 * USDC).Big()), Label: "mint"}); err != nil {
			t.Fatal(err)
		}
	}
	return token
}
