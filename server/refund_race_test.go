package server_test

import (
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// overtaken asks for a refund that is mined behind the end of the customer's
// withdrawal, whose delay has passed.
func (c *customer) overtaken(shop *shoptest.Shop, refund *x402.PaymentPayload) answer {
	c.t.Helper()
	shoptest.Control(c.t, "evm_increaseTime", c.config.WithdrawDelay+1)
	shoptest.Control(c.t, "anvil_mine", "0x1")
	shoptest.Control(c.t, "evm_setAutomine", false)
	mine := sync.OnceFunc(func() {
		shoptest.Control(c.t, "evm_setAutomine", true)
		shoptest.Control(c.t, "anvil_mine", "0x1")
	})
	defer mine()
	own, err := txmgr.NewSender(c.t.Context(), c.net.Client, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	finished := make(chan error, 1)
	go func() {
		_, err := escrow.At(c.net.Client, c.domain.Deployment().Escrow).FinalizeWithdraw(c.t.Context(), own, c.config)
		finished <- err
	}()
	eventually(c.t, "the withdrawal is on its way", func() bool { return len(own.Pending()) == 1 })
	if err := own.SpeedUp(c.t.Context(), own.Pending()[0].Nonce); err != nil { // before the refund, by its fee
		c.t.Fatal(err)
	}
	answered := make(chan answer, 1)
	go func() { answered <- c.call("chit_refund", refund) }()
	eventually(c.t, "the refund is on its way", func() bool { return len(shop.Transactions()) == 1 })
	mine()
	if err := <-finished; err != nil {
		c.t.Fatal(err)
	}
	return <-answered
}

func TestARefundThatPaidNothingIsNotReportedAsGiven(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", 10*usdc)
	c.announces(10 * usdc)
	if refused := c.overtaken(shop, c.refunds(0, nil)).refusal(); refused.Error != x402.ErrRefundNoBalance {
		t.Errorf("the refund is answered %s (%s)", refused.Error, refused.ErrorMessage)
	}
	if have := c.wallet(); have != 100*usdc {
		t.Errorf("the payer has %s", have)
	}
}

func TestARefundReportsWhatItPaidAndTheClaimComesFirst(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", 10*usdc)
	c.buys(1)
	c.announces(7 * usdc)
	given := c.overtaken(shop, c.refunds(price, amount(5*usdc))).receipt()
	if *given.Amount != 3*usdc-price || c.wallet() != 100*usdc-price {
		t.Errorf("the refund is %s, the payer has %s", given.Amount, c.wallet())
	}
	if settled, err := shop.Settler.Settle(t.Context(), false); err != nil || income(t, shop) != price {
		t.Errorf("settled %+v, %v, the receiver has %s", settled, err, income(t, shop))
	}
}

func TestARefundLeavesWhatTokensHoldWhereAWithdrawalIsPending(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", 10*usdc)
	c.granted(macaroon.Scope{Budget: 5 * usdc, Expires: time.Now().Add(time.Hour)}, 0)
	c.announces(5 * usdc)
	for _, want := range []*vouchers.Amount{nil, amount(usdc)} {
		if refused := c.call("chit_refund", c.refunds(5*usdc, want)).refusal(); refused.Error != x402.ErrRefundNoBalance {
			t.Errorf("a refund of %v is answered %s (%s)", want, refused.Error, refused.ErrorMessage)
		}
	}
	if _, err := shop.Reconcile(t.Context()); err != nil || c.ledger(shop).Balance != 10*usdc || c.ledger(shop).Withdrawal.Amount != 5*usdc {
		t.Errorf("the channel is %+v, %v", c.ledger(shop), err)
	}
}
