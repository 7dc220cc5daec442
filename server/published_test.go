package server_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// withOrder puts an order beside a payment, which the customer's key signs.
func (c *customer) withOrder(p *x402.PaymentPayload, order order.Order) *x402.PaymentPayload {
	c.t.Helper()
	deadline, signature := c.signed(order)
	extensions, err := extension.WithOrder(p.Extensions, extension.PayerOrder{Deadline: deadline, Signature: signature})
	if err != nil {
		c.t.Fatal(err)
	}
	p.Extensions = extensions
	return p
}

// without is the customer's channel in the hands of somebody who has another key.
func (c *customer) without(key string) *customer {
	stranger := *c
	stranger.key = shoptest.Key(c.t, key)
	return &stranger
}

func TestAStockClientIsRefundedOnTheVoucherOfOneMoreCallAndNeverOnABurntOne(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.closing(shop, price)
	before := sent(t)
	for what, amount := range map[string]*vouchers.Amount{"all": nil, "a part": amount(usdc / 4)} {
		if got := c.call(onmcp.RefundTool, c.refunds(price, amount)); got.code() != x402.ErrChannelBusy {
			t.Errorf("%s: %s", what, got.raw)
		}
	}
	if sent(t) != before {
		t.Errorf("%d transactions", sent(t)-before)
	}
	c.buys(2)
	if got := c.call(onmcp.RefundTool, c.refunds(2*price, nil)).receipt(); *got.Amount != usdc-2*price {
		t.Errorf("refunded %s", *got.Amount)
	}
}

func TestWhoShowsAPublishedVoucherNeitherFreezesItsChannelNorUsesUpItsLimits(t *testing.T) {
	o := selling(t)
	o.Limits.ChannelLookups, o.Limits.ChannelErrands = 10, 10
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.closing(shop, price)
	stranger := c.without("stranger")
	made := stranger.withOrder(c.refunds(price, nil), order.Order{Action: "refund", Subject: order.RefundSubject(nil, 0)})
	forged := c.deposits(usdc, price)
	forged.Payload.(*x402.DepositPayload).Deposit = stranger.authorize(usdc, forged.Payload.(*x402.DepositPayload).Deposit.Authorization.Erc3009.Salt)
	var done atomic.Bool
	var strangers sync.WaitGroup
	for what, payment := range map[string]*x402.PaymentPayload{"no order": c.refunds(price, nil), "a made-up order": made} {
		strangers.Go(func() {
			for !done.Load() {
				if got := c.call(onmcp.RefundTool, payment); got.result == nil || !got.result.IsError {
					t.Errorf("a refund with %s: %s", what, got.raw)
				}
			}
		})
	}
	for range 20 {
		if got := c.call(onmcp.DepositTool, forged); got.result == nil || !got.result.IsError {
			t.Errorf("a forged deposit: %s", got.raw)
		}
	}
	for n := range 200 {
		c.buys(n + 2)
	}
	done.Store(true)
	strangers.Wait()
	if hits := shop.LimitHits(); len(hits) != 0 {
		t.Errorf("the limits met are %v", hits)
	}
	c.call(onmcp.DepositTool, c.deposits(usdc, 201*price)).given("a deposit")
	if got := c.call(onmcp.RefundTool, c.refunds(201*price, amount(usdc))).receipt(); *got.Amount != usdc {
		t.Errorf("refunded %s", *got.Amount)
	}
}

func TestAPublishedDepositThatIsShownAgainUsesUpNothingOfItsChannel(t *testing.T) {
	o := selling(t)
	o.Limits.ChannelLookups, o.Limits.ChannelErrands = 3, 3
	shop := shoptest.Open(t, o, new(tool).add)
	c := newCustomer(t, shop, "payer")
	deposit := c.deposits(usdc, 0)
	c.call(onmcp.DepositTool, deposit).given("the deposit")
	c.buys(1)
	c.closing(shop, price)
	deposit.Payload.(*x402.DepositPayload).Voucher = c.sign(price) // both are on chain
	shop.Stop(t)
	shop = shoptest.Open(t, shop.Options, new(tool).add)
	c.url = shop.URL
	for range 10 {
		c.call(onmcp.DepositTool, deposit)
	}
	c.call(onmcp.DepositTool, c.deposits(usdc, price)).given("a deposit on a burnt voucher")
	if hits := shop.LimitHits(); len(hits) != 0 {
		t.Errorf("the limits met are %v", hits)
	}
}

