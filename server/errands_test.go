package server_test

import (
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestSoManyDepositsAndRefundsWaitForTheChainAtOnce(t *testing.T) {
	o := selling(t)
	o.Limits.Errands = 1
	shop := shoptest.Open(t, o, new(tool).add)
	first, second := newCustomer(t, shop, "first"), newCustomer(t, shop, "second")
	shoptest.Control(t, "evm_setAutomine", false)
	waiting := make(chan answer, 1)
	payment := first.deposits(usdc, 0)
	go func() { waiting <- first.call(server.DepositTool, payment) }()
	until(t, "the first deposit is on its way", func() bool { return len(shop.Transactions()) == 1 })
	later := second.deposits(usdc, 0)
	if got := second.call(server.DepositTool, later); got.code() != x402.ErrVerificationStateUnavailable || shop.LimitHits()["errands"] != 1 {
		t.Errorf("the second deposit: %s; the limits met are %v", got.raw, shop.LimitHits())
	}
	shoptest.Control(t, "evm_setAutomine", true)
	shoptest.Control(t, "anvil_mine", 1)
	(<-waiting).given("the first deposit")
	second.call(server.DepositTool, later).given("the second deposit, later")
}
