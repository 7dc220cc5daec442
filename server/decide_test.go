package server_test

import (
	"crypto/sha256"
	"maps"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
)

// transferring is the code of a collector that pays with tokens of its own, for whomever
// the channel names: collect(payer, token, amount, ...) is token.transfer(escrow, amount).
const transferring = "0x63a9059cbb60e01b60005233600452604435602452600060006044600060006024355af100"

// opens has the customer deposit into a channel of a config that nobody but itself has
// agreed to, as anybody can.
func (c *customer) opens(config vouchers.ChannelConfig, amount vouchers.Amount) {
	c.t.Helper()
	c.config, c.id = config, c.domain.ChannelID(config)
	collector := common.HexToAddress("0x00000000000000000000000000000000c0113c70")
	shoptest.Control(c.t, "anvil_setCode", collector, transferring)
	if err := c.net.Mint(c.t.Context(), collector, amount); err != nil {
		c.t.Fatal(err)
	}
	c.transact(c.escrow().Escrow, abigen.NewEscrow().PackDeposit(abiConfig(config), amount.Big(), collector, nil))
}

func abiConfig(c vouchers.ChannelConfig) abigen.ChannelConfig {
	return abigen.ChannelConfig{
		Payer: c.Payer, PayerAuthorizer: c.PayerAuthorizer, Receiver: c.Receiver, ReceiverAuthorizer: c.ReceiverAuthorizer,
		Token: c.Token, WithdrawDelay: new(big.Int).SetUint64(c.WithdrawDelay), Salt: c.Salt,
	}
}

// impostor is a stranger with a channel of its own key that names another's payer.
func impostor(t testing.TB, shop *shoptest.Shop, victim *customer) *customer {
	t.Helper()
	c := newCustomer(t, shop, "stranger")
	config := c.config
	config.Payer = victim.config.Payer
	c.opens(config, 10*price)
	return c
}

// orders sends an order of the customer about a grant.
func (c *customer) orders(action string, id macaroon.GrantID) answer {
	c.t.Helper()
	a := token.Arguments{Action: action, Channel: c.id, Grant: &id}
	a.Deadline, a.Signature = c.signed(order.Order{Action: action, Subject: id.String()})
	return send(c.t.Context(), c.t, c.url, onmcp.CreditTool, a, nil)
}

func TestAStrangersChannelInAPayersNameDecidesNothingAboutItsGrants(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	victim := regular(t, shop, "victim", usdc)
	g := victim.granted(macaroon.Scope{Budget: 100 * price}, 0)
	stranger := impostor(t, shop, victim)
	if got := stranger.call("work", stranger.pays(price)); got.text() != "done" {
		t.Fatalf("the stranger's own call: %s", got.raw)
	}
	if got := stranger.orders("revoke", g.Grant.ID); !got.result.IsError || !strings.Contains(got.text(), credit.ErrNoGrant.Error()) {
		t.Errorf("the stranger's order to revoke: %s", got.raw)
	}
	topUp := token.GrantArguments{Grant: &g.Grant.ID, Amount: price}
	topUp.Deadline, topUp.Signature = stranger.signed(order.Order{Action: "top-up", Subject: order.TopUpSubject(g.Grant.ID, price)})
	if got := send(t.Context(), t, shop.URL, onmcp.CreditGrantTool, topUp, stranger.offered(price, 2*price)); !got.result.IsError {
		t.Errorf("the stranger's top-up: %s", got.raw)
	}
	var list token.GrantList
	stranger.lists().structured(&list)
	if len(list.Grants) != 0 {
		t.Errorf("the stranger is shown %+v", list.Grants)
	}
	if got := callOn(t, shop.URL, g.Token, "work", nil); got.text() != "done" {
		t.Errorf("the victim's token: %s", got.raw)
	}
}

func (c *customer) lists() answer {
	c.t.Helper()
	a := token.Arguments{Action: "list", Channel: c.id}
	a.Deadline, a.Signature = c.signed(order.Order{Action: "list"})
	return send(c.t.Context(), c.t, c.url, onmcp.CreditTool, a, nil)
}

// sibling is the same payer with another channel, of a session key if that is not nil.
func sibling(t testing.TB, shop *shoptest.Shop, of *customer, salt byte, session keys.Signer) *customer {
	t.Helper()
	c := *of
	c.config.Salt[31] = salt
	if session != nil {
		c.config.PayerAuthorizer = session.Address()
	}
	c.id = c.domain.ChannelID(c.config)
	signing := c
	if session != nil { // the deposit is the payer's, its voucher the session's
		signing.key = session
	}
	deposit := set(tree(t, c.deposits(usdc, 0)), signing.sign(0), "payload", "voucher")
	if got := c.call("chit_deposit", deposit); got.result.IsError {
		t.Fatalf("the deposit: %s", got.raw)
	}
	return &signing
}

