package server_test

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// buys makes the customer's n-th call.
func (c *customer) buys(n int) {
	c.t.Helper()
	if got := c.callWith(c.t.Context(), map[string]any{"n": n}, c.pays(vouchers.Amount(n)*price)); got.text() != "done" {
		c.t.Fatalf("call %d: %s", n, got.raw)
	}
}

// announces has the customer announce a withdrawal on the chain.
func (c *customer) announces(amount vouchers.Amount) {
	c.t.Helper()
	own, err := txmgr.NewSender(c.t.Context(), c.net.Client, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	contract := escrow.At(c.net.Client, c.domain.Deployment().Escrow)
	if _, err := contract.InitiateWithdraw(c.t.Context(), own, c.config, amount); err != nil {
		c.t.Fatal(err)
	}
}

func TestAWithdrawalIsSeenAndDefendedAtOnce(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	_, stop, stopped := serve(t, shop, work, 0)
	c.announces(usdc) // all of it, also what was charged
	until(t, "the charge is claimed", func() bool { return c.ledger(shop).Claimed == price })
	if got := c.ledger(shop).Withdrawal; got.Amount != usdc || income(t, shop) != price {
		t.Errorf("the withdrawal is %+v, the receiver has %s", got, income(t, shop))
	}
	pending := shop.Withdrawals()
	if len(pending) != 1 || pending[0].Channel != c.id || pending[0].Amount != usdc || pending[0].AtRisk != 0 || pending[0].WithdrawAfter == nil {
		t.Errorf("the withdrawals are %+v", pending)
	}
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestACallInFlightDuringTheAnnouncementIsDefendedWhenItIsCharged(t *testing.T) {
	running, finish := make(chan struct{}), make(chan struct{})
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(running)
		<-finish
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	answered := make(chan answer, 1)
	go func() { answered <- c.callWith(context.Background(), nil, c.pays(price)) }()
	<-running
	c.announces(usdc)
	if _, err := shop.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := shop.Settler.Check(t.Context()); err != nil || c.ledger(shop).Claimed != 0 {
		t.Fatalf("before the charge %s are claimed, %v", c.ledger(shop).Claimed, err)
	}
	close(finish)
	if got := <-answered; got.text() != "done" {
		t.Fatalf("the call: %s", got.raw)
	}
	if err := shop.Settler.Check(t.Context()); err != nil || c.ledger(shop).Claimed != price {
		t.Errorf("after the charge %s are claimed, %v", c.ledger(shop).Claimed, err)
	}
}

func TestEachTriggerSettlesWhatItIsFor(t *testing.T) {
	for name, c := range map[string]struct {
		policy  settle.Policy
		age     time.Duration // of the charges
		settled vouchers.Amount
	}{
		"nothing is asked for":           {settled: 0},
		"a channel has enough":           {policy: settle.Policy{ChannelValue: 3 * price}, settled: 3 * price},
		"no channel has enough":          {policy: settle.Policy{ChannelValue: 4 * price}, settled: 0},
		"all together have enough":       {policy: settle.Policy{TotalValue: 4 * price}, settled: 4 * price},
		"all together have too little":   {policy: settle.Policy{TotalValue: 5 * price}, settled: 0},
		"the oldest charge is old":       {policy: settle.Policy{MaxAge: time.Hour}, age: 2 * time.Hour, settled: 4 * price},
		"no charge is old":               {policy: settle.Policy{MaxAge: time.Hour}, age: time.Minute, settled: 0},
		"a balance is low":               {policy: settle.Policy{LowBalance: 10}, settled: 3 * price},
		"the gas costs more than a part": {policy: settle.Policy{TotalValue: 1, CoinPrice: usdc, MaxCostShare: 1}, settled: 0},
		"the gas costs less than a part": {policy: settle.Policy{TotalValue: 1, CoinPrice: 1, MaxCostShare: 10}, settled: 4 * price},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := selling(t)
			o.Key = shoptest.Payer(t, "seller") // a sender of its own: the cases run side by side
			o.Settlement = c.policy
			o.Settlement.IdleAfter = atOnce
			shop := shoptest.Open(t, o, new(tool).add)
			shop.Settler.Now = func() time.Time { return time.Now().Add(c.age) }
			small, large := regular(t, shop, "small", usdc), regular(t, shop, "large", 3*price+price/10)
			small.buys(1)
			for n := range 3 {
				large.buys(n + 1)
			}
			if err := shop.Settler.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := income(t, shop); got != c.settled {
				t.Errorf("settled %s, want %s", got, c.settled)
			}
		})
	}
}

