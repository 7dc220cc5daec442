package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/tools"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// receiptWord is the receipt in an answer as it travels, "" if there is none.
func (a answer) receiptWord() string {
	a.t.Helper()
	var result struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	if err := json.Unmarshal(a.raw, &result); err != nil {
		a.t.Fatal(err)
	}
	raw, there := result.Meta[onmcp.MetaReceipt]
	if !there {
		return ""
	}
	var word string
	if err := json.Unmarshal(raw, &word); err != nil {
		a.t.Fatalf("%v in %s", err, a.raw)
	}
	return word
}

// signedReceipt is the receipt in an answer, nil if there is none.
func (a answer) signedReceipt() *receipts.Signed {
	a.t.Helper()
	word := a.receiptWord()
	if word == "" {
		return nil
	}
	r, err := receipts.ParseWire(word)
	if err != nil {
		a.t.Fatalf("%v in %s", err, a.raw)
	}
	return r
}

// audited is what the shop's statement proves of the customer's channel.
func (c *customer) audited(shop *shoptest.Shop, signers ...common.Address) receipts.Audit {
	c.t.Helper()
	var statement strings.Builder
	if err := shop.WriteStatement(c.t.Context(), receipts.Filter{Channel: c.id}, &statement); err != nil {
		c.t.Fatal(err)
	}
	audits, err := receipts.Verify(strings.NewReader(statement.String()), signers...)
	if err != nil || len(audits) != 1 {
		c.t.Fatalf("%d channels, %v", len(audits), err)
	}
	return audits[0]
}

// claims settles, and looks at the channel once the ledger knows.
func claims(t testing.TB, shop *shoptest.Shop) {
	t.Helper()
	if _, err := shop.Settler.Settle(t.Context(), false); err != nil {
		t.Fatal(err)
	}
}

func TestEveryChargeHasAReceiptHoweverItWasPaid(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	first := c.call("work", c.pays(price)).signedReceipt()
	if first == nil || first.Sequence != 1 || first.Charged != price || first.Cumulative != price || first.Ceiling != price || first.Resource != "mcp://tool/work" {
		t.Fatalf("the first receipt is %+v", first)
	}
	if err := first.Check(c.config.ReceiverAuthorizer); err != nil {
		t.Error(err)
	}

	token := c.granted(macaroon.Scope{Budget: 50 * price}, price)
	second := callOn(t, shop.URL, token.Token, "work", nil).signedReceipt()
	if second == nil || second.Sequence != 2 || second.Cumulative != 2*price || second.Ceiling != 0 || second.Grant != receipts.ID(token.Grant.ID) || second.Token == (receipts.ID{}) {
		t.Fatalf("the token's receipt is %+v", second)
	}

	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "weather", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "sunny") })))
	t.Cleanup(route.Close)
	payment, err := x402.EncodeHeader(c.pays(52*price + price))
	if err != nil {
		t.Fatal(err)
	}
	for n, header := range []http.Header{{"Payment-Signature": {payment}}, {"Authorization": {"Bearer " + token.Token}}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, route.URL+"/today", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		r, err := receipts.ParseHeader(resp.Header.Get(onhttp.HeaderReceipt))
		if err != nil || r.Sequence != uint64(3+n) || r.Resource != "/today" || (r.Grant != receipts.ID{}) != (n == 1) {
			t.Errorf("the route's receipt %d is %+v, %v", n, r, err)
		}
	}

	claims(t, shop)
	a := c.audited(shop)
	if a.Fault != nil || a.Receipts != 4 || a.Charged != 4*price || a.Unclaimed() != 0 || a.Payer != c.config.Payer {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestWhatCostsNothingHasNoReceiptAndAReplayTheSame(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	work.do = func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("no luck"), nil
	}
	if r := c.call("work", c.pays(price)).signedReceipt(); r != nil {
		t.Errorf("a call that failed has the receipt %+v", r)
	}
	work.do = nil
	payment := c.identified(c.pays(price), identifier)
	first := c.call("work", payment)
	again := c.call("work", payment)
	if !reflect.DeepEqual(first.signedReceipt(), again.signedReceipt()) || first.signedReceipt() == nil {
		t.Errorf("answered %s, and then %s", first.raw, again.raw)
	}
	if a := c.audited(shop); a.Fault != nil || a.Receipts != 1 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestAPathIsSoldHoweverLongAndOddItIs(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	var ran int
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "all", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran++ })))
	t.Cleanup(route.Close)
	for n, path := range []string{"/short", "/" + url.PathEscape(strings.Repeat("日本", 400)), "/%ff", "/a%0Ab"} {
		payment, err := x402.EncodeHeader(c.pays(vouchers.Amount(n+1) * price))
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range []http.Header{{}, {"Payment-Signature": {payment}}} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, route.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = header
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			want := http.StatusOK
			if len(header) == 0 {
				want = http.StatusPaymentRequired
			}
			if resp.StatusCode != want {
				t.Errorf("%.20s is answered %d, want %d", path, resp.StatusCode, want)
			}
		}
	}
	if a := c.audited(shop); ran != 4 || a.Fault != nil || a.Receipts != 4 {
		t.Errorf("%d ran, %+v", ran, a)
	}
}

