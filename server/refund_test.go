package server_test

import (
	"context"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func amount(v vouchers.Amount) *vouchers.Amount { return &v }

func TestARefundPaysTheShopFirstAndThePayerTheRest(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", 10*usdc)
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Fatalf("the call: %s", got.raw)
	}
	got := c.call("chit_refund", c.refunds(price, nil)).receipt()
	state := got.Extra.ChannelState
	if *got.Amount != 10*usdc-price || got.Extra.ChargedAmount != nil || state.Balance != price || state.TotalClaimed != price || state.RefundNonce != 1 || *state.ChargedCumulativeAmount != price {
		t.Errorf("the receipt is %+v, %+v", got, state)
	}
	if tx, err := shoptest.Net.Client.Receipt(t.Context(), common.HexToHash(got.Transaction)); err != nil || tx == nil || tx.Status != 1 {
		t.Errorf("transaction %q: %+v, %v", got.Transaction, tx, err)
	}
	if have := c.wallet(); have != 100*usdc-price {
		t.Errorf("the payer has %s", have)
	}
	if refused := c.call("chit_refund", c.refunds(price, nil)).refusal(); refused.Error != x402.ErrRefundNoBalance {
		t.Errorf("a second refund: %s (%s)", refused.Error, refused.ErrorMessage)
	}
	if refused := c.call("work", c.pays(2*price)).refusal(); refused.Error != x402.ErrCumulativeExceedsBalance {
		t.Errorf("a call after the refund: %s (%s)", refused.Error, refused.ErrorMessage)
	}
	settlement, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || settlement.Channels != 0 {
		t.Errorf("after the refund the settler claims %+v, %v", settlement, err)
	}
}

func TestARefundOfAPartLeavesTheRest(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", 10*usdc)
	if got := c.call("chit_refund", c.refunds(0, amount(4*usdc))).receipt(); *got.Amount != 4*usdc || got.Extra.ChannelState.Balance != 6*usdc {
		t.Errorf("the receipt is %+v", got)
	}
	if got := c.call("work", c.pays(price)); got.text() != "done" || c.wallet() != 94*usdc {
		t.Errorf("the payer has %s, a call: %s", c.wallet(), got.raw)
	}
	if got := c.call("chit_refund", c.refunds(price, amount(6*usdc-price))).receipt(); got.Extra.ChannelState.Balance != price || got.Extra.ChannelState.TotalClaimed != price {
		t.Errorf("the receipt is %+v", got.Extra.ChannelState)
	}
	if have := c.wallet(); have != 100*usdc-price {
		t.Errorf("the payer has %s", have)
	}
}

func TestARefundThatCannotBeGivenIsRefused(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Fatalf("the call: %s", got.raw)
	}
	thief := *c
	thief.key = shoptest.Key(t, "thief")
	nobody := newCustomer(t, shop, "nobody")
	before, state := sent(t), c.ledger(shop)
	for _, test := range []struct {
		name    string
		payment *x402.PaymentPayload
		code    x402.ErrorCode
		known   bool
	}{
		{"of more than is left", c.refunds(price, amount(usdc-price+1)), x402.ErrRefundAmountInvalid, true},
		{"of everything there is", c.refunds(price, amount(1<<64-1)), x402.ErrRefundAmountInvalid, true},
		{"of nothing", c.refunds(price, amount(0)), x402.ErrRefundAmountInvalid, true},
		{"under a stale voucher", c.refunds(0, nil), x402.ErrCumulativeAmountMismatch, true},
		{"under a voucher for too much", c.refunds(2*price, nil), x402.ErrCumulativeAmountMismatch, true},
		{"that somebody else signed", thief.refunds(price, nil), x402.ErrVoucherSignature, false},
		{"of a channel that is not", nobody.refunds(0, nil), x402.ErrChannelNotFound, false},
	} {
		required := c.call("chit_refund", test.payment).refusal()
		if required.Error != test.code {
			t.Errorf("a refund %s: refused with %s (%s), want %s", test.name, required.Error, required.ErrorMessage, test.code)
		}
		c.holdsProof(required, test.known, state)
	}
	if n := sent(t) - before; n != 0 || c.wallet() != 99*usdc || c.ledger(shop).Balance != usdc {
		t.Errorf("%d transactions, the payer has %s, the channel %s", n, c.wallet(), c.ledger(shop).Balance)
	}
	if got := c.call("work", c.pays(2*price)); got.text() != "done" {
		t.Errorf("a call after the refusals: %s", got.raw)
	}
}