func TestAChannelAtRiskIsClaimedWhateverItCosts(t *testing.T) {
	o := selling(t)
	o.Settlement = settle.Policy{CoinPrice: usdc, MaxCostShare: 1, MaxGasPrice: big.NewInt(1)}
	shop := shoptest.Open(t, o, new(tool).add)
	c, other := regular(t, shop, "payer", usdc), regular(t, shop, "other", usdc)
	c.buys(1)
	other.buys(1)
	c.announces(usdc)
	if _, err := shop.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := shop.Withdrawals(); len(got) != 1 || got[0].AtRisk != price {
		t.Errorf("at risk are %+v", got)
	}
	if err := shop.Settler.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.ledger(shop).Claimed != price || other.ledger(shop).Claimed != 0 {
		t.Errorf("claimed %s and %s", c.ledger(shop).Claimed, other.ledger(shop).Claimed)
	}
}

func TestASettlementClaimsWhatItIsAskedFor(t *testing.T) {
	shop, customers := busy(t, 3, 1)
	customers[0].buys(2)
	for name, c := range map[string]struct {
		req  settle.Request
		want int
	}{
		"all":         {settle.Request{}, 3},
		"one channel": {settle.Request{Channels: []vouchers.ChannelID{customers[1].id}}, 1},
		"valuable":    {settle.Request{MinValue: 2 * price}, 1},
		"a stranger":  {settle.Request{Channels: []vouchers.ChannelID{{1}}}, 0},
	} {
		c.req.DryRun = true
		var events []settle.Event
		got, err := shop.Settler.SettleAs(t.Context(), c.req, func(e settle.Event) { events = append(events, e) })
		if err != nil || got.Channels != c.want || len(events) != 2 || events[1].Done == nil {
			t.Errorf("%s: %+v, %v, events %+v", name, got, err, events)
		}
		if c.want > 0 && (len(events[0].Plan) != 1 || events[0].Plan[0].GasUsed == 0 || events[0].Plan[0].Cost.Sign() != 1) {
			t.Errorf("%s: the plan is %+v", name, events[0].Plan)
		}
	}
	if _, err := shop.Settler.SettleAs(t.Context(), settle.Request{MaxGasPrice: big.NewInt(1)}, nil); !errors.Is(err, txmgr.ErrFee) {
		t.Errorf("settled for 1 wei per gas: %v", err)
	}
	shop.Settler.Policy.CoinPrice = 3_000 * usdc
	if _, err := shop.Settler.SettleAs(t.Context(), settle.Request{}, nil); !errors.Is(err, settle.ErrNotWorth) || income(t, shop) != 0 {
		t.Errorf("settled for more gas than it brings: %v", err)
	}
	var transactions int
	got, err := shop.Settler.SettleAs(t.Context(), settle.Request{Confirmations: 1, Anyway: true}, func(e settle.Event) {
		if e.Batch != nil {
			transactions++
		}
	})
	if err != nil || got.Settled != 4*price || transactions != 1 || got.CostUSDC == nil || *got.CostUSDC == 0 || got.Cost.Sign() != 1 {
		t.Errorf("settled %+v, %v, %d transactions", got, err, transactions)
	}
}

func TestWhatIsSetAsideIsShownKeptAndTriedAgainLater(t *testing.T) {
	shop, _ := busy(t, 1, 1)
	poisoned := newCustomer(t, shop, "poisoned") // the shop believes in a deposit that the chain does not have
	if _, err := shop.Ledger.Open(t.Context(), poisoned.domain.Deployment(), poisoned.config, vouchers.ChainState{Balance: usdc}); err != nil {
		t.Fatal(err)
	}
	poisoned.buys(1)
	now := time.Now()
	shop.Settler.Now = func() time.Time { return now }
	shop.Settler.Policy.TotalValue = 1
	aside := func(attempts int) {
		t.Helper()
		for _, view := range shop.Channels() {
			is := view.SetAside != nil
			if want := view.Channel == poisoned.id && attempts > 0; is != want {
				t.Errorf("channel %s: set aside %+v", view.Channel, view.SetAside)
			} else if is && (view.SetAside.Attempts != attempts || !strings.Contains(view.SetAside.Reason, "holds 0 USDC")) {
				t.Errorf("set aside %+v, want %d attempts", view.SetAside, attempts)
			}
		}
	}
	for round, step := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {30 * time.Second, 1}, {time.Minute, 2}, {time.Minute, 2}, {2 * time.Minute, 3}} {
		now = now.Add(step.later)
		if err := shop.Settler.Check(t.Context()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		aside(step.want)
	}
	shop.Stop(t)
	listed, err := books.ReadChannels(t.Context(), shop.Options.Store)
	if err != nil || len(listed) != 2 || listed[0].SetAside == nil {
		t.Errorf("without a server the channels are %+v, %v", listed, err)
	}
	shop = shoptest.Open(t, shop.Options, new(tool).add)
	aside(3)
	poisoned.url = shop.URL
	if got := poisoned.call("chit_deposit", poisoned.deposits(usdc, price)); got.result == nil || got.result.IsError {
		t.Fatalf("the deposit: %s", got.raw)
	}
	if got, err := shop.Settler.Settle(t.Context(), false); err != nil || got.Claimed != price || len(got.SetAside) != 0 {
		t.Errorf("settled %+v, %v", got, err)
	}
	aside(0)
}

