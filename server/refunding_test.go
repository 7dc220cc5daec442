package server_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

// eventually polls for what another goroutine or the chain brings about.
func eventually(t testing.TB, what string, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
		<-tick.C
	}
}

// unmined leaves transactions on their way until mine is called; a second call does nothing.
func unmined(t testing.TB) (mine func()) {
	t.Helper()
	shoptest.Control(t, "evm_setAutomine", false)
	return sync.OnceFunc(func() {
		shoptest.Control(t, "evm_setAutomine", true)
		shoptest.Control(t, "anvil_mine", 1)
	})
}

func TestNothingIsSoldAgainstMoneyWhoseRefundWasOnItsWayWhenTheShopEnded(t *testing.T) {
	work := new(tool)
	options := selling(t)
	shop := shoptest.Open(t, options, work.add)
	c := regular(t, shop, "payer", usdc)
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Fatalf("the first call: %s", got.raw)
	}
	mining := unmined(t)
	defer mining()
	ended := make(chan answer, 1)
	go func() { ended <- c.call(onmcp.RefundTool, c.refunds(price, nil)) }()
	eventually(t, "the refund", func() bool { return len(shop.Transactions()) > 0 })
	if err := shop.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended

	again := shoptest.Open(t, options, work.add)
	c.url = again.URL
	if got := c.call("work", c.pays(2*price)); got.code() != x402.ErrChannelBusy {
		t.Errorf("while the refund is on its way: %s", got.raw)
	}
	mining()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { again.Run(ctx, 0) })
	defer running.Wait()
	defer stop()
	eventually(t, "the thaw", func() bool { return !c.ledger(again).Frozen })
	if after := c.ledger(again); after.Balance != price || after.Charged != price {
		t.Errorf("after the refund the channel has %s, of which %s are charged", after.Balance, after.Charged)
	}
	if n := work.runs.Load(); n != 1 {
		t.Errorf("the tool has run %d times", n)
	}
}

func TestAChannelThatWasNeverClaimedFromSellsOnAfterAFullRefund(t *testing.T) {
	options := selling(t)
	shop := shoptest.Open(t, options, new(tool).add)
	c := regular(t, shop, "payer", 10*usdc)
	got := c.call(onmcp.RefundTool, c.refunds(0, nil)).receipt()
	if *got.Amount != 10*usdc || got.Extra.ChannelState.Balance != 0 || c.wallet() != 100*usdc {
		t.Errorf("the receipt is %+v, the payer has %s", got, c.wallet())
	}
	if after := c.ledger(shop); after.Balance != 0 || after.Frozen {
		t.Errorf("after the refund the channel is %+v", after)
	}
	if code := c.call(onmcp.RefundTool, c.refunds(0, nil)).code(); code != x402.ErrRefundNoBalance {
		t.Errorf("a second refund is refused with %q", code)
	}
	shop.Stop(t)
	shop = shoptest.Open(t, options, new(tool).add)
	c.url = shop.URL
	if got := c.call(onmcp.DepositTool, c.deposits(5*usdc, 0)).receipt(); got.Extra.ChannelState.Balance != 5*usdc {
		t.Errorf("after another deposit: %+v", got.Extra.ChannelState)
	}
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Errorf("a call: %s", got.raw)
	}
}

func TestAChannelThatCannotBeReadKeepsNoOtherFrozen(t *testing.T) {
	if err := shoptest.Net.PlaceCanonical(t.Context()); err != nil {
		t.Fatal(err)
	}
	options := selling(t)
	options.Also = []server.Accepts{{Escrow: escrow.Canonical.Escrow}}
	shop := shoptest.Open(t, options, new(tool).add)
	accepts := send(t.Context(), t, shop.URL, "work", nil, nil).refusal().Accepts
	var all []*customer
	for i := range 6 { // the canonical terms come first
		c := newCustomer(t, shop, fmt.Sprint("payer ", i))
		c.agree(accepts[min(1, i/5)])
		if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.result.IsError {
			t.Fatalf("the deposit of %d: %s", i, got.raw)
		}
		all = append(all, c)
	}
	unreadable, honest := all[:5], all[5]
	mining := unmined(t)
	defer mining()
	var asking sync.WaitGroup
	for _, c := range all {
		payment := c.refunds(0, nil)
		asking.Go(func() { c.call(onmcp.RefundTool, payment) })
	}
	eventually(t, "the refunds", func() bool { return len(shop.Transactions()) == len(all) })
	if err := shop.Close(); err != nil {
		t.Fatal(err)
	}
	asking.Wait()

	again := shoptest.Open(t, options, new(tool).add)
	for _, c := range all {
		if !c.ledger(again).Frozen {
			t.Errorf("channel %s is not frozen", c.id)
		}
	}
	mining()
	code := codeOf(t, escrow.Canonical.Escrow)
	shoptest.Control(t, "anvil_setCode", escrow.Canonical.Escrow, "0x")
	restore := sync.OnceFunc(func() { shoptest.Control(t, "anvil_setCode", escrow.Canonical.Escrow, code) })
	defer restore()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { again.Run(ctx, 0) })
	defer running.Wait()
	defer stop()
	eventually(t, "the thaw of the channel that can be read", func() bool { return !honest.ledger(again).Frozen })
	for _, c := range unreadable {
		if !c.ledger(again).Frozen {
			t.Errorf("channel %s thawed unread", c.id)
		}
	}
	restore()
	eventually(t, "the thaw of the others", func() bool {
		return !slices.ContainsFunc(unreadable, func(c *customer) bool { return c.ledger(again).Frozen })
	})
}

// codeOf is the code of a contract, in hex.
func codeOf(t testing.TB, at common.Address) hexutil.Bytes {
	t.Helper()
	code, err := shoptest.Net.Client.Code(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}