func TestAPayerWithSeveralChannelsAndSessionKeysStillEndsItsGrants(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	own := regular(t, shop, "payer", usdc)
	salted := sibling(t, shop, own, 1, nil)
	laptop, phone := shoptest.Key(t, "laptop"), shoptest.Key(t, "phone")
	onLaptop, onLaptopToo := sibling(t, shop, own, 0, laptop), sibling(t, shop, own, 1, laptop)
	onPhone := sibling(t, shop, own, 0, phone)
	for i, test := range []struct {
		name    string
		of, by  *customer
		allowed bool
	}{
		{"by the key of both channels", salted, own, true},
		{"by the session key of both channels", onLaptop, onLaptopToo, true},
		{"by the payer's own key, of a session's channel", onLaptop, own, true},
		{"by a session key, of the payer's own channel", own, onLaptop, false},
		{"by another session key of the same payer", onLaptop, onPhone, false},
		{"by the session key itself", onPhone, onPhone, true},
	} {
		g := test.of.granted(macaroon.Scope{Budget: price + vouchers.Amount(i)}, test.of.spoken(shop))
		got := test.by.orders("revoke", g.Grant.ID)
		if got.result.IsError == test.allowed {
			t.Errorf("%s: %s", test.name, got.raw)
		}
		var list token.GrantList
		test.of.lists().structured(&list)
		if len(list.Grants) == 0 || list.Grants[len(list.Grants)-1].Channel != test.of.id {
			t.Errorf("%s: listed are %+v", test.name, list.Grants)
		}
	}
}

// spoken is what the customer's next voucher is signed over.
func (c *customer) spoken(shop *shoptest.Shop) vouchers.Amount {
	c.t.Helper()
	ch := c.ledger(shop)
	return ch.Charged + ch.Aside
}

func TestAStrangersChannelInAPayersNameUsesNoneOfItsAllowance(t *testing.T) {
	shop := shoptest.Open(t, giving(t, server.Allowance{Calls: 2}), new(tool).add)
	victim := regular(t, shop, "victim", usdc)
	stranger := impostor(t, shop, victim)
	for n, want := range []vouchers.Amount{0, 0, price} {
		got := stranger.callWith(t.Context(), count(n), stranger.pays(price))
		if charged := *got.receipt().Extra.ChargedAmount; charged != want {
			t.Errorf("call %d of the stranger is charged %s, want %s", n, charged, want)
		}
	}
	for n, want := range []vouchers.Amount{0, 0, price} {
		got := victim.callWith(t.Context(), count(n), victim.pays(price))
		if charged := *got.receipt().Extra.ChargedAmount; charged != want {
			t.Errorf("call %d of the victim is charged %s, want %s", n, charged, want)
		}
	}
}

func TestWhatAPayersAddressHadForNothingBeforeStillCounts(t *testing.T) {
	o := giving(t, server.Allowance{Calls: 5})
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	pool := sha256.Sum256([]byte("work"))
	for lane, calls := range []byte{1, 2} { // as an earlier version has written it
		key := append(append(pool[:], c.config.Payer[:]...), 0, byte(lane))
		value := make([]byte, 24)
		value[15] = calls
		if err := shop.Store.Bucket("free-calls").Put(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range []vouchers.Amount{0, 0, price} {
		got := c.callWith(t.Context(), count(n), c.pays(price))
		if charged := *got.receipt().Extra.ChargedAmount; charged != want {
			t.Errorf("call %d is charged %s, want %s", n, charged, want)
		}
		if n == 0 { // what is counted now and what was counted then add up over a restart
			shop.Stop(t)
			shop = shoptest.Open(t, o, new(tool).add)
			c.url = shop.URL
		}
	}
}

func TestAPayerReadsItsGrantsAPageAtATime(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	made := map[macaroon.GrantID]bool{}
	spokenFor := vouchers.Amount(0)
	for i := range vouchers.Amount(101) {
		made[c.granted(macaroon.Scope{Budget: price + i}, spokenFor).Grant.ID] = true // the same order twice is one grant
		spokenFor += price + i
	}
	seen := map[macaroon.GrantID]bool{}
	page := c.listsAfter(macaroon.GrantID{})
	if len(page.Grants) != 100 || !page.More {
		t.Fatalf("the first page has %d grants, more: %t", len(page.Grants), page.More)
	}
	for _, g := range page.Grants {
		seen[g.ID] = true
	}
	page = c.listsAfter(page.Grants[99].ID)
	if len(page.Grants) != 1 || page.More {
		t.Fatalf("the last page has %d grants, more: %t", len(page.Grants), page.More)
	}
	seen[page.Grants[0].ID] = true
	if !maps.Equal(made, seen) {
		t.Errorf("of %d grants %d were listed", len(made), len(seen))
	}
}

func (c *customer) listsAfter(last macaroon.GrantID) (page token.GrantList) {
	c.t.Helper()
	a := token.Arguments{Action: "list", Channel: c.id, After: last}
	a.Deadline, a.Signature = c.signed(order.Order{Action: "list"})
	send(c.t.Context(), c.t, c.url, onmcp.CreditTool, a, nil).structured(&page)
	return page
}