func TestAReceiverWhomTheTokenDoesNotPayIsClaimedForAndPaidLater(t *testing.T) {
	shop, customers := busy(t, 2, 1)
	if err := shoptest.Net.Blacklist(t.Context(), shop.PayTo()); err != nil {
		t.Fatal(err)
	}
	got, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || got.Claimed != 2*price || got.Settled != 0 || !strings.Contains(got.Unpayable, "blacklisted") || len(got.SetAside) != 0 {
		t.Errorf("settled %+v, %v", got, err)
	}
	if customers[0].ledger(shop).Claimed != price || income(t, shop) != 0 {
		t.Errorf("claimed %s, the receiver has %s", customers[0].ledger(shop).Claimed, income(t, shop))
	}
	if err := shoptest.Net.UnBlacklist(t.Context(), shop.PayTo()); err != nil {
		t.Fatal(err)
	}
	shop.Settler.Policy.CoinPrice = 3_000 * usdc
	if got, err := shop.Settler.SettleAs(t.Context(), settle.Request{}, nil); !errors.Is(err, settle.ErrNotWorth) || len(got.Batches) != 0 || income(t, shop) != 0 {
		t.Errorf("transferred less than the gas costs: %+v, %v", got, err)
	}
	got, err = shop.Settler.Settle(t.Context(), false)
	if err != nil || got.Settled != 2*price || got.Channels != 0 || got.Unpayable != "" || income(t, shop) != 2*price {
		t.Errorf("settled %+v, %v", got, err)
	}
}

func TestAChannelThatHoldsTooLittleIsClaimedAsFarAsItGoes(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", 2*price)
	state := vouchers.ChainState{Balance: 10 * price, Block: 1 << 40} // a deposit that a reorganization takes away
	if err := shop.Ledger.SetChain(t.Context(), c.id, state); err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		c.buys(n + 1)
	}
	if found, err := shop.Reconcile(t.Context()); err != nil || len(found.Differences) != 2 {
		t.Errorf("found %+v, %v", found, err)
	}
	got, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || got.Claimed != 2*price || len(got.SetAside) != 1 || got.SetAside[0].Value != 3*price {
		t.Errorf("settled %+v, %v", got, err)
	}
}

func TestAShopSettlesWhenItIsStopped(t *testing.T) {
	work := new(tool)
	o := selling(t)
	o.Settlement.OnShutdown = true
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	_, stop, stopped := serve(t, shop, work, 0)
	stop()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if got := income(t, shop); got != price {
		t.Errorf("the receiver has %s", got)
	}
}

func TestASettlementBesideAnotherWaitsForIt(t *testing.T) {
	shop, _ := busy(t, 1, 1)
	results := make(chan settle.Settlement, 3)
	for range cap(results) {
		go func() {
			got, err := shop.Settler.Settle(context.Background(), false)
			if err != nil {
				t.Error(err)
			}
			results <- got
		}()
	}
	var claimed vouchers.Amount
	for range cap(results) {
		claimed += (<-results).Claimed
	}
	if claimed != price || income(t, shop) != price {
		t.Errorf("claimed %s, the receiver has %s", claimed, income(t, shop))
	}
}

func TestDustIsNotClaimedForMoreThanItHoldsAlsoWhereAWithdrawalTakesIt(t *testing.T) {
	o := selling(t)
	o.Settlement = settle.Policy{TotalValue: 1, CoinPrice: 100 * usdc}
	shop := shoptest.Open(t, o, new(tool).add)
	dust, worth := regular(t, shop, "dust", usdc), regular(t, shop, "worth", usdc)
	dust.buys(1)
	for n := range 100 {
		worth.buys(n + 1)
	}
	dust.announces(usdc)
	worth.announces(usdc)
	if _, err := shop.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := shop.Settler.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if dust.ledger(shop).Claimed != 0 || worth.ledger(shop).Claimed != 100*price {
		t.Errorf("claimed %s and %s", dust.ledger(shop).Claimed, worth.ledger(shop).Claimed)
	}
}