func TestARefundThatWasGivenIsToldAgainToWhoKnowsItsIdentifierAndTellsNoMoreThanTheChain(t *testing.T) {
	fails := false
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if fails {
			return mcp.NewToolResultError("sorry"), nil
		}
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	fails = true
	c.call("work", c.pays(2*price)) // signed, and never charged
	fails = false
	part := amount(usdc / 4)
	given := c.call(onmcp.RefundTool, c.identified(c.refunds(price, part), "secret_of_16_bytes")).receipt()
	c.buys(2)
	c.closing(shop, 2*price)
	before := sent(t)
	for what, payment := range map[string]*x402.PaymentPayload{
		"no identifier":      c.refunds(price, part),
		"another identifier": c.identified(c.refunds(price, part), "another_of_16_bytes"),
		"another amount":     c.identified(c.refunds(price, nil), "secret_of_16_bytes"),
		"another voucher":    c.identified(c.refunds(2*price, part), "secret_of_16_bytes"),
	} {
		if got := c.call(onmcp.RefundTool, payment); got.result == nil || !got.result.IsError {
			t.Errorf("with %s: %s", what, got.raw)
		}
	}
	again := c.call(onmcp.RefundTool, c.identified(c.refunds(price, part), "secret_of_16_bytes")).receipt()
	state := again.Extra.ChannelState
	if again.Transaction != given.Transaction || *again.Amount != *part || *state.ChargedCumulativeAmount != price || again.Extra.VoucherState != nil {
		t.Errorf("told again: %+v, %+v", again, state)
	}
	if sent(t) != before {
		t.Errorf("%d transactions", sent(t)-before)
	}
}

func TestAnAnswerThatWasLostBeforeASettlementIsGivenToThePayersOrderAndToNobodyElse(t *testing.T) {
	work := &tool{do: func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("the secret of " + req.GetString("account", "")), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	for _, identifier := range []string{"an_identifier_of_its_own", ""} {
		secret, ceiling := map[string]any{"account": identifier}, c.ledger(shop).Count()+price
		pays := func() *x402.PaymentPayload {
			if identifier == "" {
				return c.pays(ceiling)
			}
			return c.identified(c.pays(ceiling), identifier)
		}
		first := c.callWith(t.Context(), secret, pays())
		if first.text() != "the secret of "+identifier {
			t.Fatalf("the call: %s", first.raw)
		}
		c.closing(shop, c.ledger(shop).Charged)
		runs, charged := work.runs.Load(), c.ledger(shop).Charged
		state := order.Order{Action: "state"}
		for what, payment := range map[string]*x402.PaymentPayload{
			"no order":           pays(),
			"a stranger's order": c.without("stranger").withOrder(pays(), state),
			"another order":      c.withOrder(pays(), order.Order{Action: "receipts"}),
		} {
			if got := c.callWith(t.Context(), secret, payment); got.result == nil || !got.result.IsError {
				t.Errorf("with %s: %s", what, got.raw)
			}
		}
		if got := c.callWith(t.Context(), map[string]any{"account": "another"}, c.withOrder(pays(), state)); got.result == nil || !got.result.IsError {
			t.Errorf("for another request: %s", got.raw)
		}
		if got := c.callWith(t.Context(), secret, c.withOrder(pays(), state)); got.text() != first.text() {
			t.Errorf("with the payer's order: %s", got.raw)
		}
		if work.runs.Load() != runs || c.ledger(shop).Charged != charged {
			t.Errorf("it has run %d times, and %s are charged", work.runs.Load()-runs, c.ledger(shop).Charged-charged)
		}
	}
}
