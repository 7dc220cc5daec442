package server_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402/extension"
)

// burntSince is a shop that was restored from a backup, after which the vouchers of two calls
// that have failed were published by claims, each with a price to spare, and calls were answered.
// The customer was charged so much, and counts what it was told.
type burntSince struct {
	*shoptest.Shop
	c              *customer
	charged, count vouchers.Amount
	last           *receipts.Signed
}

func newBurntSince(t *testing.T) *burntSince {
	fails := false
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if fails {
			return mcp.NewToolResultError("sorry"), nil
		}
		return mcp.NewToolResultText("done"), nil
	}}
	o := selling(t)
	o.KeyFolder = t.TempDir()
	b := &burntSince{Shop: shoptest.Open(t, o, work.add)}
	b.c = regular(t, b.Shop, "payer", usdc)
	b.pays(nil)
	var backup bytes.Buffer
	if _, err := b.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.pays(nil)
		fails = true
		b.c.call("work", b.c.pays(b.count+price))
		fails = false
		if _, err := b.SettleAs(t.Context(), settle.Request{Final: true}, nil); err != nil {
			t.Fatal(err)
		}
		b.count = b.c.ledger(b.Shop).Count() // which its next refusal tells it
	}
	b.pays(nil)
	if b.count != b.charged+2*price || b.c.ledger(b.Shop).Charged != b.charged {
		t.Fatalf("it counts %s and was charged %s: %+v", b.count, b.charged, b.c.ledger(b.Shop))
	}
	b.Shop = replaced(t, b.Shop, backup.Bytes())
	if _, err := b.Reconcile(t.Context()); err != nil { // as one does that runs
		t.Fatal(err)
	}
	b.c.url = b.URL
	return b
}

// pays makes a call that succeeds, in which something may be shown.
func (b *burntSince) pays(shown *extension.Shown) {
	b.c.t.Helper()
	paid := b.c.pays(b.count + price)
	if shown != nil {
		paid = shows(b.c.t, paid, *shown)
	}
	a := b.c.call("work", paid)
	if b.last = a.signedReceipt(); b.last == nil {
		b.c.t.Fatalf("%s", a.raw)
	}
	b.charged, b.count = b.charged+price, b.count+price
}

func TestAStockClientLosesByARestoreWhatClaimsHavePublishedSinceTheBackupAndNoMore(t *testing.T) {
	const claims = 2
	b := newBurntSince(t)
	for range 3 {
		b.pays(nil)
		if got := b.c.ledger(b.Shop); got.Charged != b.charged+claims*price || got.Charged > b.count {
			t.Errorf("it is charged %s, was answered for %s and counts %s", got.Charged, b.charged, b.count)
		}
	}
	if back := *b.c.call("chit_refund", b.c.refunds(b.count, nil)).receipt().Amount; back != usdc-b.charged-claims*price {
		t.Errorf("refunded %s", back)
	}
}

func TestAPayerThatShowsItsReceiptLosesNothingOfWhatClaimsHavePublished(t *testing.T) {
	b := newBurntSince(t)
	count := b.count
	b.pays(&extension.Shown{Latest: wire(t, b.last), Counted: &count})
	if got := b.c.ledger(b.Shop); got.Charged != b.charged {
		t.Errorf("it is charged %s, and was answered for %s", got.Charged, b.charged)
	}
}

func TestAStockClientLosesByARestoreItsCallsInFlightAndNoMore(t *testing.T) {
	const inFlight = 4
	r := restoredShop(t) // it was answered for three calls
	if got := r.c.call("work", r.c.pays((3+inFlight)*price)); got.text() != "done" {
		t.Fatalf("%s", got.raw)
	}
	for n := range vouchers.Amount(inFlight - 1) { // they come after the one that was signed last
		if got := r.c.call("work", r.c.pays((4+n)*price)); got.result == nil || !got.result.IsError {
			t.Errorf("the voucher of a call that is charged already buys it: %s", got.raw)
		}
	}
	if got := r.c.ledger(r.Shop); got.Charged != (3+inFlight)*price {
		t.Errorf("it is charged %s", got.Charged)
	}
	if got := r.c.call("work", r.c.pays((4+inFlight)*price)); got.text() != "done" { // as it is told to go on
		t.Errorf("%s", got.raw)
	}
}
