package server_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// busy is a shop with regulars that have bought so many calls each.
func busy(t *testing.T, payers, calls int) (*shoptest.Shop, []*customer) {
	t.Helper()
	shop := shoptest.Open(t, selling(t), new(tool).add)
	customers := make([]*customer, payers)
	for i := range customers {
		customers[i] = regular(t, shop, fmt.Sprintf("payer %d", i), usdc)
		for n := range calls {
			if got := customers[i].callWith(t.Context(), map[string]any{"n": n}, customers[i].pays(vouchers.Amount(n+1)*price)); got.text() != "done" {
				t.Fatalf("call %d of payer %d: %s", n, i, got.raw)
			}
		}
	}
	return shop, customers
}

// income is what the shop's receiver has.
func income(t testing.TB, shop *shoptest.Shop) vouchers.Amount {
	t.Helper()
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, shoptest.Net.Token)
	if err != nil {
		t.Fatal(err)
	}
	have, err := token.Balance(t.Context(), shoptest.Net.Client, shop.PayTo())
	if err != nil {
		t.Fatal(err)
	}
	return have
}

func TestSeveralChannelsAreSettledInOneTransaction(t *testing.T) {
	shop, customers := busy(t, 3, 2)
	before := sent(t)
	got, err := shop.Settler.Settle(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if got.Channels != 3 || got.Claimed != 6*price || got.Settled != 6*price || len(got.Batches) != 1 || len(got.SetAside) != 0 || got.DryRun {
		t.Errorf("settled %+v", got)
	}
	if n := sent(t) - before; n != 1 || income(t, shop) != 6*price {
		t.Errorf("%d transactions, the receiver has %s", n, income(t, shop))
	}
	if tx, err := shoptest.Net.Client.Receipt(t.Context(), got.Batches[0].Tx); err != nil || tx == nil || tx.GasUsed != got.GasUsed {
		t.Errorf("the transaction is %+v, %v; the settlement says %d gas", tx, err, got.GasUsed)
	}
	for _, c := range customers {
		if channel := c.ledger(shop); channel.Claimed != 2*price || channel.Claimable() != 0 {
			t.Errorf("the channel is %+v", channel)
		}
	}
	again, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || again.Channels != 0 || again.Claimed != 0 || again.Settled != 0 || len(again.Batches) != 0 {
		t.Errorf("settled again %+v, %v", again, err)
	}
	if n := sent(t) - before; n != 1 || income(t, shop) != 6*price {
		t.Errorf("%d transactions, the receiver has %s", n, income(t, shop))
	}
	if got := customers[0].callWith(t.Context(), map[string]any{"n": 3}, customers[0].pays(3*price)); got.text() != "done" {
		t.Errorf("a call after the settlement: %s", got.raw)
	}
}

func TestADryRunSendsNothing(t *testing.T) {
	shop, customers := busy(t, 2, 1)
	before := sent(t)
	got, err := shop.Settler.Settle(t.Context(), true)
	if err != nil || !got.DryRun || got.Channels != 2 || got.Claimed != 2*price || got.Settled != 0 || got.GasUsed == 0 {
		t.Errorf("a dry run gave %+v, %v", got, err)
	}
	for _, batch := range got.Batches {
		if batch.Tx != (common.Hash{}) {
			t.Errorf("a dry run names transaction %s", batch.Tx)
		}
	}
	if n := sent(t) - before; n != 0 || income(t, shop) != 0 || customers[0].ledger(shop).Claimed != 0 {
		t.Errorf("%d transactions, the receiver has %s", n, income(t, shop))
	}
}

func TestAChannelThatTheEscrowRefusesIsSetAsideAndTheOthersAreSettled(t *testing.T) {
	shop, _ := busy(t, 2, 1)
	poisoned := newCustomer(t, shop, "poisoned") // the shop believes in a deposit that the chain does not have
	if _, err := shop.Ledger.Open(t.Context(), poisoned.domain.Deployment(), poisoned.config, vouchers.ChainState{Balance: usdc}); err != nil {
		t.Fatal(err)
	}
	if got := poisoned.call("work", poisoned.pays(price)); got.text() != "done" {
		t.Fatalf("the call: %s", got.raw)
	}
	got, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || got.Channels != 2 || got.Settled != 2*price || income(t, shop) != 2*price {
		t.Errorf("settled %+v, %v", got, err)
	}
	if len(got.SetAside) != 1 || got.SetAside[0].Channel != poisoned.id || got.SetAside[0].Value != price || got.SetAside[0].Reason == "" {
		t.Errorf("set aside %+v, want channel %s", got.SetAside, poisoned.id)
	}
	if channel := poisoned.ledger(shop); channel.Claimed != 0 || channel.Charged != price {
		t.Errorf("the poisoned channel is %+v", channel)
	}
}

func TestASettlementThatIsCutOffIsTakenUpByTheNext(t *testing.T) {
	shop, customers := busy(t, 1, 1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := shop.Settler.Settle(ended, false); err == nil {
		t.Error("a settlement under an ended context has no error")
	}
	got, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || got.Claimed != price || income(t, shop) != price || customers[0].ledger(shop).Claimed != price {
		t.Errorf("settled %+v, %v; the receiver has %s", got, err, income(t, shop))
	}
}

func TestWhatIsChargedSurvivesARestartAndIsSettledThen(t *testing.T) {
	shop, customers := busy(t, 1, 3)
	shop.Stop(t)
	shop = shoptest.Open(t, shop.Options)
	got, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || got.Settled != 3*price || income(t, shop) != 3*price || customers[0].ledger(shop).Claimed != 3*price {
		t.Errorf("settled %+v, %v", got, err)
	}
}

func TestABatchThatWasClaimedMeanwhileIsNoFailure(t *testing.T) {
	shop, customers := busy(t, 2, 2)
	got, err := shop.Settler.SettleAs(t.Context(), settle.Request{Final: true}, func(e settle.Event) {
		if e.Plan == nil {
			return
		}
		var same []escrow.Claim
		for _, c := range customers {
			ch := c.ledger(shop)
			same = append(same, escrow.Claim{Config: ch.Config, Ceiling: ch.Ceiling, Signature: ch.Signature, Total: ch.Charged})
		}
		if _, err := shop.Settler.Escrow.ClaimAndSettle(t.Context(), shop.Settler.Sender, same); err != nil {
			t.Error(err)
		}
	})
	if err != nil || got.Channels != 0 || len(got.SetAside) != 0 {
		t.Errorf("settled %+v, %v", got, err)
	}
	for _, c := range customers {
		if ch := c.ledger(shop); ch.Claimed != 2*price || ch.Claimable() != 0 {
			t.Errorf("the channel is %+v", ch)
		}
	}
	if income(t, shop) != 4*price {
		t.Errorf("the receiver has %s", income(t, shop))
	}
}
