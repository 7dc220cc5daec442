package server_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/big"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// isPublished reports whether a voucher's signature stands in the call data of one of
// the transactions of a settlement, where everybody can read it.
func (c *customer) isPublished(done settle.Settlement, ceiling vouchers.Amount) bool {
	c.t.Helper()
	r := c.sign(ceiling).Signature[:32]
	for _, batch := range done.Batches {
		tx, _, err := eth(c.t).TransactionByHash(c.t.Context(), batch.Tx)
		if err != nil {
			c.t.Fatal(err)
		}
		if bytes.Contains(tx.Data(), r) {
			return true
		}
	}
	return false
}

// closing settles everything, and hands the newest voucher to whoever reads the chain.
func (c *customer) closing(shop *shoptest.Shop, newest vouchers.Amount) {
	c.t.Helper()
	done, err := shop.SettleAs(c.t.Context(), settle.Request{Final: true}, nil)
	if err != nil || !c.isPublished(done, newest) {
		c.t.Fatalf("the voucher of %s is not published by %+v, %v", newest, done, err)
	}
}

// shopOfBoth is paid through both escrows of the tests' chain.
func shopOfBoth(t *testing.T, work *tool) (*shoptest.Shop, map[string]*customer) {
	t.Helper()
	s := newStreet(t)
	o := s.options
	o.Rates = server.Rates{
		"work": {Price: "0.001", Metered: true},
		"pages": {Price: "0.05", Quote: func(_ context.Context, req mcp.CallToolRequest) (vouchers.Amount, error) {
			return vouchers.Amount(100 * req.GetInt("pages", 1)), nil
		}},
	}
	o.Prices = maps.Clone(o.Prices)
	delete(o.Prices, "work")
	shop := shoptest.Open(t, o, work.add, func(m *mcpserver.MCPServer) {
		m.AddTool(mcp.NewTool("pages"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("pages"), nil
		})
	})
	all := make(map[string]*customer)
	for i, name := range []string{"the canonical escrow", "our own escrow"} {
		c := s.customers(t, shop, "victim")[i]
		if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.result == nil || got.result.IsError {
			t.Fatalf("the deposit: %s", got.raw)
		}
		all[name] = c
	}
	return shop, all
}

func TestWhatASettlementPublishesBuysRefundsReplaysAndReadsNothing(t *testing.T) {
	fails := false
	work := &tool{do: func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if fails {
			return mcp.NewToolResultError("sorry"), nil
		}
		server.ReportCost(ctx, 300)
		return mcp.NewToolResultText("the secret of " + req.GetString("account", "")), nil
	}}
	shop, victims := shopOfBoth(t, work)
	for name, c := range victims {
		t.Run(name, func(t *testing.T) {
			c.t = t
			secret := map[string]any{"account": "7"}
			if got := c.callWith(t.Context(), secret, c.pays(price)); got.text() != "the secret of 7" {
				t.Fatalf("the call: %s", got.raw)
			}
			fails = true
			c.call("work", c.pays(2*price)) // fails: a whole call is left of the voucher
			fails = false
			c.closing(shop, 2*price)
			before, runs, transactions := c.ledger(shop), work.runs.Load(), sent(t)

			for what, ask := range map[string]func() answer{
				"buys what a failed call has left": func() answer { return c.callWith(t.Context(), map[string]any{"account": "8"}, c.pays(2*price)) },
				"buys what a meter has left":       func() answer { return send(t.Context(), t, c.url, "pages", map[string]any{"pages": 7}, c.pays(price)) },
				"reads a kept answer":              func() answer { return c.callWith(t.Context(), secret, c.pays(price)) },
				"refunds":                          func() answer { return c.call(onmcp.RefundTool, c.refunds(2*price, nil)) },
				"refunds by an old voucher":        func() answer { return c.call(onmcp.RefundTool, c.refunds(price, nil)) },
			} {
				got := ask()
				if got.result == nil || !got.result.IsError {
					t.Errorf("a stranger %s: %s", what, got.raw)
				}
				if r := got.refusal(); len(r.Accepts) > 0 {
					if state := r.Accepts[0].Extra.ChannelState; state != nil && state.ChargedCumulativeAmount != nil && *state.ChargedCumulativeAmount != 2*price {
						t.Errorf("a stranger who %s reads that %s are charged", what, *state.ChargedCumulativeAmount)
					}
				}
			}
			after := c.ledger(shop)
			if after.Charged != before.Charged || after.Balance != before.Balance || work.runs.Load() != runs || sent(t) != transactions {
				t.Errorf("the channel was %+v and is %+v; %d calls, %d transactions", before, after, work.runs.Load()-runs, sent(t)-transactions)
			}
			c.recoversAsAStockClientDoes(shop)
		})
	}
}