func TestARefundWaitsForNobody(t *testing.T) {
	started, finish := make(chan struct{}), make(chan struct{})
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(started)
		<-finish
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	answered := make(chan answer)
	go func() { answered <- c.call("work", c.pays(price)) }()
	<-started
	if got := c.call("chit_refund", c.refunds(0, nil)).refusal(); got.Error != x402.ErrChannelBusy {
		t.Errorf("while a call is in flight: %s (%s)", got.Error, got.ErrorMessage)
	}
	close(finish)
	if got := <-answered; got.text() != "done" {
		t.Errorf("the call: %s", got.raw)
	}
	if got := c.call("chit_refund", c.refunds(price, nil)).receipt(); *got.Amount != usdc-price {
		t.Errorf("the receipt is %+v", got)
	}
}

func TestARefundUnderAnIdentifierIsGivenOnce(t *testing.T) {
	options := selling(t)
	shop := shoptest.Open(t, options, new(tool).add)
	c := regular(t, shop, "payer", 10*usdc)
	payment := c.identified(c.refunds(0, amount(3*usdc)), identifier)
	var all sync.WaitGroup
	answers := make([]answer, 4)
	for i := range answers {
		all.Go(func() { answers[i] = c.call("chit_refund", payment) })
	}
	all.Wait()
	shop.Stop(t)
	shop = shoptest.Open(t, options, new(tool).add)
	c.url = shop.URL
	last := c.call("chit_refund", payment)
	for i, got := range answers {
		if code := got.code(); code != x402.ErrChannelBusy && (code != "" || sorted(t, got.raw) != sorted(t, last.raw)) {
			t.Errorf("answer %d: %s, the last: %s", i, got.raw, last.raw)
		}
	}
	if got := last.receipt(); *got.Amount != 3*usdc || got.Transaction == "" || c.wallet() != 93*usdc || got.Extra.ChannelState.Balance != 7*usdc {
		t.Errorf("the receipt is %+v, the payer has %s", got, c.wallet())
	}
	for name, other := range map[string]*x402.PaymentPayload{"another amount": c.refunds(0, amount(2*usdc)), "all": c.refunds(0, nil)} {
		if got := c.call("chit_refund", c.identified(other, identifier)).refusal(); got.Error != x402.ErrPayload {
			t.Errorf("%s under the same identifier: %s (%s)", name, got.Error, got.ErrorMessage)
		}
	}
	// Without an identifier the same refund again is a new one.
	for i, want := range []vouchers.Amount{6 * usdc, 5 * usdc} {
		if got := c.call("chit_refund", c.refunds(0, amount(usdc))).receipt(); got.Extra.ChannelState.Balance != want {
			t.Errorf("refund %d: the balance is %s, want %s", i, got.Extra.ChannelState.Balance, want)
		}
	}
}

func TestAPayerWhoWithdrawsCannotSpendWhatLeaves(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.withdraw(usdc - price)
	if got := c.call("chit_deposit", c.deposits(price, 0)).receipt(); got.Extra.ChannelState.WithdrawRequestedAt == 0 {
		t.Errorf("the receipt says %+v", got.Extra.ChannelState)
	}
	for i := range 2 {
		if got := c.call("work", c.pays(vouchers.Amount(i+1)*price)); got.text() != "done" {
			t.Errorf("call %d from what stays: %s", i, got.raw)
		}
	}
	required := c.call("work", c.pays(3*price)).refusal()
	if required.Error != x402.ErrInsufficientBalance || c.ledger(shop).Charged != 2*price {
		t.Errorf("from what leaves: %s (%s), charged %s", required.Error, required.ErrorMessage, c.ledger(shop).Charged)
	}
}
