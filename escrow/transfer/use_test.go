package transfer_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/transfer"
)

// together makes transfers in one transaction of somebody else's, those that fail apart.
func (s *shop) together(all ...transfer.Transfer) *types.Receipt {
	s.t.Helper()
	var calls []transfer.Call
	for _, d := range all {
		of, err := d.Calls(transfer.ByKey, d.Value)
		if err != nil {
			s.t.Fatal(err)
		}
		of[0].MayFail = true
		calls = append(calls, of...)
	}
	call := transfer.Aggregate(calls)
	return s.transact(s.payer("who sends"), call.To, call.Data)
}

// elsewhere is a transfer of the same payer and nonce to somebody else.
func (s *shop) elsewhere(d transfer.Transfer, key keys.Signer) transfer.Transfer {
	s.t.Helper()
	d.To = common.Address{19: 99}
	s.sign(&d, key)
	return d
}

func TestWhatDidNotHappenIsNotFound(t *testing.T) {
	s := newShop(t)
	key := s.payer("payer")
	s.approve(key, big.NewInt(1e12))
	for _, method := range []transfer.Method{transfer.EIP3009, transfer.Permit2} {
		d, other := s.transfer(method, key, usdc), s.transfer(method, key, usdc)
		receipt := s.settle(other, usdc, transfer.ByKey)
		if method == transfer.EIP3009 {
			if use, ok := d.Outcome(receipt, nil); ok {
				t.Errorf("%s: another's transaction did it: %+v", method, use)
			}
		}
		if use, err := d.FindUse(t.Context(), net.Client, 0, nil); use != nil || err != nil {
			t.Errorf("%s: %+v, %v", method, use, err)
		}
		if used, err := d.Used(t.Context(), net.Client, nil); used || err != nil {
			t.Errorf("%s: used %t, %v", method, used, err)
		}
	}
}

func TestANonceThatWentElsewherePaysNobodyHere(t *testing.T) {
	s := newShop(t)
	key := s.payer("payer")
	s.approve(key, big.NewInt(1e12))

	// A payer makes it look as near as it can to what the shop looks for: the nonce goes
	// elsewhere, and the same sum to the shop, by another nonce before and after it.
	for _, method := range []transfer.Method{transfer.EIP3009, transfer.Permit2} {
		d := s.transfer(method, key, usdc)
		decoy := s.transfer(transfer.EIP3009, key, usdc)
		receipt := s.together(decoy, s.elsewhere(d, key), s.transfer(transfer.EIP3009, key, usdc))
		if use, ok := d.Outcome(receipt, nil); ok {
			t.Errorf("%s: it is said to be %+v", method, use)
		}
		use, err := d.FindUse(t.Context(), net.Client, 0, nil)
		if use != nil || method == transfer.EIP3009 != errors.Is(err, transfer.ErrSpent) {
			t.Errorf("%s: it is found as %+v, %v", method, use, err)
		}
		if _, ok := decoy.Outcome(receipt, nil); !ok {
			t.Errorf("%s: the payment beside it is not found", method)
		}
	}

	cancelled := s.transfer(transfer.EIP3009, key, usdc)
	s.cancel(cancelled, key)
	if use, err := cancelled.FindUse(t.Context(), net.Client, 0, nil); use != nil || !errors.Is(err, transfer.ErrSpent) {
		t.Errorf("cancelled: %+v, %v", use, err)
	}
	if _, err := s.check(cancelled, usdc); !errors.Is(err, transfer.ErrNonceUsed) {
		t.Errorf("cancelled: %v", err)
	}
}

// Each Transfer of a receipt stands for one permit, and a failed call for none.
func TestPermitsThatLookAlikeAreCountedApart(t *testing.T) {
	s := newShop(t)
	key := s.payer("payer")
	s.approve(key, big.NewInt(1e12))
	one, two, poor := s.transfer(transfer.Permit2, key, usdc), s.transfer(transfer.Permit2, key, usdc), s.transfer(transfer.Permit2, key, 1000*usdc)
	receipt := s.together(one, poor, two)
	seen := make(map[transfer.Use]bool)
	counted := func(u transfer.Use) bool { return seen[u] }
	for _, d := range []transfer.Transfer{one, two} {
		use, ok := d.Outcome(receipt, counted)
		found, err := d.FindUse(t.Context(), net.Client, 0, counted)
		if !ok || err != nil || found == nil || *found != use || seen[use] {
			t.Errorf("the receipt says %+v, %t; on chain there is %+v, %v", use, ok, found, err)
		}
		seen[use] = true
	}
	for _, d := range []transfer.Transfer{one, poor} {
		if use, ok := d.Outcome(receipt, counted); ok {
			t.Errorf("a third is found: %+v", use)
		}
	}
	failed := *receipt
	failed.Status = types.ReceiptStatusFailed
	if use, ok := one.Outcome(&failed, nil); ok {
		t.Errorf("in a failed transaction: %+v", use)
	}
}

func (s *shop) cancel(d transfer.Transfer, key keys.Signer) {
	s.t.Helper()
	digest := cancelDigest(s.token.Separator, d)
	signature, err := key.SignHash(s.t.Context(), digest)
	if err != nil {
		s.t.Fatal(err)
	}
	s.transact(key, net.Token, abigen.NewToken().PackCancelAuthorization(d.From, d.Nonce, signature))
}

func cancelDigest(separator common.Hash, d transfer.Transfer) common.Hash {
	typeHash := crypto.Keccak256([]byte("CancelAuthorization(address authorizer,bytes32 nonce)"))
	structHash := crypto.Keccak256(typeHash, common.LeftPadBytes(d.From[:], 32), d.Nonce[:])
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, separator[:], structHash)
}

// A proxy also settles permits of tokens that are none. Its word for one is none for a
// transfer that the other proxy has made before.
func TestTheWordOfOneProxyIsNoneForTheOther(t *testing.T) {
	s := newShop(t)
	key := s.payer("payer")
	s.approve(key, big.NewInt(1e12))
	paid := s.unsigned(transfer.Upto, key.Address(), usdc)
	paid.Facilitator = abigen.Multicall3Address
	s.sign(&paid, key)
	hollow := s.unsigned(transfer.Permit2, key.Address(), usdc)
	hollow.Token = common.Address{19: 66}
	s.sign(&hollow, key)
	receipt := s.together(paid, hollow)
	if _, ok := hollow.Outcome(receipt, nil); ok {
		t.Error("a token that is none has moved")
	}
	hollow.Token = net.Token
	if use, ok := hollow.Outcome(receipt, nil); ok {
		t.Errorf("what the other proxy moved is said to be %+v", use)
	}
	if use, ok := paid.Outcome(receipt, nil); !ok || use.Moved != usdc {
		t.Errorf("what was paid is %+v, %t", use, ok)
	}
	settled := 0
	for _, log := range receipt.Logs {
		if log.Address == transfer.ExactProxy {
			settled++
		}
	}
	if settled != 1 {
		t.Errorf("the proxy of exact has logged %d times, so this test shows nothing", settled)
	}
}