func TestAStockClientGetsTheReceiptOfItsOwnExtension(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	terms := send(t.Context(), t, shop.URL, "work", nil, nil).refusal()
	payment := c.pays(price)
	if payment.Extensions = terms.Extensions; !extension.WantsReceipt(payment.Extensions) {
		t.Fatalf("the terms announce %v", terms.Extensions)
	}
	got := c.call("work", payment).receipt().Extensions[extension.NameOfferReceipt]
	var extension struct {
		Info struct {
			Receipt struct {
				Format    string
				Payload   extension.ServiceReceipt
				Signature vouchers.Signature
			}
		}
	}
	if err := json.Unmarshal(got, &extension); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	r := extension.Info.Receipt
	if signer, err := vouchers.Recover(r.Payload.Digest(), r.Signature); err != nil || signer != c.config.ReceiverAuthorizer ||
		r.Format != "eip712" || r.Payload.Payer != c.config.VoucherSigner().Hex() || r.Payload.ResourceURL != terms.Resource.URL || r.Payload.Network != c.terms.Network {
		t.Errorf("signed by %s, %v: %s", signer, err, got)
	}
	if plain := c.callWith(t.Context(), count(2), c.pays(2*price)).receipt().Extensions; len(plain) != 0 {
		t.Errorf("who does not ask gets %v", plain)
	}
}

func TestReceiptsOfCallsAtOnceMakeOneChainAlsoAfterARestart(t *testing.T) {
	const calls = 40
	o := selling(t)
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	burst := func(from int) {
		var group sync.WaitGroup
		for i := range calls {
			group.Go(func() { c.callWith(t.Context(), count(from+i), c.pays(vouchers.Amount(from+i+1)*price)) })
		}
		group.Wait()
	}
	burst(0)
	shop.Stop(t)
	shop = shoptest.Open(t, o, new(tool).add)
	c.url = shop.URL
	burst(calls)
	claims(t, shop)
	if a := c.audited(shop); a.Fault != nil || a.Receipts != 2*calls || a.Unclaimed() != 0 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestAPayerGetsItsReceiptsAgainByItsOrder(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	want := []string{c.call("work", c.pays(price)).receiptWord(), c.callWith(t.Context(), count(2), c.pays(2*price)).receiptWord()}
	a := tools.ReceiptsArguments{Channel: c.id}
	a.Deadline, a.Signature = c.signed(order.Order{Action: "receipts"})
	var page tools.ReceiptPage
	send(t.Context(), t, shop.URL, onmcp.ReceiptsTool, a, nil).structured(&page)
	if !slices.Equal(page.Receipts, want) || page.Claimed.Channel != c.id {
		t.Errorf("got %+v, want %+v", page, want)
	}
	a.After = 1
	send(t.Context(), t, shop.URL, onmcp.ReceiptsTool, a, nil).structured(&page)
	if !slices.Equal(page.Receipts, want[1:]) {
		t.Errorf("after the first: %+v", page)
	}

	_, a.Signature = newCustomer(t, shop, "stranger").signed(order.Order{Action: "receipts"})
	if got := send(t.Context(), t, shop.URL, onmcp.ReceiptsTool, a, nil); !got.result.IsError || !strings.Contains(got.text(), "the order is not the payer's") {
		t.Errorf("a stranger is answered %s", got.raw)
	}
	_, a.Signature = c.signed(order.Order{Action: "list"})
	if got := send(t.Context(), t, shop.URL, onmcp.ReceiptsTool, a, nil); !got.result.IsError {
		t.Errorf("another order is answered %s", got.raw)
	}
}

// silent is a key that signs transactions alone, as that of an external signer does.
type silent struct{ keys.Signer }

func (silent) SignHash(context.Context, common.Hash) ([]byte, error) {
	return nil, errors.New("this signer signs transactions alone")
}

func TestAShopWhoseKeySignsTransactionsAloneHasAKeyForReceipts(t *testing.T) {
	o := selling(t)
	o.Key = silent{keys.Dev(devnet.Seller)}
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	first := c.call("work", c.pays(price)).signedReceipt()
	signer, err := first.Signer()
	if err != nil || signer == c.config.ReceiverAuthorizer {
		t.Errorf("signed by %s, %v", signer, err)
	}
	shop.Stop(t)
	shop = shoptest.Open(t, o, new(tool).add)
	c.url = shop.URL
	c.callWith(t.Context(), count(2), c.pays(2*price))
	if a := c.audited(shop); a.Fault == nil {
		t.Error("the key is taken for the authorizer's")
	}
	if a := c.audited(shop, signer); a.Fault != nil || a.Receipts != 2 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}
