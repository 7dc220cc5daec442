package txmgr_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/anvil"
	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

func TestAChainWithoutABaseFeeGetsLegacyTransactions(t *testing.T) {
	old, err := anvil.Start(t.Context(), anvil.Options{Args: []string{"--hardfork", "berlin"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := old.Stop(); err != nil {
			t.Error(err)
		}
	})
	client := chaintest.Dial(t, old.URL())
	if head, err := client.Header(t.Context(), nil); err != nil || head.BaseFee != nil {
		t.Fatalf("the chain's base fee is %v, %v", head.BaseFee, err)
	}
	sender := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithStuckAfter(50*time.Millisecond))
	price, err := sender.GasPrice(t.Context())
	if err != nil || price.Sign() <= 0 {
		t.Fatalf("the gas price is %v, %v", price, err)
	}
	call := txmgr.Call{To: common.Address{9}, Data: []byte{1}, Label: "anything"}
	receipt, err := sender.Send(t.Context(), call)
	if err != nil || receipt.Type != types.LegacyTxType {
		t.Fatalf("it was sent as %+v, %v", receipt, err)
	}
	call.MaxFee = new(big.Int).Sub(price, common.Big1)
	if _, err := sender.Send(t.Context(), call); !errors.Is(err, txmgr.ErrFee) {
		t.Errorf("above the limit: %v", err)
	}
	call.MaxFee, call.Urgent = price, true
	if _, err := sender.Send(t.Context(), call); err != nil {
		t.Errorf("urgent, at the limit: %v", err)
	}
}

func TestAChainThatHasChangedItsIDIsNamed(t *testing.T) {
	other, err := anvil.Start(t.Context(), anvil.Options{Args: []string{"--chain-id", "31338"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := chaintest.NewProxy(t, chaintest.Dev.URL())
	sender := chaintest.NewSender(t, chaintest.Dial(t, p.URL), keys.Dev(8))
	url := other.URL()
	p.Target.Store(&url)
	_, err = sender.Send(t.Context(), txmgr.Call{To: common.Address{9}, Label: "anything"})
	if !errors.Is(err, chain.ErrChainID) || !strings.Contains(err.Error(), "are locked") {
		t.Errorf("%v", err)
	}
}

func TestAnAccountThatCannotPayForGasIsNamedWithWhatItHasAndNeeds(t *testing.T) {
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	sender := chaintest.NewSender(t, chaintest.Dial(t, chaintest.Dev.URL()), keys.NewSigner(private), txmgr.WithOwner("the seller's"))
	_, err = sender.Send(t.Context(), txmgr.Call{To: common.Address{9}, Label: "anything"})
	if !errors.Is(err, chain.ErrFunds) {
		t.Fatalf("%v", err)
	}
	for _, part := range []string{"the seller's account " + sender.Address().Hex(), "has 0 of the chain's coin", "needs up to 0.0"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
}
