package server_test

import (
	"context"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// customer pays by hand, so that it can also pay wrongly.
type customer struct {
	t      testing.TB
	url    string
	key    keys.Signer
	net    *devnet.Net
	terms  x402.Requirements // of "work"
	domain *vouchers.Domain
	config vouchers.ChannelConfig
	id     vouchers.ChannelID
}

func newCustomer(t testing.TB, shop *shoptest.Shop, role string) *customer {
	t.Helper()
	c := &customer{t: t, url: shop.URL, key: shoptest.Payer(t, role), net: shoptest.Net}
	c.agree(send(t.Context(), t, shop.URL, "work", nil, nil).refusal().Accepts[0])
	return c
}

// agree takes the terms of a shop, and the channel that they ask for.
func (c *customer) agree(terms x402.Requirements) {
	c.terms = terms
	c.domain = vouchers.NewDomain(vouchers.Deployment{ChainID: c.net.Client.ChainID(), Escrow: c.escrow().Escrow})
	c.config = vouchers.ChannelConfig{
		Payer: c.key.Address(), PayerAuthorizer: c.key.Address(), Receiver: c.terms.PayTo,
		ReceiverAuthorizer: c.terms.Extra.ReceiverAuthorizer, Token: c.terms.Asset, WithdrawDelay: c.terms.Extra.WithdrawDelay,
	}
	c.id = c.domain.ChannelID(c.config)
}

// escrow is where the customer's channel is.
func (c *customer) escrow() escrow.Addresses {
	if c.terms.Extra.Escrow == nil {
		return escrow.Canonical
	}
	return escrow.Own
}

// regular is a customer with so much in its channel.
func regular(t testing.TB, shop *shoptest.Shop, role string, balance vouchers.Amount) *customer {
	t.Helper()
	c := newCustomer(t, shop, role)
	if got := c.call("chit_deposit", c.deposits(balance, 0)).receipt(); got.Extra.ChannelState.Balance != balance {
		t.Fatalf("after a deposit of %s the balance is %s", balance, got.Extra.ChannelState.Balance)
	}
	return c
}

func (c *customer) call(tool string, payment any) answer {
	return send(c.t.Context(), c.t, c.url, tool, nil, payment)
}

func (c *customer) callWith(ctx context.Context, arguments, payment any) answer {
	return send(ctx, c.t, c.url, "work", arguments, payment)
}

func (c *customer) sign(ceiling vouchers.Amount) x402.SignedVoucher {
	c.t.Helper()
	signature, err := c.key.SignHash(c.t.Context(), c.domain.VoucherDigest(vouchers.Voucher{Channel: c.id, Ceiling: ceiling}))
	if err != nil {
		c.t.Fatal(err)
	}
	return x402.SignedVoucher{ChannelID: c.id, MaxClaimableAmount: ceiling, Signature: signature}
}

func (c *customer) pay(payload x402.Payload) *x402.PaymentPayload {
	return &x402.PaymentPayload{Accepted: c.terms, Payload: payload}
}

// pays is a voucher up to the ceiling.
func (c *customer) pays(ceiling vouchers.Amount) *x402.PaymentPayload {
	return c.pay(&x402.VoucherPayload{ChannelConfig: c.config, Voucher: c.sign(ceiling)})
}

// identified is the payment under an identifier.
func (c *customer) identified(p *x402.PaymentPayload, id string) *x402.PaymentPayload {
	c.t.Helper()
	extensions, err := extension.WithPaymentIdentifier(nil, id)
	if err != nil {
		c.t.Fatal(err)
	}
	p.Extensions = extensions
	return p
}

// refunds asks for amount, or for all of the rest if it is nil.
func (c *customer) refunds(charged vouchers.Amount, amount *vouchers.Amount) *x402.PaymentPayload {
	return c.pay(&x402.RefundPayload{ChannelConfig: c.config, Voucher: c.sign(charged), Amount: amount})
}

// ordered is a refund of all that is left, with the payer's order for it: the nonce is the
// channel's next.
func (c *customer) ordered(p *x402.PaymentPayload, nonce uint64) *x402.PaymentPayload {
	c.t.Helper()
	order := order.Order{Action: "refund", Subject: order.RefundSubject(p.Payload.(*x402.RefundPayload).Amount, nonce)}
	deadline, signature := c.signed(order)
	extensions, err := extension.WithOrder(p.Extensions, extension.PayerOrder{Deadline: deadline, Signature: signature})
	if err != nil {
		c.t.Fatal(err)
	}
	p.Extensions = extensions
	return p
}

// deposits is a signed deposit with a voucher up to the ceiling.
func (c *customer) deposits(amount, ceiling vouchers.Amount) *x402.PaymentPayload {
	c.t.Helper()
	return c.pay(&x402.DepositPayload{ChannelConfig: c.config, Voucher: c.sign(ceiling), Deposit: c.authorize(amount, funding.NewNonce())})
}

func (c *customer) authorize(amount vouchers.Amount, salt *big.Int) x402.Deposit {
	c.t.Helper()
	token, err := funding.ReadToken(c.t.Context(), c.net.Client, c.terms.Asset)
	if err != nil {
		c.t.Fatal(err)
	}
	head, err := c.net.Client.Header(c.t.Context(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	d := funding.Deposit{Config: c.config, Amount: amount, ValidBefore: head.Time + 3600, Salt: salt}
	if err := d.Sign(c.t.Context(), c.key, token, c.escrow().Collectors.EIP3009, c.id); err != nil {
		c.t.Fatal(err)
	}
	return x402.Deposit{Amount: amount, Authorization: x402.Authorization{Erc3009: &x402.Erc3009Authorization{
		ValidAfter: d.ValidAfter, ValidBefore: d.ValidBefore, Salt: salt, Signature: d.Signature,
	}}}
}

// wallet is what the customer has outside of channels.
func (c *customer) wallet() vouchers.Amount {
	c.t.Helper()
	token, err := funding.ReadToken(c.t.Context(), c.net.Client, c.terms.Asset)
	if err != nil {
		c.t.Fatal(err)
	}
	have, err := token.Balance(c.t.Context(), c.net.Client, c.key.Address())
	if err != nil {
		c.t.Fatal(err)
	}
	return have
}

// ledger is the customer's channel as the shop has it.
func (c *customer) ledger(shop *shoptest.Shop) ledger.Channel {
	c.t.Helper()
	channel, ok := shop.Ledger.Channel(c.id)
	if !ok {
		c.t.Fatalf("the shop does not know channel %s", c.id)
	}
	return channel
}

// tree is a payment as a JSON object that can be bent.
func tree(t testing.TB, payment *x402.PaymentPayload) map[string]any {
	t.Helper()
	raw, err := json.Marshal(payment)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// set changes the member at a path of a JSON object.
func set(object map[string]any, value any, path ...string) map[string]any {
	at := object
	for _, name := range path[:len(path)-1] {
		at = at[name].(map[string]any)
	}
	at[path[len(path)-1]] = value
	return object
}

// transact sends a transaction of the customer's own.
func (c *customer) transact(to common.Address, data []byte) {
	c.t.Helper()
	sender, err := txmgr.NewSender(c.t.Context(), c.net.Client, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	defer sender.Close()
	if _, err := sender.Send(c.t.Context(), txmgr.Call{To: to, Data: data, Label: "transaction of a test"}); err != nil {
		c.t.Fatal(err)
	}
}

// eth is a plain connection to the chain.
func eth(t testing.TB) *ethclient.Client {
	t.Helper()
	client, err := ethclient.DialContext(t.Context(), shoptest.Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// withdraw starts a withdrawal without the seller's consent.
func (c *customer) withdraw(amount vouchers.Amount) {
	c.t.Helper()
	sender, err := txmgr.NewSender(c.t.Context(), c.net.Client, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	defer sender.Close()
	if _, err := escrow.At(c.net.Client, *c.terms.Extra.Escrow).InitiateWithdraw(c.t.Context(), sender, c.config, amount); err != nil {
		c.t.Fatal(err)
	}
}