// recoversAsAStockClientDoes signs over its count, is corrected, and goes on.
func (c *customer) recoversAsAStockClientDoes(shop *shoptest.Shop) {
	c.t.Helper()
	const count = 300 // what it knows is charged
	refused := c.call("work", c.pays(count+price)).refusal()
	if refused.Error != x402.ErrCumulativeAmountMismatch {
		c.t.Fatalf("refused with %s", refused.Error)
	}
	state, proof := refused.Accepts[0].Extra.ChannelState, refused.Accepts[0].Extra.VoucherState
	if state == nil || proof == nil || *state.ChargedCumulativeAmount != *proof.SignedMaxClaimable || !bytes.Equal(proof.Signature[:64], c.sign(*proof.SignedMaxClaimable).Signature[:64]) {
		c.t.Fatalf("it is told %+v, %+v", state, proof)
	}
	told := *state.ChargedCumulativeAmount
	for range 3 {
		got := c.call("work", c.pays(told+price)).receipt()
		if now := *got.Extra.ChannelState.ChargedCumulativeAmount; now != told+300 || *got.Extra.ChargedAmount != 300 {
			c.t.Fatalf("it counts %s, was charged %s and is told %s", told, *got.Extra.ChargedAmount, now)
		}
		told += 300
	}
	if charged := c.ledger(shop).Charged; charged != count+900 {
		c.t.Errorf("%s are charged", charged)
	}
	if got := c.call(onmcp.RefundTool, c.refunds(told, nil)).receipt(); *got.Amount != usdc-count-900 {
		c.t.Errorf("refunded %s", *got.Amount)
	}
}

// inUse is a shop of which no channel is idle.
func inUse(t *testing.T) server.Options {
	o := selling(t)
	o.Settlement.IdleAfter = time.Hour
	return o
}

