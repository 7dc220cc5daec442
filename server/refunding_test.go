package server_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/server"
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

func TestNothingIsSoldAgainstMoneyWhoseRefundWasOnItsWayWhenTheShopEnded(t *testing.T) {
	work := new(tool)
	options := selling(t)
	shop := shoptest.Open(t, options, work.add)
	c := regular(t, shop, "payer", usdc)
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Fatalf("the first call: %s", got.raw)
	}
	shoptest.Control(t, "evm_setAutomine", false)
	mining := sync.OnceFunc(func() {
		shoptest.Control(t, "evm_setAutomine", true)
		shoptest.Control(t, "anvil_mine", 1)
	})
	defer mining()
	ended := make(chan answer, 1)
	go func() { ended <- c.call(server.RefundTool, c.refunds(price, nil)) }()
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
