package txmgr_test

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/chitpay/chit/chain/anvil"
	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

// waiting is a sender with one call in the pool of a chain that does not mine.
func waiting(t *testing.T, call txmgr.Call, opts ...txmgr.Option) (*anvil.Chain, *txmgr.Sender, <-chan error) {
	t.Helper()
	local, client := chaintest.Quiet(t)
	call.To, call.Data, call.Label = chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(1))), settle(call.To).Data, "settle nothing"
	chaintest.Control(t, local.URL(), "evm_setAutomine", false)
	sender := chaintest.NewSender(t, client, keys.Dev(0), opts...)
	done := sendInBackground(sender, call)
	chaintest.Until(t, "the broadcast", func() bool { return len(sender.Pending()) == 1 })
	return local, sender, done
}

func TestATransactionIsListedAndSpedUp(t *testing.T) {
	local, sender, done := waiting(t, txmgr.Call{}, txmgr.WithStuckAfter(time.Hour))
	before := sender.Pending()[0]
	if before.Label != "settle nothing" || before.Nonce != 0 || before.Gas == 0 {
		t.Errorf("pending %+v", before)
	}
	if err := sender.SpeedUp(t.Context(), before.Nonce); err != nil {
		t.Fatal(err)
	}
	after := sender.Pending()[0]
	if after.Tx == before.Tx || after.MaxFee.Cmp(before.MaxFee) <= 0 || after.Tip.Cmp(before.Tip) <= 0 {
		t.Errorf("sped up to %+v from %+v", after, before)
	}
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := sender.SpeedUp(t.Context(), before.Nonce); !errors.Is(err, txmgr.ErrNotPending) {
		t.Errorf("sped up after it has landed: %v", err)
	}
	if err := sender.Idle(t.Context()); err != nil || len(sender.Pending()) != 0 {
		t.Errorf("still pending: %v, %v", sender.Pending(), err)
	}
}

func TestACancelledTransactionDoesNotHappen(t *testing.T) {
	local, sender, done := waiting(t, txmgr.Call{Key: "cancelled"}, txmgr.WithStuckAfter(time.Hour))
	if err := sender.Cancel(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	if err := <-done; !errors.Is(err, txmgr.ErrCancelled) {
		t.Errorf("ended with %v, want ErrCancelled", err)
	}
	if sender.Knows("cancelled") {
		t.Error("the key of a cancelled call is still taken")
	}
	if err := sender.Cancel(t.Context(), 7); !errors.Is(err, txmgr.ErrNotPending) {
		t.Errorf("cancelled what was never sent: %v", err)
	}
}

func TestAnUrgentCallPaysMoreAndRaisesItsFeeSooner(t *testing.T) {
	local, sender, done := waiting(t, txmgr.Call{Urgent: true}, txmgr.WithStuckAfter(300*time.Millisecond))
	first := sender.Pending()[0]
	if first.Tip.Cmp(big.NewInt(2_000_000_000)) != 0 {
		t.Errorf("the tip is %s wei, want twice anvil's suggestion of 1 gwei", first.Tip)
	}
	chaintest.Until(t, "a higher fee", func() bool { return sender.Pending()[0].Tx != first.Tx })
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestALimitOfOneCallHolds(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	sender := chaintest.NewSender(t, client, keys.Dev(8))
	call := settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(7))))
	call.MaxFee = big.NewInt(1)
	if _, err := sender.Send(t.Context(), call); !errors.Is(err, txmgr.ErrFee) {
		t.Errorf("sent with %v, want ErrFee", err)
	}
	price, err := sender.GasPrice(t.Context())
	if err != nil || price.Sign() != 1 {
		t.Errorf("the gas price is %s, %v", price, err)
	}
}

func TestARewoundChainGetsNewTransactionsAndLosesNoneBehindAGap(t *testing.T) {
	local, client := chaintest.Quiet(t)
	kept := newJournal()
	sender := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithJournal(kept), txmgr.WithStuckAfter(50*time.Millisecond))
	call := settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(1))))
	call.Key = "once"
	eth := dialETH(t, local.URL())
	var snapshot string
	if err := eth.Client().CallContext(t.Context(), &snapshot, "evm_snapshot"); err != nil {
		t.Fatal(err)
	}
	if _, err := sender.Send(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	chaintest.Control(t, local.URL(), "evm_setAutomine", false)
	behind := call
	behind.Key = "behind"
	done := sendInBackground(sender, behind)
	chaintest.Until(t, "the second call", func() bool { return len(sender.Pending()) == 1 })
	chaintest.Control(t, local.URL(), "evm_revert", snapshot)
	chaintest.Control(t, local.URL(), "evm_setAutomine", true)
	if err := <-done; err != nil {
		t.Errorf("the call behind the gap: %v", err)
	}
	if _, err := sender.Send(t.Context(), call); err != nil {
		t.Errorf("the lost call again: %v", err)
	}
	if nonce := nonceOf(t, local.URL(), keys.Dev(0).Address()); nonce != 3 {
		t.Errorf("%d transactions, want 3: the gap, the call behind it, and the lost one again", nonce)
	}
}
