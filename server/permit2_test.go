package server_test

import (
	"context"
	"errors"
	"math/big"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// permitting is a customer of a shop that offers Permit2, on those terms; it has
// approved Permit2 for 100 USDC.
func permitting(t testing.TB, shop *shoptest.Shop, role string) *customer {
	t.Helper()
	c := newCustomer(t, shop, role)
	accepts := send(t.Context(), t, shop.URL, "work", nil, nil).refusal().Accepts
	if len(accepts) != 2 || accepts[0].Extra.AssetTransferMethod != "" || accepts[1].Extra.AssetTransferMethod != x402.TransferPermit2 {
		t.Fatalf("the shop offers %+v", accepts)
	}
	c.agree(accepts[1])
	shoptest.ApprovePermit2(t, c.key, c.terms.Asset, (100 * usdc).Big())
	return c
}

func offeringPermit2(t testing.TB) server.Options {
	t.Helper()
	o := selling(t)
	o.Permit2 = true
	return o
}

// permit is a signed Permit2 deposit that fits, or was bent before it was signed.
func (c *customer) permit(amount vouchers.Amount, bend func(*x402.Permit2Authorization)) *x402.PaymentPayload {
	c.t.Helper()
	head, err := c.net.Client.Header(c.t.Context(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	a := &x402.Permit2Authorization{
		From: c.key.Address(), Permitted: x402.Permitted{Token: c.terms.Asset, Amount: amount}, Spender: c.escrow().Collectors.Permit2,
		Nonce: funding.NewNonce(), Deadline: head.Time + 3600, Witness: x402.Witness{ChannelID: c.id},
	}
	if bend != nil {
		bend(a)
	}
	config := c.config
	config.Token = a.Permitted.Token
	d := funding.Permit2Deposit{Config: config, Amount: a.Permitted.Amount, Nonce: a.Nonce, Deadline: a.Deadline}
	if err := d.Sign(c.t.Context(), c.key, c.net.Client.ChainID(), a.Spender, a.Witness.ChannelID); err != nil {
		c.t.Fatal(err)
	}
	a.Signature = d.Signature
	return c.pay(&x402.DepositPayload{ChannelConfig: c.config, Voucher: c.sign(0), Deposit: x402.Deposit{Amount: amount, Authorization: x402.Authorization{Permit2: a}}})
}

func TestADepositByPermit2IsTakenOnceAndSpentAndRefunded(t *testing.T) {
	shop := shoptest.Open(t, offeringPermit2(t), new(tool).add)
	c := permitting(t, shop, "payer")
	payment := c.permit(usdc, nil)
	before := sent(t)
	answers := make([]answer, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = c.call(onmcp.DepositTool, payment) })
	}
	all.Wait()
	for _, got := range answers {
		if r := got.receipt(); *r.Amount != usdc || r.Transaction == "" || r.Extra.ChannelState.Balance != usdc {
			t.Errorf("answered %s", got.raw)
		}
	}
	if n := sent(t) - before; n != 1 || c.wallet() != 99*usdc {
		t.Errorf("%d transactions, the payer has %s", n, c.wallet())
	}
	c.buys(1)

	shop.Stop(t)
	shop = shoptest.Open(t, shop.Options, new(tool).add)
	c.url = shop.URL
	if again := c.call(onmcp.DepositTool, payment).receipt(); again.Transaction != answers[0].receipt().Transaction || sent(t)-before != 1 {
		t.Errorf("after a restart the same deposit is answered with %+v", again)
	}
	if done, err := shop.Settler.Settle(t.Context(), false); err != nil || done.Settled != price {
		t.Errorf("settled %+v, %v", done, err)
	}
	if back := c.call(onmcp.RefundTool, c.ordered(c.refunds(price, nil), 0)).receipt(); *back.Amount != usdc-price || c.wallet() != 100*usdc-price {
		t.Errorf("refunded %s, the payer has %s", *back.Amount, c.wallet())
	}
}

func TestAPermitThatDoesNotFitIsRefusedBeforeAnyGas(t *testing.T) {
	shop := shoptest.Open(t, offeringPermit2(t), new(tool).add)
	c := permitting(t, shop, "payer")
	poor := newCustomer(t, shop, "without an approval")
	poor.agree(c.terms)
	bent := func(bend func(*x402.Permit2Authorization)) *x402.PaymentPayload { return c.permit(usdc, bend) }
	tampered := bent(nil)
	tampered.Payload.(*x402.DepositPayload).Deposit.Authorization.Permit2.Deadline++
	by3009, onOther := c.deposits(usdc, 0), c.permit(usdc, nil)
	onOther.Accepted.Extra.AssetTransferMethod = ""
	before := sent(t)
	for name, try := range map[string]struct {
		payment *x402.PaymentPayload
		want    x402.ErrorCode
	}{
		"another spender":         {bent(func(a *x402.Permit2Authorization) { a.Spender = escrow.Own.Collectors.EIP3009 }), x402.ErrPermit2InvalidSpender},
		"another token":           {bent(func(a *x402.Permit2Authorization) { a.Permitted.Token = common.Address{7} }), x402.ErrTokenMismatch},
		"another amount":          {bent(func(a *x402.Permit2Authorization) { a.Permitted.Amount = usdc + 1 }), x402.ErrPermit2AmountMismatch},
		"another channel":         {bent(func(a *x402.Permit2Authorization) { a.Witness.ChannelID[0] ^= 1 }), x402.ErrChannelIDMismatch},
		"a deadline gone by":      {bent(func(a *x402.Permit2Authorization) { a.Deadline = 1 }), x402.ErrPermit2DeadlineExpired},
		"another payer":           {bent(func(a *x402.Permit2Authorization) { a.From = common.Address{7} }), x402.ErrPermit2InvalidSignature},
		"a signature that is off": {tampered, x402.ErrPermit2InvalidSignature},
		"no approval":             {poor.permit(usdc, nil), x402.ErrPermit2AllowanceRequired},
		"more than is approved":   {c.permit(101*usdc, nil), x402.ErrPermit2AllowanceRequired},
		"nothing":                 {c.permit(0, nil), x402.ErrDepositBelowMinDeposit},
		"EIP-3009 on its terms":   {by3009, x402.ErrPermit2AuthorizationRequired},
		"it on EIP-3009's terms":  {onOther, x402.ErrErc3009AuthorizationRequired},
	} {
		if got := c.call(onmcp.DepositTool, try.payment); got.code() != try.want {
			t.Errorf("%s: refused with %q, want %q: %s", name, got.code(), try.want, got.raw)
		}
	}
	if n := sent(t) - before; n != 0 || c.wallet() != 100*usdc {
		t.Errorf("%d transactions were sent, the payer has %s", n, c.wallet())
	}
}

func TestAPermitThatWasUsedBeforeIsNotCreditedAgain(t *testing.T) {
	shop := shoptest.Open(t, offeringPermit2(t), new(tool).add)
	c := permitting(t, shop, "payer")
	nonce := big.NewInt(5)
	of := func(amount vouchers.Amount) *x402.PaymentPayload {
		return c.permit(amount, func(a *x402.Permit2Authorization) { a.Nonce = nonce })
	}
	if got := c.call(onmcp.DepositTool, of(usdc)); got.result.IsError {
		t.Fatalf("the deposit: %s", got.raw)
	}
	if got := c.call(onmcp.DepositTool, of(2*usdc)); got.code() != x402.ErrDepositSimulationFailed {
		t.Errorf("another deposit under the same nonce: %s", got.raw)
	}
	if got := c.ledger(shop); got.Balance != usdc || c.wallet() != 99*usdc {
		t.Errorf("the channel has %s, the payer %s", got.Balance, c.wallet())
	}
}

func TestAPermitThatSomebodyElseSubmittedIsCreditedOnce(t *testing.T) {
	shop := shoptest.Open(t, offeringPermit2(t), new(tool).add)
	c := permitting(t, shop, "payer")
	payment := c.permit(usdc, nil)
	a := payment.Payload.(*x402.DepositPayload).Deposit.Authorization.Permit2
	d := funding.Permit2Deposit{Config: c.config, Amount: usdc, Nonce: a.Nonce, Deadline: a.Deadline, Signature: a.Signature}
	stranger, err := txmgr.NewSender(t.Context(), shoptest.Net.Client, shoptest.Payer(t, "stranger"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close() }()
	if _, err := escrow.At(shoptest.Net.Client, escrow.Own.Escrow).Deposit(t.Context(), stranger, d, a.Spender); err != nil {
		t.Fatal(err)
	}
	before := sent(t)
	if got := c.call(onmcp.DepositTool, payment).receipt(); *got.Amount != usdc || got.Transaction != "" || got.Extra.ChannelState.Balance != usdc {
		t.Errorf("answered %+v", got)
	}
	if got := c.call(onmcp.DepositTool, payment); got.code() != x402.ErrDepositSimulationFailed {
		t.Errorf("the same again: %s", got.raw)
	}
	if n := sent(t) - before; n != 0 || c.ledger(shop).Balance != usdc || c.wallet() != 99*usdc {
		t.Errorf("%d transactions, the channel has %s", n, c.ledger(shop).Balance)
	}
}

func TestPermit2IsOfferedOnlyWhereItIs(t *testing.T) {
	o := selling(t)
	code, err := shoptest.Net.Client.Code(t.Context(), funding.Permit2)
	if err != nil {
		t.Fatal(err)
	}
	setCode := func(code []byte) {
		if err := shoptest.Net.SetCode(context.WithoutCancel(t.Context()), funding.Permit2, code); err != nil {
			t.Fatal(err)
		}
	}
	setCode(nil)
	t.Cleanup(func() { setCode(code) })
	o.Permit2 = true
	if _, err := server.Open(t.Context(), o); !errors.Is(err, till.ErrDeployment) {
		t.Errorf("a shop offers Permit2 where it is not: %v", err)
	}
	o.Permit2 = false
	shop := shoptest.Open(t, o, new(tool).add)
	c := newCustomer(t, shop, "payer")
	if accepts := c.call("work", nil).refusal().Accepts; len(accepts) != 1 || accepts[0].Extra.Collectors.Permit2 != (common.Address{}) {
		t.Errorf("offered %+v", accepts)
	}
	c.terms.Extra.AssetTransferMethod = x402.TransferPermit2
	if got := c.call(onmcp.DepositTool, c.permit(usdc, nil)).code(); got != x402.ErrPaymentRequirements {
		t.Errorf("a deposit by it is refused with %q", got)
	}
}

func TestATokenWithoutEIP3009IsPaidWithByPermit2Alone(t *testing.T) {
	key := shoptest.Payer(t, "payer")
	o := selling(t)
	o.Token = shoptest.PlainToken(t, key.Address())
	shop := shoptest.Open(t, o, new(tool).add)
	c := &customer{t: t, url: shop.URL, key: key, net: shoptest.Net}
	accepts := send(t.Context(), t, shop.URL, "work", nil, nil).refusal().Accepts
	if len(accepts) != 1 || accepts[0].Extra.AssetTransferMethod != x402.TransferPermit2 {
		t.Fatalf("the shop offers %+v", accepts)
	}
	c.agree(accepts[0])
	shoptest.ApprovePermit2(t, key, o.Token, (100 * usdc).Big())
	if got := c.call(onmcp.DepositTool, c.permit(usdc, nil)).receipt(); got.Extra.ChannelState.Balance != usdc {
		t.Errorf("the deposit: %+v", got)
	}
	c.buys(1)
	if done, err := shop.SettleAs(t.Context(), settle.Request{}, nil); err != nil || done.Settled != price || c.income() != price {
		t.Errorf("settled %+v, %v; the receiver has %s", done, err, c.income())
	}
}
