package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// waits holds an answer against a refusal that says what it waits for.
func (a answer) waits(code x402.ErrorCode, says string) {
	a.t.Helper()
	if got := a.refusal(); got.Error != code || !strings.Contains(got.ErrorMessage, says) {
		a.t.Errorf("refused with %s (%s), want %s and word of %q", got.Error, got.ErrorMessage, code, says)
	}
}

func (a answer) given(what string) {
	a.t.Helper()
	if code := a.code(); code != "" {
		a.t.Errorf("%s: %s (%s)", what, code, a.refusal().ErrorMessage)
	}
}

// partBack asks for a part of what is left after one call.
func (c *customer) partBack(amount vouchers.Amount) answer {
	return c.call(onmcp.RefundTool, c.refunds(price, &amount))
}

// buyer is a regular that has made one call.
func buyer(t testing.TB, shop *shoptest.Shop, role string, balance vouchers.Amount) *customer {
	t.Helper()
	c := regular(t, shop, role, balance)
	c.call("work", c.pays(price)).given("a call")
	return c
}

func (c *customer) deposit(amount vouchers.Amount) answer {
	return c.call(onmcp.DepositTool, c.deposits(amount, 0))
}

func TestNoTransactionIsSentForLessThanTheLeastAndAllThatIsLeftGoesBack(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := buyer(t, shop, "payer", 2*usdc)
	before := sent(t)
	for range 40 {
		c.partBack(1).waits(x402.ErrRefundAmountInvalid, "0.001 USDC")
		c.deposit(1).waits(x402.ErrDepositBelowMinDeposit, "0.001 USDC")
	}
	if n := sent(t) - before; n != 0 {
		t.Errorf("they took %d transactions of the seller", n)
	}
	if met := shop.LimitHits(); met["leastRefund"] != 40 || met["leastDeposit"] != 40 {
		t.Errorf("the limits met are %v", met)
	}
	c.partBack(2*usdc - price - 1).given("all but one unit")
	c.partBack(1).given("the last unit")
	if have := c.wallet(); have != 100*usdc-price {
		t.Errorf("the payer has %s", have)
	}
}

func TestTheLeastFollowsThePriceOfGas(t *testing.T) {
	o := selling(t)
	o.Settlement.CoinPrice = 3_000 * usdc
	shop := shoptest.Open(t, o, new(tool).add)
	c := newCustomer(t, shop, "payer")
	announced := c.terms.Extra.MinDeposit
	if announced < usdc/10 || announced > 10*usdc {
		t.Fatalf("with gas at some gwei and the coin at 3000 USDC the least deposit is %s", announced)
	}
	c.deposit(announced/2-usdc/100).waits(x402.ErrDepositBelowMinDeposit, announced.String())
	c.deposit(3*announced + price).given("a deposit above it")
	c.call("work", c.pays(price)).given("a call")
	c.partBack(announced/4).waits(x402.ErrRefundAmountInvalid, "the present price of gas")
	c.partBack(2 * announced).given("a part above it")
	c.call(onmcp.RefundTool, c.refunds(price, amount(announced))).given("the rest")
}

func TestAChannelHasSoManyErrandsInAnHour(t *testing.T) {
	now := time.Now()
	o := selling(t)
	o.Now, o.Limits.ChannelErrands = func() time.Time { return now }, 3
	shop := shoptest.Open(t, o, new(tool).add)
	c, other := buyer(t, shop, "payer", 2*usdc), buyer(t, shop, "other", usdc)
	c.partBack(usdc / 10).given("a part")
	c.deposit(usdc).given("a deposit")
	c.partBack(usdc/10).waits(x402.ErrVerificationStateUnavailable, "within the hour")
	c.deposit(usdc).waits(x402.ErrVerificationStateUnavailable, "within the hour")
	if shop.LimitHits()["channelErrands"] != 2 {
		t.Errorf("the limits met are %v", shop.LimitHits())
	}
	other.partBack(usdc / 2).given("a part of another channel")
	now = now.Add(20 * time.Minute)
	c.partBack(usdc / 10).given("a part after twenty minutes")
	c.call(onmcp.RefundTool, c.refunds(price, amount(c.ledger(shop).Balance-price))).given("all that is left")
}

func TestWhatIsLeftAndWorthLessThanItsGasGoesBackNowAndThen(t *testing.T) {
	o := selling(t)
	o.Limits.LeastDeposit = 1
	shop := shoptest.Open(t, o, new(tool).add)
	c := newCustomer(t, shop, "payer")
	c.call("work", c.deposits(2*price, price)).given("a call")
	for n := range uint64(6) {
		c.call(onmcp.RefundTool, c.ordered(c.refunds(price, amount(c.ledger(shop).Balance-price)), n)).given("what is left")
		c.call(onmcp.DepositTool, c.deposits(1, price)).given("one unit more")
	}
	c.call(onmcp.RefundTool, c.ordered(c.refunds(price, amount(1)), 6)).given("the first unit alone")
	c.call(onmcp.DepositTool, c.deposits(1, price)).given("one unit more")
	c.call(onmcp.RefundTool, c.ordered(c.refunds(price, amount(1)), 7)).waits(x402.ErrVerificationStateUnavailable, "ask again in 10m")
}

