package server_test

import (
	"strings"
	"testing"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestAPayerIsToldThatTheSellerCannotTakeDepositsNow(t *testing.T) {
	options, log := selling(t), new(record)
	options.Logger = log.logger()
	options.Key = shoptest.Key(t, "a seller without gas")
	shop := shoptest.Open(t, options, new(tool).add)
	c := newCustomer(t, shop, "payer")
	refused := c.call("chit_deposit", c.deposits(usdc, 0)).refusal()
	if refused.Error != x402.ErrDepositTransactionFailed || !strings.Contains(refused.ErrorMessage, "the seller cannot handle deposits now") || strings.Contains(refused.ErrorMessage, "coin") {
		t.Errorf("the deposit is answered %s (%s)", refused.Error, refused.ErrorMessage)
	}
	if !log.has("ERROR", "the seller's account "+options.Key.Address().Hex(), " has 0 of the chain's coin and needs up to 0.0") {
		t.Error("the operator is not told which account needs how much")
	}
	if have := c.wallet(); have != 100*usdc {
		t.Errorf("the payer has %s", have)
	}
}
