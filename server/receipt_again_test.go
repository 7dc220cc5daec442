package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// What is kept of an answer names its receipt, which is in the history.
func TestAnAnswerIsGivenAgainByteByByteWithItsReceipt(t *testing.T) {
	o := selling(t)
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	payments := []*x402.PaymentPayload{c.identified(c.pays(price), "first-payment-identifier"), c.pays(2 * price), c.identified(c.pays(3*price), "third-payment-identifier")}
	first := make([]answer, len(payments))
	for i, payment := range payments {
		if first[i] = c.call("work", payment); first[i].receiptWord() == "" {
			t.Fatalf("call %d is answered %s", i, first[i].raw)
		}
	}
	same := func(when string, numbers ...int) {
		t.Helper()
		for _, i := range numbers {
			if got := c.call("work", payments[i]); !bytes.Equal(got.raw, first[i].raw) {
				t.Errorf("%s payment %d is answered %s, first %s", when, i, got.raw, first[i].raw)
			}
		}
	}
	same("at once", 0, 1, 2)
	shop.Stop(t)
	c.url = shoptest.Open(t, o, new(tool).add).URL
	same("after a restart", 0, 2) // what has no identifier is kept in memory alone
}

func TestAnHTTPAnswerIsGivenAgainWithItsReceipt(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "all", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("sunny")) })))
	t.Cleanup(route.Close)
	payment := c.identified(c.pays(price), identifier)
	first, said := c.request(route.URL+"/today", "", payment)
	again, saidAgain := c.request(route.URL+"/today", "", payment)
	for _, name := range []string{onhttp.HeaderReceipt, x402.HeaderPaymentResponse} {
		if first.Header.Get(name) == "" || !slices.Equal(first.Header[name], again.Header[name]) {
			t.Errorf("%s is %q, and then %q", name, first.Header[name], again.Header[name])
		}
	}
	if said != "sunny" || saidAgain != said {
		t.Errorf("answered %q, and then %q", said, saidAgain)
	}
}

// Stores of version 1 kept answers with their receipts among the notes.
func TestAnAnswerThatWasKeptWithItsReceiptIsGivenAgain(t *testing.T) {
	var request [32]byte
	work := &tool{do: func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		request = onmcp.Fingerprint(req)
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	c.call("work", c.pays(price))

	const ceiling = 2 * price
	reservation, err := shop.Ledger.Reserve(t.Context(), ledger.Payment{
		Deployment: vouchers.Deployment{ChainID: c.net.Client.ChainID(), Escrow: c.escrow().Escrow}, Config: c.config,
		Voucher: vouchers.Voucher{Channel: c.id, Ceiling: ceiling}, Signature: c.sign(ceiling).Signature,
		Price: price, Identifier: identifier, Fingerprint: request,
	})
	if err != nil {
		t.Fatal(err)
	}
	sold, notes := `{"content":[{"type":"text","text":"done before"}]}`, `{"chit/receipt":{"sequence":2},"x402/payment-response":{"success":true}}`
	kept := append(binary.AppendUvarint(nil, uint64(len(sold))), sold+notes...)
	if _, err := reservation.Commit(t.Context(), price, func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{Answer: kept}, nil }); err != nil {
		t.Fatal(err)
	}
	got := c.call("work", c.identified(c.pays(ceiling), identifier))
	receipt, _ := got.result.Meta.AdditionalFields[onmcp.MetaReceipt].(map[string]any)
	if got.text() != "done before" || !maps.Equal(receipt, map[string]any{"sequence": 2.0}) {
		t.Errorf("answered %s", got.raw)
	}
}

// unsteady is a key that does not sign at times.
type unsteady struct {
	keys.Signer
	off *atomic.Bool
}

func (u unsteady) SignHash(ctx context.Context, hash common.Hash) ([]byte, error) {
	if u.off.Load() {
		return nil, errors.New("the device is locked")
	}
	return u.Signer.SignHash(ctx, hash)
}

func TestNothingIsSoldWhileNobodySignsReceipts(t *testing.T) {
	o, off := selling(t), new(atomic.Bool)
	o.Key = unsteady{keys.Dev(devnet.Seller), off}
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	off.Store(true)
	waits := make(chan answer, 1)
	go func() { waits <- c.call("work", c.pays(price)) }()
	until(t, "a batch that nobody signs", func() bool { return errors.Is(shop.Store.Err(), vouchers.ErrNotAttested) })
	if got := c.call("work", c.pays(2*price)); got.refusal().Error != x402.ErrVerificationStateUnavailable || !strings.Contains(string(got.raw), "cannot sign their receipts") {
		t.Errorf("the next call is answered %s", got.raw)
	}
	off.Store(false)
	if r := (<-waits).signedReceipt(); r == nil || r.Check(c.config.ReceiverAuthorizer) != nil {
		t.Errorf("the first call has the receipt %+v", r)
	}
	if a := c.audited(shop); a.Fault != nil || a.Receipts != 1 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}
