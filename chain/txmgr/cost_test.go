package txmgr_test

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

func TestATransactionThatCostsMoreThanItMayIsNotSent(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	call := settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(7))))
	call.MaxCost = big.NewInt(1e9)
	kept := newJournal()
	if _, err := chaintest.NewSender(t, client, keys.Dev(8), txmgr.WithJournal(kept)).Send(t.Context(), call); !errors.Is(err, txmgr.ErrCost) || kept.size() != 0 {
		t.Errorf("sent with %v, %d entries in the journal", err, kept.size())
	}
}

func TestNothingRaisesATransactionAboveWhatItMayCost(t *testing.T) {
	most := big.NewInt(5e14)
	_, sender, _ := waiting(t, txmgr.Call{MaxCost: most}, txmgr.WithStuckAfter(time.Millisecond))
	var err error
	for range 40 {
		if err = sender.SpeedUp(t.Context(), 0); err != nil {
			break
		}
	}
	if !errors.Is(err, txmgr.ErrCost) {
		t.Errorf("sped up without end: %v", err)
	}
	tx := sender.Pending()[0]
	if cost := costOf(tx); cost.Cmp(most) > 0 {
		t.Errorf("it may cost %s wei, the most is %s", cost, most)
	}
}

func TestARestartKeepsTheLimitsOfATransactionThatIsOnItsWay(t *testing.T) {
	most := big.NewInt(4e9)
	for name, c := range map[string]struct {
		call   txmgr.Call
		within func(txmgr.Pending) bool
	}{
		"per gas":                   {txmgr.Call{MaxFee: most}, func(tx txmgr.Pending) bool { return tx.MaxFee.Cmp(most) <= 0 }},
		"in all":                    {txmgr.Call{MaxCost: big.NewInt(4e14)}, func(tx txmgr.Pending) bool { return costOf(tx).Cmp(big.NewInt(4e14)) <= 0 }},
		"per gas, of an urgent one": {txmgr.Call{MaxFee: most, Urgent: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			kept := newJournal()
			local, client := chaintest.Quiet(t)
			free := settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(1))))
			limited := free
			limited.MaxFee, limited.MaxCost, limited.Urgent = c.call.MaxFee, c.call.MaxCost, c.call.Urgent
			chaintest.Control(t, local.URL(), "evm_setAutomine", false)
			first := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithJournal(kept), txmgr.WithStuckAfter(time.Hour))
			for n, call := range []txmgr.Call{limited, free} {
				sendInBackground(first, call)
				chaintest.Until(t, "the broadcast", func() bool { return len(first.Pending()) == n+1 })
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			second := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithJournal(kept), txmgr.WithStuckAfter(time.Millisecond))
			far := new(big.Int).Lsh(most, 3)
			chaintest.Until(t, "a high fee of the other one", func() bool { return second.Pending()[1].MaxFee.Cmp(far) > 0 })
			if tx := second.Pending()[0]; c.within != nil && !c.within(tx) {
				t.Errorf("it was raised to %s wei per gas", tx.MaxFee)
			}
			if c.within == nil { // what is urgent knows no limit of its own
				chaintest.Until(t, "a fee above its own limit", func() bool { return second.Pending()[0].MaxFee.Cmp(most) > 0 })
			}
		})
	}
}

// costOf is the most that a transaction may cost, in wei.
func costOf(tx txmgr.Pending) *big.Int {
	return new(big.Int).Mul(tx.MaxFee, new(big.Int).SetUint64(tx.Gas))
}

func TestAGapIsFilledWithinTheLimitsOfWhatWaitsBehindIt(t *testing.T) {
	for name, c := range map[string]struct {
		limits txmgr.Call
		base   int64 // of the chain, in gwei
	}{
		"per gas":             {txmgr.Call{MaxFee: gwei(20)}, 500},
		"in all":              {txmgr.Call{MaxCost: big.NewInt(5e14)}, 500},
		"those that all have": {txmgr.Call{}, 5_000},
	} {
		t.Run(name, func(t *testing.T) {
			local, client := chaintest.Quiet(t)
			call := settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(1))))
			call.MaxFee, call.MaxCost = c.limits.MaxFee, c.limits.MaxCost
			way := chaintest.NewProxy(t, local.URL())
			sender := chaintest.NewSender(t, chaintest.Dial(t, way.URL), keys.Dev(0), txmgr.WithStuckAfter(time.Millisecond))
			var snapshot string
			if err := dialETH(t, local.URL()).Client().CallContext(t.Context(), &snapshot, "evm_snapshot"); err != nil {
				t.Fatal(err)
			}
			if _, err := sender.Send(t.Context(), call); err != nil {
				t.Fatal(err)
			}
			chaintest.Control(t, local.URL(), "evm_setAutomine", false)
			done := sendInBackground(sender, call)
			chaintest.Until(t, "the second call", func() bool { return len(sender.Pending()) == 1 })
			chaintest.Control(t, local.URL(), "evm_revert", snapshot)
			chaintest.Control(t, local.URL(), "anvil_setNextBlockBaseFeePerGas", hexutil.EncodeBig(gwei(c.base)))
			chaintest.Control(t, local.URL(), "anvil_mine", 1)
			before := way.Sent.Load()
			chaintest.Until(t, "more of what waits", func() bool { return way.Sent.Load() > before+4 })
			if all := sender.Pending(); len(all) != 1 {
				t.Errorf("at %d gwei it sends %+v", c.base, all)
			}
			chaintest.Control(t, local.URL(), "anvil_setNextBlockBaseFeePerGas", hexutil.EncodeBig(gwei(1)))
			chaintest.Control(t, local.URL(), "evm_setAutomine", true)
			chaintest.Control(t, local.URL(), "anvil_mine", 1)
			if err := <-done; err != nil {
				t.Errorf("once gas is cheap: %v", err)
			}
		})
	}
}

func gwei(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e9)) }
