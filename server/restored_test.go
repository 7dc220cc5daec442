package server_test

import (
	"bytes"
	"testing"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// restored is a shop whose store is that of a backup, and a customer whose second and third call
// it has forgotten.
type restored struct {
	*shoptest.Shop
	c    *customer
	log  *record
	last *receipts.Signed // the customer's, of its third call
}

func restoredShop(t *testing.T) *restored {
	r := &restored{log: new(record)}
	o := selling(t)
	o.KeyFolder, o.Logger = t.TempDir(), r.log.logger()
	shop := shoptest.Open(t, o, new(tool).add)
	r.c = regular(t, shop, "payer", usdc)
	r.c.buys(1)
	var backup bytes.Buffer
	if _, err := shop.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	r.c.buys(2)
	r.last = r.c.call("work", r.c.pays(3*price)).signedReceipt()
	shop.Stop(t)
	if _, err := restore.From(bytes.NewReader(backup.Bytes()), o.Store, nil); err != nil {
		t.Fatal(err)
	}
	r.Shop = shoptest.Open(t, o, new(tool).add)
	r.c.url = r.URL
	if got := r.c.ledger(r.Shop); got.Charged != price || !got.Doubted {
		t.Fatalf("%+v", got)
	}
	return r
}

// learnt fails unless the shop knows again of all calls, and what it says adds up.
func (r *restored) learnt(calls vouchers.Amount, by string) {
	t := r.c.t
	t.Helper()
	if got := r.c.ledger(r.Shop); got.Charged != calls*price || got.Doubted {
		t.Errorf("charged %s, in doubt %t", got.Charged, got.Doubted)
	}
	if !r.log.has("WARN", "restored from a backup", "channel="+r.c.id.Hex(), "by="+by, `amount="0.002 USDC"`, `charged="0.003 USDC"`) {
		t.Error("nothing is said of it:\n" + r.log.text.String())
	}
	audit := r.c.audited(r.Shop)
	if audit.Fault != nil || audit.Charged != calls*price {
		t.Errorf("%+v", audit)
	}
	var line receipts.Signed
	if err := r.Receipts.Walk(t.Context(), r.c.id, 0, func(s *receipts.Signed) error {
		if s.Resource == receipts.Evidence {
			line = *s
		}
		return nil
	}); err != nil || line.Sequence != 1<<40+1 || line.Charged != 2*price || line.Cumulative != 3*price {
		t.Errorf("the line in the history is %+v, %v", line, err)
	}
}

// shows is a payment that shows a receipt.
func shows(t testing.TB, p *x402.PaymentPayload, s extension.Shown) *x402.PaymentPayload {
	t.Helper()
	with, err := extension.ShowReceipt(p.Extensions, s)
	if err != nil {
		t.Fatal(err)
	}
	p.Extensions = with
	return p
}

func keeps(p *x402.PaymentPayload) *x402.PaymentPayload {
	p.Extensions = extension.KeepsReceipts(p.Extensions)
	return p
}

func wire(t testing.TB, r *receipts.Signed) string {
	t.Helper()
	text, err := r.Wire()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAStockClientsNextVoucherTellsARestoredShopWhatItHasForgotten(t *testing.T) {
	r := restoredShop(t)
	r.c.buys(4)
	r.learnt(4, "voucher")
	next := r.c.call("work", r.c.pays(5*price)).signedReceipt()
	if next.Sequence != 1<<40+3 || next.Cumulative != 5*price {
		t.Errorf("%+v", next)
	}
}

// asked fails unless the shop asks for the newest receipt.
func (r *restored) asked(required *x402.PaymentRequired) {
	r.c.t.Helper()
	asked, err := extension.AskedFor(required.Extensions)
	if err != nil || asked == nil || asked.Channel != r.c.id || asked.Epoch != 1 || required.Error != x402.ErrVerificationStateUnavailable {
		r.c.t.Fatalf("it is refused with %s and asks for %+v, %v", required.Error, asked, err)
	}
	if got := r.c.ledger(r.Shop); got.Charged != price || !got.Doubted || got.Reserved != 0 {
		r.c.t.Errorf("%+v", got)
	}
}

func TestAPayerThatKeepsReceiptsIsAskedForTheNewest(t *testing.T) {
	for name, ask := range map[string]func(*customer) answer{
		"in full":           func(c *customer) answer { return c.call("work", keeps(c.pays(8*price))) },
		"in the short form": func(c *customer) answer { return c.callBy(map[string]any{short.MetaPay: c.shortly(c.pays(8 * price))}) },
	} {
		t.Run(name, func(t *testing.T) {
			r := restoredShop(t)
			r.asked(ask(r.c).refusal())
			count := vouchers.Amount(3 * price)
			paid := shows(t, r.c.pays(8*price), extension.Shown{Latest: wire(t, r.last), Counted: &count})
			if got := r.c.call("work", paid); got.text() != "done" { // with calls before it in flight
				t.Fatalf("%s", got.raw)
			}
			r.learnt(4, "receipt")
			if got := r.c.callBy(map[string]any{short.MetaPay: r.c.shortly(r.c.pays(9 * price))}); got.text() != "done" {
				t.Errorf("%s", got.raw)
			}
		})
	}
}

func TestAReceiptIsShownOverHTTPToo(t *testing.T) {
	r := restoredShop(t)
	url := mirrored(t, r.Shop)
	resp, _ := r.c.request(url, "first", keeps(r.c.pays(8*price)))
	r.asked(r.c.required402(resp))
	resp, body := r.c.request(url, "first", shows(t, r.c.pays(8*price), extension.Shown{Latest: wire(t, r.last)}))
	if resp.StatusCode != 200 {
		t.Fatalf("%d: %s", resp.StatusCode, body)
	}
	r.learnt(4, "receipt")
}

func TestAPayerThatHasNoReceiptSaysWhatItCounts(t *testing.T) {
	r := restoredShop(t)
	count := vouchers.Amount(3 * price)
	if got := r.c.call("work", shows(t, r.c.pays(8*price), extension.Shown{Counted: &count})); got.text() != "done" {
		t.Fatalf("%s", got.raw)
	}
	r.learnt(4, "voucher")
}

func TestOnlyTheShopsOwnReceiptOfTheChannelIsEvidence(t *testing.T) {
	r := restoredShop(t)
	other := *r.last
	other.Cumulative += price
	elsewhere := *r.last
	elsewhere.Channel[0]++
	for name, text := range map[string]string{"not signed": wire(t, &other), "another channel": wire(t, &elsewhere), "none": "A", "long": string(make([]byte, receipts.MaxWire+1))} {
		if got := r.c.call("work", shows(t, r.c.pays(8*price), extension.Shown{Latest: text})); got.code() != x402.ErrPayload {
			t.Errorf("%s: %s", name, got.raw)
		}
	}
	if got := r.c.ledger(r.Shop); got.Charged != price {
		t.Errorf("%+v", got)
	}
}

func TestARefundPaysOutNothingOfWhatItsVoucherSaysWasCharged(t *testing.T) {
	r := restoredShop(t)
	before := r.c.wallet()
	given := r.c.call("chit_refund", r.c.refunds(3*price, nil)).receipt()
	if *given.Amount != usdc-3*price || r.c.wallet() != before+usdc-3*price {
		t.Errorf("%s goes back", *given.Amount)
	}
	r.learnt(3, "voucher")
}

func TestAnOlderCopyThatIsOpenedAgainAndAgainNumbersNoReceiptTwice(t *testing.T) {
	o := selling(t)
	o.KeyFolder = t.TempDir()
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	var backup bytes.Buffer
	if _, err := shop.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	seen := map[uint64]vouchers.Amount{}
	for n := range vouchers.Amount(3) {
		shop.Stop(t)
		if _, err := restore.From(bytes.NewReader(backup.Bytes()), o.Store, nil); err != nil {
			t.Fatal(err)
		}
		shop = shoptest.Open(t, o, new(tool).add)
		c.url = shop.URL
		got := c.call("work", c.pays((n+2)*price)).signedReceipt()
		if before, twice := seen[got.Sequence]; twice {
			t.Errorf("receipt %d was for a total of %d, and is for %d", got.Sequence, before, got.Cumulative)
		}
		if got.Cumulative != (n+2)*price {
			t.Errorf("the total is %d", got.Cumulative)
		}
		seen[got.Sequence] = got.Cumulative
	}
}

func TestAReceiptOfSinceTheRestoreIsNotChargedOnTopOfItself(t *testing.T) {
	o := selling(t)
	o.KeyFolder = t.TempDir()
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	granted := c.granted(macaroon.Scope{Budget: 10 * price}, price)
	var backup bytes.Buffer
	if _, err := shop.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	c.call("work", c.pays(12*price)).signedReceipt() // is forgotten
	shop.Stop(t)
	if _, err := restore.From(bytes.NewReader(backup.Bytes()), o.Store, nil); err != nil {
		t.Fatal(err)
	}
	shop = shoptest.Open(t, o, new(tool).add)
	c.url = shop.URL
	var last *receipts.Signed
	for range 3 {
		last = callOn(t, c.url, granted.Token, "work", map[string]any{}).signedReceipt()
	}
	count := vouchers.Amount(12 * price)
	if got := c.call("work", shows(t, c.pays(13*price), extension.Shown{Latest: wire(t, last), Counted: &count})); got.text() != "done" {
		t.Fatalf("%s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != 6*price || got.Doubted {
		t.Errorf("it was charged %s, want 6 calls: %+v", got.Charged, got)
	}
}