func TestASettlementLeavesTheNewestVoucherOfAChannelInUseToItsPayer(t *testing.T) {
	shop := shoptest.Open(t, inUse(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	for n := range 3 {
		c.buys(n + 1)
	}
	done, err := shop.SettleAs(t.Context(), settle.Request{}, nil)
	if err != nil || done.Claimed != 2*price || done.KeptBack != price || c.isPublished(done, 3*price) || !c.isPublished(done, 2*price) {
		t.Fatalf("settled %+v, %v", done, err)
	}
	half := vouchers.Amount(usdc / 2)
	if got := c.call(onmcp.RefundTool, c.refunds(3*price, &half)).receipt(); *got.Amount != half {
		t.Errorf("refunded %s", *got.Amount)
	}
	c.buys(4)
	if got := c.call(onmcp.RefundTool, c.refunds(4*price, nil)).receipt(); *got.Amount != usdc-half-4*price {
		t.Errorf("refunded %s", *got.Amount)
	}
	if c.wallet() != 100*usdc-4*price {
		t.Errorf("the payer has %s", c.wallet())
	}
}

func TestTheLastCallOfAChannelIsClaimedWhenItHasBeenIdle(t *testing.T) {
	shop := shoptest.Open(t, inUse(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	if done, err := shop.SettleAs(t.Context(), settle.Request{}, nil); err != nil || done.Channels != 0 || done.KeptBack != price {
		t.Errorf("settled %+v, %v", done, err)
	}
	shop.Settler.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if done, err := shop.SettleAs(t.Context(), settle.Request{}, nil); err != nil || done.Claimed != price || done.KeptBack != 0 {
		t.Errorf("settled %+v, %v", done, err)
	}
}

func TestWhatIsKeptBackIsBoundedByItsValue(t *testing.T) {
	o := inUse(t)
	o.Settlement.MaxKeptBack = 2 * price
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	if done, err := shop.SettleAs(t.Context(), settle.Request{}, nil); err != nil || done.Channels != 0 || done.KeptBack != price {
		t.Errorf("settled %+v, %v", done, err)
	}
	shop.Settler.Policy.MaxKeptBack = price
	if done, err := shop.SettleAs(t.Context(), settle.Request{}, nil); err != nil || done.Claimed != price || done.KeptBack != 0 || !c.isPublished(done, price) {
		t.Errorf("settled %+v, %v", done, err)
	}
	c.buys(2)
}

func TestACeilingIsBurntAlsoWhereItsTransactionWasNotSent(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	shoptest.Control(t, "anvil_setBalance", shop.Options.Key.Address(), "0x0")
	if done, err := shop.SettleAs(t.Context(), settle.Request{Final: true}, nil); err == nil {
		t.Fatalf("settled %+v without gas", done)
	}
	shoptest.Control(t, "anvil_setBalance", shop.Options.Key.Address(), "0xde0b6b3a7640000")
	shop.Stop(t)
	shop = shoptest.Open(t, shop.Options, new(tool).add)
	c.url = shop.URL
	if ch := c.ledger(shop); ch.Burnt != price {
		t.Errorf("%+v", ch)
	}
	if got := c.call(onmcp.RefundTool, c.refunds(price, nil)); got.code() != x402.ErrChannelBusy {
		t.Errorf("the refund: %s", got.raw)
	}
	c.buys(2)
}

func TestARefundOnAVoucherThatIsOnChainTakesAnOrderOfThePayer(t *testing.T) {
	o := selling(t)
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.closing(shop, price)
	part := vouchers.Amount(usdc / 4)
	order := c.ordered(c.refunds(price, &part), 0)
	stranger := *c
	stranger.key = shoptest.Payer(t, "stranger")
	forged := c.refunds(price, &part)
	forged.Extensions = stranger.ordered(stranger.refunds(price, &part), 0).Extensions
	before := sent(t)
	for what, refused := range map[string]*x402.PaymentPayload{
		"no order":                 c.refunds(price, &part),
		"a stranger's order":       forged,
		"an order for another sum": {Accepted: order.Accepted, Payload: c.refunds(price, nil).Payload, Extensions: order.Extensions},
		"an order for another refund of the channel": c.ordered(c.refunds(price, &part), 1),
	} {
		if got := c.call(onmcp.RefundTool, refused); got.result == nil || !got.result.IsError {
			t.Errorf("with %s: %s", what, got.raw)
		}
	}
	if sent(t) != before {
		t.Errorf("%d transactions", sent(t)-before)
	}
	if got := c.call(onmcp.RefundTool, order).receipt(); *got.Amount != part {
		t.Errorf("refunded %s", *got.Amount)
	}
	if got := c.call(onmcp.RefundTool, order); got.result == nil || !got.result.IsError {
		t.Errorf("the order again: %s", got.raw)
	}
	if got := c.call(onmcp.RefundTool, c.ordered(c.refunds(price, nil), 1)).receipt(); *got.Amount != usdc-part-price {
		t.Errorf("refunded %s", *got.Amount)
	}
}

func TestAPayerIsToldItsStateByAnOrderAlsoOnAVoucherThatIsOnChain(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.closing(shop, price)
	c.buys(2)
	stranger := *c
	stranger.key = shoptest.Payer(t, "stranger")
	for signer, tells := range map[*customer]bool{c: true, &stranger: false} {
		asking := c.pays(price)
		deadline, signature := signer.signed(order.Order{Action: "state"})
		extensions, err := extension.WithOrder(nil, extension.PayerOrder{Deadline: deadline, Signature: signature})
		if err != nil {
			t.Fatal(err)
		}
		asking.Extensions = extensions
		got := c.call("work", asking)
		state := got.refusal().Accepts[0].Extra.ChannelState
		if told := state != nil && state.ChargedCumulativeAmount != nil && *state.ChargedCumulativeAmount == 2*price; told != tells {
			t.Errorf("told %t, want %t: %s", told, tells, got.raw)
		}
	}
}

func TestADepositThatIsShownAgainTellsNobodyWhatWasCharged(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := newCustomer(t, shop, "payer")
	deposit := c.deposits(usdc, 0)
	c.call(onmcp.DepositTool, deposit)
	c.buys(1)
	c.closing(shop, price)
	c.buys(2)
	deposit.Payload.(*x402.DepositPayload).Voucher = c.sign(price) // both are on chain
	got := c.call(onmcp.DepositTool, deposit)
	if got.result == nil {
		t.Fatalf("%s", got.raw)
	}
	if !got.result.IsError {
		if state := got.receipt().Extra.ChannelState; state.ChargedCumulativeAmount != nil {
			t.Errorf("it tells %+v", state)
		}
	}
	if bytes.Contains(got.raw, []byte(`"chargedCumulativeAmount"`)) || bytes.Contains(got.raw, []byte(`"signedMaxClaimable"`)) {
		t.Errorf("it tells %s", got.raw)
	}
}

func TestAnErrorOfTheShopsOwnToolTellsNobodyWhatWasCharged(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.closing(shop, price)
	c.buys(2)
	got := send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, map[string]any{"nonsense": 1}, c.pays(price))
	if bytes.Contains(got.raw, []byte(`"chargedCumulativeAmount"`)) {
		t.Errorf("a stranger reads %s", got.raw)
	}
}

func TestASettlementThatWaitsForCheaperGasBurnsNothing(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	before := sent(t)
	if _, err := shop.SettleAs(t.Context(), settle.Request{MaxGasPrice: big.NewInt(1)}, nil); !errors.Is(err, txmgr.ErrFee) || sent(t) != before {
		t.Fatal(err)
	}
	if ch := c.ledger(shop); ch.Burnt != 0 {
		t.Errorf("burnt is %s", ch.Burnt)
	}
}

func TestALargeCallOnAVoucherThatIsOnChainIsNotDecoded(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.closing(shop, price)
	got := c.callWith(t.Context(), map[string]any{"big": string(bytes.Repeat([]byte("x"), 200<<10))}, c.pays(price))
	if got.result == nil || !got.result.IsError || shop.LimitHits()["unpaidBody"] != 1 {
		t.Errorf("the limits met are %v: %.200s", shop.LimitHits(), got.raw)
	}
}
