package chain_test

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/chitpay/chit/chain"
)

func TestATransactionThatCostsMoreThanItMayIsNotSent(t *testing.T) {
	client := dial(t, anvil.URL())
	call := settle(escrowAt(t, newSender(t, client, chain.DevKey(7))))
	call.MaxCost = big.NewInt(1e9)
	kept := newJournal()
	if _, err := newSender(t, client, chain.DevKey(8), chain.WithJournal(kept)).Send(t.Context(), call); !errors.Is(err, chain.ErrCost) || kept.size() != 0 {
		t.Errorf("sent with %v, %d entries in the journal", err, kept.size())
	}
}

func TestNothingRaisesATransactionAboveWhatItMayCost(t *testing.T) {
	most := big.NewInt(5e14)
	_, sender, _ := waiting(t, chain.Call{MaxCost: most}, chain.WithStuckAfter(time.Millisecond))
	var err error
	for range 40 {
		if err = sender.SpeedUp(t.Context(), 0); err != nil {
			break
		}
	}
	if !errors.Is(err, chain.ErrCost) {
		t.Errorf("sped up without end: %v", err)
	}
	tx := sender.Pending()[0]
	if cost := new(big.Int).Mul(tx.MaxFee, new(big.Int).SetUint64(tx.Gas)); cost.Cmp(most) > 0 {
		t.Errorf("it may cost %s wei, the most is %s", cost, most)
	}
}
