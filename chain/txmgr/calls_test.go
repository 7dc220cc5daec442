package txmgr_test

import (
	"errors"
	"testing"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

func TestACallHasTheGasLimitThatItsCallerSays(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	sender := chaintest.NewSender(t, client, keys.Dev(9))
	call := settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(7))))
	call.Gas = 123_456
	receipt, err := sender.Send(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	sent, _, err := dialETH(t, chaintest.Dev.URL()).TransactionByHash(t.Context(), receipt.TxHash)
	if err != nil || sent.Gas() != call.Gas {
		t.Errorf("sent with %d gas, %v; want %d", sent.Gas(), err, call.Gas)
	}
	call.MaxGas = call.Gas - 1
	if _, err := sender.Send(t.Context(), call); !errors.Is(err, chain.ErrGasCap) {
		t.Errorf("above its own cap it was sent with %v", err)
	}
}

func TestACallThatIsForgottenLeavesNothingInTheJournal(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	kept := newJournal()
	sender := chaintest.NewSender(t, client, keys.Dev(9), txmgr.WithJournal(kept))
	call := settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(7))))
	call.Key = "written down elsewhere"
	if _, err := sender.Send(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if !sender.Knows(call.Key) || kept.size() != 1 {
		t.Fatalf("after the call the journal has %d entries", kept.size())
	}
	for range 2 {
		if err := sender.Forget(call.Key); err != nil {
			t.Fatal(err)
		}
	}
	if sender.Knows(call.Key) || kept.size() != 0 {
		t.Errorf("%d entries stay in the journal", kept.size())
	}
}

func TestACallOnItsWayIsNotForgotten(t *testing.T) {
	local, sender, done := waiting(t, txmgr.Call{Key: "on its way"})
	if err := sender.Forget("on its way"); err != nil {
		t.Fatal(err)
	}
	if !sender.Knows("on its way") {
		t.Error("the key is free while its call is on its way")
	}
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
