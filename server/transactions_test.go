package server_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/x402"
)

func TestTransactionsOfTwoChainsAreToldApartAndSurviveARestartInAnotherOrder(t *testing.T) {
	s := newStreet(t)
	shop := shoptest.Open(t, s.options, new(tool).add)
	all := s.customers(t, shop, "payer")
	here, there := all[1], all[2]
	mine := s.still(t)
	deposits := []*x402.PaymentPayload{here.deposits(usdc, 0), there.deposits(usdc, 0)}
	var asking sync.WaitGroup
	for i, c := range []*customer{here, there} {
		asking.Go(func() { c.call(onmcp.DepositTool, deposits[i]) })
	}
	eventually(t, "the deposits", func() bool { return len(shop.Transactions()) == 2 })
	pending := shop.Transactions()
	if pending[0].ChainID != 31337 || pending[1].ChainID != otherChain || pending[0].Nonce != 0 || pending[1].Nonce != 0 {
		t.Errorf("on their way are %+v", pending)
	}
	admin := shop.Operator(t)
	if err := admin.SpeedUp(t.Context(), 0, 0); err == nil || !strings.Contains(err.Error(), till.ErrWhichChain.Error()) {
		t.Errorf("a nonce of two chains is sped up: %v", err)
	}
	if err := shop.Cancel(t.Context(), 5, 0); !errors.Is(err, chain.ErrChainID) {
		t.Errorf("cancelled on a chain that the shop is not on: %v", err)
	}
	if err := admin.SpeedUp(t.Context(), otherChain, 0); err != nil {
		t.Errorf("speed up on the other chain: %v", err)
	}
	if now := shop.Transactions(); now[0].Tx != pending[0].Tx || now[1].Tx == pending[1].Tx {
		t.Errorf("after the speed-up on the other chain there are %+v", now)
	}
	if err := shop.Close(); err != nil {
		t.Fatal(err)
	}
	asking.Wait()
	kept, err := books.ReadTransactions(t.Context(), s.options.Store)
	if err != nil || len(kept) != 2 || kept[0].ChainID == kept[1].ChainID {
		t.Errorf("the store has %+v, %v", kept, err)
	}

	shop = shoptest.Open(t, s.reversed(), new(tool).add)
	if now := shop.Transactions(); len(now) != 2 || now[0].ChainID != otherChain {
		t.Errorf("after the restart there are %+v", now)
	}
	mine()
	for i, c := range []*customer{here, there} {
		c.url = shop.URL
		got := c.call(onmcp.DepositTool, deposits[i]).receipt()
		if got.Extra.ChannelState.Balance != usdc || c.wallet() != 99*usdc {
			t.Errorf("customer %d has %s in the channel and %s outside", i, got.Extra.ChannelState.Balance, c.wallet())
		}
	}
}

func TestARefundOnAnotherChainThatWasOnItsWayWhenTheShopEndedIsBookedThere(t *testing.T) {
	s := newStreet(t)
	work := new(tool)
	shop := shoptest.Open(t, s.options, work.add)
	c := s.customers(t, shop, "payer")[2]
	if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.result.IsError {
		t.Fatalf("the deposit: %s", got.raw)
	}
	c.buys(1)
	mine := s.still(t)
	ended := make(chan answer, 1)
	go func() { ended <- c.call(onmcp.RefundTool, c.refunds(price, nil)) }()
	eventually(t, "the refund", func() bool { return len(shop.Transactions()) > 0 })
	if err := shop.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended

	again := shoptest.Open(t, s.reversed(), work.add)
	c.url = again.URL
	if got := c.call("work", c.pays(2*price)); got.code() != x402.ErrChannelBusy {
		t.Errorf("while the refund is on its way: %s", got.raw)
	}
	mine()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { again.Run(ctx, 0) })
	defer running.Wait()
	defer stop()
	eventually(t, "the thaw", func() bool { return !c.ledger(again).Frozen })
	if after := c.ledger(again); after.Balance != price || c.wallet() != 100*usdc-price {
		t.Errorf("after the refund the channel has %s, the payer %s", after.Balance, c.wallet())
	}
}
