package server_test

import (
	"context"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

const identifier = "pay_0123456789abcdef"

func TestTheSamePaymentAgainGetsTheSameAnswerAlsoAfterARestart(t *testing.T) {
	work := new(tool)
	options := selling(t)
	shop := shoptest.Open(t, options, work.add)
	c := regular(t, shop, "payer", usdc)
	paid := c.identified(c.pays(price), identifier)
	first := c.call("work", paid)
	if first.text() != "done" {
		t.Fatalf("answered %s", first.raw)
	}
	if again := c.call("work", paid); sorted(t, again.raw) != sorted(t, first.raw) {
		t.Errorf("the same payment again: %s, first %s", again.raw, first.raw)
	}
	before := c.ledger(shop)
	shop.Stop(t)

	shop = shoptest.Open(t, options, work.add)
	c.url = shop.URL
	if again := c.call("work", paid); sorted(t, again.raw) != sorted(t, first.raw) {
		t.Errorf("after a restart: %s, first %s", again.raw, first.raw)
	}
	if got := c.ledger(shop); got.Charged != price || got.Balance != before.Balance || got.Ceiling != before.Ceiling || got.InFlight != 0 {
		t.Errorf("the channel is %+v, was %+v", got, before)
	}
	if work.runs.Load() != 1 {
		t.Errorf("the tool has run %d times", work.runs.Load())
	}
	if got := c.callWith(t.Context(), map[string]any{"n": 2}, c.pays(2*price)); got.text() != "done" {
		t.Errorf("the next call: %s", got.raw)
	}
}

func TestTheSamePaymentWithoutAnIdentifierIsAnsweredFromMemory(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	first, again := c.call("work", c.pays(price)), c.call("work", c.pays(price))
	if first.text() != "done" || sorted(t, again.raw) != sorted(t, first.raw) || work.runs.Load() != 1 {
		t.Errorf("answered %s and %s in %d runs", first.raw, again.raw, work.runs.Load())
	}
}

func TestAnIdentifierIsGoodForOneRequest(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	if got := c.callWith(t.Context(), map[string]any{"n": 1}, c.identified(c.pays(price), identifier)); got.text() != "done" {
		t.Fatalf("answered %s", got.raw)
	}
	for name, got := range map[string]answer{
		"another request":                c.callWith(t.Context(), map[string]any{"n": 2}, c.identified(c.pays(price), identifier)),
		"another voucher":                c.callWith(t.Context(), map[string]any{"n": 1}, c.identified(c.pays(2*price), identifier)),
		"another request and voucher":    c.callWith(t.Context(), map[string]any{"n": 3}, c.identified(c.pays(2*price), identifier)),
		"the same arguments, other tool": send(t.Context(), t, c.url, "hash", map[string]any{"n": 1}, c.identified(c.pays(price), identifier)),
		"another tool, its own voucher":  send(t.Context(), t, c.url, "hash", map[string]any{"text": "x"}, c.identified(c.pays(3*price), identifier)),
	} {
		if got.code() != x402.ErrPayload {
			t.Errorf("%s: answered %s", name, got.raw)
		} else if state := got.refusal().Accepts[0].Extra.ChannelState; state == nil || *state.ChargedCumulativeAmount != price {
			t.Errorf("%s: the refusal says %+v", name, state)
		}
	}
	if got := c.ledger(shop); got.Charged != price || work.runs.Load() != 1 {
		t.Errorf("charged %s in %d runs", got.Charged, work.runs.Load())
	}
}

func TestTheSamePaymentManyTimesAtOnceRunsTheToolOnce(t *testing.T) {
	started, finish := make(chan struct{}), make(chan struct{})
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(started) // a second run panics, and fails the call
		<-finish
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	for _, paid := range []*x402.PaymentPayload{c.identified(c.pays(price), identifier), c.pays(2 * price)} {
		var all sync.WaitGroup
		const copies = 12
		answers := make([]answer, copies)
		for i := range copies {
			all.Go(func() { answers[i] = c.call("work", paid) })
		}
		<-started
		close(finish)
		all.Wait()
		for i, got := range answers {
			if sorted(t, got.raw) != sorted(t, answers[0].raw) || got.text() != "done" {
				t.Errorf("copy %d: %s, the first: %s", i, got.raw, answers[0].raw)
			}
		}
		started, finish = make(chan struct{}), make(chan struct{})
	}
	if got := c.ledger(shop); got.Charged != 2*price || work.runs.Load() != 2 {
		t.Errorf("charged %s in %d runs, want two", got.Charged, work.runs.Load())
	}
}

func TestAVoucherPaysForOneOfManyCallsThatCarryItAtOnce(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	var all sync.WaitGroup
	const copies = 12
	answers := make([]answer, copies)
	for i := range copies {
		paid := c.pays(price)
		all.Go(func() { answers[i] = c.callWith(t.Context(), map[string]any{"n": i}, paid) })
	}
	all.Wait()
	served := 0
	for _, got := range answers {
		switch got.code() {
		case "":
			served++
		case x402.ErrCumulativeAmountMismatch:
		default:
			t.Errorf("answered %s", got.raw)
		}
	}
	if got := c.ledger(shop); served != 1 || got.Charged != price || work.runs.Load() != 1 {
		t.Errorf("%d calls were served, %s charged, in %d runs", served, got.Charged, work.runs.Load())
	}
}

func TestVouchersMayArriveInAnyOrderAndAGapIsNeverCharged(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	for i, ceiling := range []vouchers.Amount{5, 3, 9, 4} {
		got := c.callWith(t.Context(), map[string]any{"n": i}, c.pays(ceiling*price))
		if got.code() != "" || *got.receipt().Extra.ChannelState.ChargedCumulativeAmount != vouchers.Amount(i+1)*price {
			t.Errorf("a ceiling of %d prices: %s", ceiling, got.raw)
		}
	}
	if got := c.ledger(shop); got.Charged != 4*price || got.Ceiling != 9*price {
		t.Errorf("charged %s under %s", got.Charged, got.Ceiling)
	}
}
