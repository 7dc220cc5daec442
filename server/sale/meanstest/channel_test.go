package meanstest_test

import (
	"net/http"
	"testing"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/sale/meanstest"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// channel is a payer's, with money in it on chain.
type channel struct {
	key    keys.Signer
	terms  x402.Requirements
	domain *vouchers.Domain
	config vouchers.ChannelConfig
	id     vouchers.ChannelID
	signed vouchers.Amount // the last ceiling
}

func openChannel(t testing.TB, at *meanstest.Place, balance vouchers.Amount) *channel {
	t.Helper()
	terms := shoptest.NewWire(t, 1).Terms(at.URL, meanstest.Tool)
	c := &channel{key: shoptest.Payer(t, "payer"), terms: terms}
	c.domain = vouchers.NewDomain(vouchers.Deployment{ChainID: shoptest.Net.Client.ChainID(), Escrow: *terms.Extra.Escrow})
	c.config = vouchers.ChannelConfig{
		Payer: c.key.Address(), PayerAuthorizer: c.key.Address(), Receiver: terms.PayTo,
		ReceiverAuthorizer: terms.Extra.ReceiverAuthorizer, Token: terms.Asset, WithdrawDelay: terms.Extra.WithdrawDelay,
	}
	c.id = c.domain.ChannelID(c.config)
	c.deposit(t, balance)
	state, err := escrow.At(shoptest.Net.Client, *terms.Extra.Escrow).State(t.Context(), c.config, 1)
	if err == nil {
		_, err = at.Ledger.Open(t.Context(), c.domain.Deployment(), c.config, state)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *channel) deposit(t testing.TB, amount vouchers.Amount) {
	t.Helper()
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, c.terms.Asset)
	if err != nil {
		t.Fatal(err)
	}
	own, err := txmgr.NewSender(t.Context(), shoptest.Net.Client, c.key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	d := funding.Deposit{Config: c.config, Amount: amount, ValidBefore: 1 << 40, Salt: funding.NewNonce()}
	if err := d.Sign(t.Context(), c.key, token, escrow.Own.Collectors.EIP3009, c.id); err != nil {
		t.Fatal(err)
	}
	if _, err := escrow.At(shoptest.Net.Client, *c.terms.Extra.Escrow).Deposit(t.Context(), own, d, escrow.Own.Collectors.EIP3009); err != nil {
		t.Fatal(err)
	}
}

// sign signs a voucher for so much more than the last.
func (c *channel) sign(t testing.TB, more vouchers.Amount) (vouchers.Voucher, vouchers.Signature) {
	t.Helper()
	c.signed += more
	v := vouchers.Voucher{Channel: c.id, Ceiling: c.signed}
	signature, err := c.key.SignHash(t.Context(), c.domain.VoucherDigest(v))
	if err != nil {
		t.Fatal(err)
	}
	return v, signature
}

// Charged implements [meanstest.Payer].
func (c *channel) Charged(t testing.TB, at *server.Shop) vouchers.Amount {
	t.Helper()
	state, known := at.Ledger.Channel(c.id)
	if !known {
		t.Fatalf("the shop does not know channel %s", c.id)
	}
	return state.Charged
}

// named is a payment by a text, under an identifier or none.
type named struct{ token, identifier string }

func (n named) OnCall(meta map[string]any) {
	meta[onmcp.MetaCredit] = n.token
	if n.identifier != "" {
		meta[onmcp.MetaCallID] = n.identifier
	}
}

func (n named) OnRequest(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+n.token)
	if n.identifier != "" {
		r.Header.Set("Idempotency-Key", n.identifier)
	}
	return nil
}