func TestTodaysGasForDepositsIsABudgetThatOutlivesTheShopAndNoClaimWaitsFor(t *testing.T) {
	now := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	o := selling(t)
	o.Now, o.Limits.DepositGas = func() time.Time { return now }, 300_000
	shop := shoptest.Open(t, o, new(tool).add)
	c := buyer(t, shop, "payer", usdc)
	payment := c.deposits(usdc, 0)
	c.call(onmcp.DepositTool, payment).given("a second deposit")
	c.deposit(usdc).waits(x402.ErrVerificationStateUnavailable, "00:00 UTC")
	c.call(onmcp.DepositTool, payment).given("the second deposit, asked for again")
	shop.Stop(t)
	shop = shoptest.Open(t, o, new(tool).add)
	c.url = shop.URL
	fresh := newCustomer(t, shop, "fresh")
	before := sent(t)
	fresh.deposit(usdc).waits(x402.ErrVerificationStateUnavailable, "00:00 UTC")
	if sent(t) != before || shop.LimitHits()["depositGas"] == 0 {
		t.Errorf("%d transactions; the limits met are %v", sent(t)-before, shop.LimitHits())
	}
	if settled, err := shop.Settler.Settle(t.Context(), false); err != nil || settled.Claimed != price {
		t.Errorf("the settler claims %+v, %v", settled, err)
	}
	c.call(onmcp.RefundTool, c.ordered(c.refunds(price, amount(usdc/2)), 0)).given("a refund of a part")
	now = now.Add(14 * time.Hour)
	fresh.deposit(usdc).given("a deposit on the next day")
}

func TestTodaysGasForRefundsOfAPartIsABudget(t *testing.T) {
	now := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	o := selling(t)
	o.Now, o.Limits.RefundGas = func() time.Time { return now }, 220_000
	shop := shoptest.Open(t, o, new(tool).add)
	c := buyer(t, shop, "payer", 5*usdc)
	c.partBack(usdc).given("a part")
	c.partBack(usdc).given("a second part")
	c.partBack(usdc).waits(x402.ErrVerificationStateUnavailable, "00:00 UTC")
	c.deposit(usdc).given("a deposit")
	now = now.Add(-48 * time.Hour)
	c.partBack(usdc).waits(x402.ErrVerificationStateUnavailable, "00:00 UTC")
	c.call(onmcp.RefundTool, c.refunds(price, amount(c.ledger(shop).Balance-price))).given("all that is left")
}

// burner is a contract that takes every signature, after it has used up two million gas.
var burner = common.FromHex("0x" + "62012cc8" + "5b60019003806004" + "57" + "631626ba7e60e01b5f5260205ff3")

func TestADepositWhoseWalletBurnsTheSellersGasIsRefusedBeforeItIsSent(t *testing.T) {
	o := selling(t)
	shop := shoptest.Open(t, o, new(tool).add)
	c := newCustomer(t, shop, "wallet")
	c.config.PayerAuthorizer = shoptest.Key(t, "session").Address()
	c.id = c.domain.ChannelID(c.config)
	voucher := func() x402.SignedVoucher {
		signer := *c
		signer.key = shoptest.Key(t, "session")
		return signer.sign(0)
	}
	if err := shoptest.Net.SetCode(t.Context(), c.key.Address(), burner); err != nil {
		t.Fatal(err)
	}
	payment := c.pay(&x402.DepositPayload{ChannelConfig: c.config, Voucher: voucher(), Deposit: c.authorize(usdc, funding.NewNonce())})
	before := sent(t)
	c.call(onmcp.DepositTool, payment).waits(x402.ErrDepositSimulationFailed, "the cap is 1000000")
	if sent(t) != before || shop.LimitHits()["depositGasCap"] != 1 {
		t.Errorf("%d transactions; the limits met are %v", sent(t)-before, shop.LimitHits())
	}
	shop.Stop(t)
	o.Limits.DepositGasCap = 5_000_000
	shop = shoptest.Open(t, o, new(tool).add)
	c.url = shop.URL
	c.call(onmcp.DepositTool, payment).given("under a higher cap")
}

func TestACallThatNeedsMoreThanItsCapIsNotSent(t *testing.T) {
	o := selling(t)
	o.Limits.RefundGasCap = 50_000
	shop := shoptest.Open(t, o, new(tool).add)
	c := buyer(t, shop, "payer", usdc)
	before := sent(t)
	c.partBack(usdc/2).waits(x402.ErrRefundSimulationFailed, chain.ErrGasCap.Error())
	if sent(t) != before || shop.LimitHits()["refundGasCap"] != 1 {
		t.Errorf("%d transactions; the limits met are %v", sent(t)-before, shop.LimitHits())
	}
	c.call("work", c.pays(2*price)).given("a call after it")
}
