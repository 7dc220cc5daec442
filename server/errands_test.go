package server_test

import (
	"testing"

	"github.com/chitpay/chit/server/onmcp"
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
	go func() { waiting <- first.call(onmcp.DepositTool, payment) }()
	until(t, "the first deposit is on its way", func() bool { return len(shop.Transactions()) == 1 })
	later := second.deposits(usdc, 0)
	if got := second.call(onmcp.DepositTool, later); got.code() != x402.ErrVerificationStateUnavailable || shop.LimitHits()["errands"] != 1 {
		t.Errorf("the second deposit: %s; the limits met are %v", got.raw, shop.LimitHits())
	}
	shoptest.Control(t, "evm_setAutomine", true)
	shoptest.Control(t, "anvil_mine", 1)
	(<-waiting).given("the first deposit")
	second.call(onmcp.DepositTool, later).given("the second deposit, later")
}

func TestOneNetworkHasAShareOfTheErrandsAndLeavesTheRestToOthers(t *testing.T) {
	o := selling(t)
	o.Limits.Errands = 4 // one of which is one network's
	shop := shoptest.Open(t, o, new(tool).add)
	near := "203.0.113.7"
	first, second := newCustomer(t, shop, "first").from(near), newCustomer(t, shop, "second").from(near)
	other := newCustomer(t, shop, "other").from("192.0.2.1")
	shoptest.Control(t, "evm_setAutomine", false)
	waiting := make(chan answer, 2)
	for n, c := range []*customer{first, other} {
		payment := c.deposits(usdc, 0)
		go func() { waiting <- c.call(onmcp.DepositTool, payment) }()
		until(t, "a deposit is on its way", func() bool { return len(shop.Transactions()) == n+1 })
		if later := second.deposits(usdc, 0); n == 0 {
			if got := second.call(onmcp.DepositTool, later); got.code() != x402.ErrVerificationStateUnavailable || shop.LimitHits()["errands"] != 1 {
				t.Errorf("the second deposit of a network: %s; the limits met are %v", got.raw, shop.LimitHits())
			}
		}
	}
	shoptest.Control(t, "evm_setAutomine", true)
	shoptest.Control(t, "anvil_mine", 1)
	(<-waiting).given("a deposit")
	(<-waiting).given("a deposit")
	second.call(onmcp.DepositTool, second.deposits(usdc, 0)).given("the second deposit, later")
}
