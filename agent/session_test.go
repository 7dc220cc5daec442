package agent_test

import (
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func TestASessionKeySignsVouchersAndTheFundingKeyDeposits(t *testing.T) {
	shop, refused := counting(t)
	o := options(t)
	o.Session = shoptest.Key(t, "session")
	client := funded(t, shop.URL, o)
	buy(t, client, 3, 0)
	for channel := range shop.Ledger.Channels() {
		if channel.Config.Payer != o.Key.Address() || channel.Config.PayerAuthorizer != o.Session.Address() {
			t.Errorf("the channel is %+v", channel.Config)
		}
	}
	if settled, err := shop.Settler.Settle(t.Context(), false); err != nil || settled.Claimed != 3*price {
		t.Errorf("settled %+v, %v", settled, err)
	}
	buy(t, client, 1, 4*price)
	o.Book = ""
	lost := dial(t, shop.URL, o)
	buy(t, lost, 1, 5*price)
	if n := refused.Load(); n != 2 {
		t.Errorf("%d payments were refused, want two: the first voucher of a client without a book is on chain, and the order with it taught the client", n)
	}
	back, err := lost.Refund(t.Context(), 0)
	if err != nil || back.Amount != 10*usdc-5*price {
		t.Errorf("refunded %+v, %v", back, err)
	}
	if have, err := lost.WalletBalance(t.Context()); err != nil || have != 100*usdc-5*price {
		t.Errorf("the payer has %s, %v", have, err)
	}
}

func TestAVoucherThatAnotherSessionSignedProvesNothing(t *testing.T) {
	o := options(t)
	five := 5 * price
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.corrects(five, l.proof(five, shoptest.Key(l.t, "another session")))
	})
	client := dial(t, l.url, o)
	if _, _, err := client.CallTool(t.Context(), "work", nil); err == nil || l.most() != price {
		t.Errorf("the call: %v, signed up to %s", err, l.most())
	}
}

func TestARecoveredBookIsWhatTheServerProves(t *testing.T) {
	shop, _ := counting(t)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 3, 0)
	if _, err := shop.Settler.Settle(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	buy(t, client, 2, 0)
	for name, book := range map[string]string{"the book is lost": options(t).Book, "there is none": "", "the book is stale": o.Book} {
		o.Book = book
		fresh := dial(t, shop.URL, o)
		entry, err := fresh.Recover(t.Context())
		if err != nil || entry.Balance != 10*usdc || entry.Charged != 5*price || entry.Signed != 5*price {
			t.Errorf("%s: recovered %+v, %v", name, entry, err)
		}
	}
	holds(t, shop, 10*usdc, 5*price)
	buy(t, dial(t, shop.URL, o), 1, 6*price)
}

func TestAChannelThatTheServerHasForgottenIsRecoveredFromTheChain(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.refuse(x402.ErrChannelNotFound, l.terms)
	})
	l.announce = true
	entry, err := dial(t, l.url, o).Recover(t.Context())
	if err != nil || entry.Balance != usdc || entry.Charged != 0 || entry.Channel != l.id() {
		t.Errorf("recovered %+v, %v", entry, err)
	}
	if l.most() != vouchers.Amount(0) {
		t.Errorf("the client has signed up to %s", l.most())
	}
}

func TestAServerThatLiesAboutALostBookIsFoundOut(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.corrects(5*price, l.proof(5*price, shoptest.Key(l.t, "liar")))
	})
	l.announce = true
	if entry, err := dial(t, l.url, o).Recover(t.Context()); err == nil || l.most() != 0 {
		t.Errorf("recovered %+v, %v, signed up to %s", entry, err, l.most())
	}
}
