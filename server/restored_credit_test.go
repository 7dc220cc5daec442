package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// swarmBudget is what the tests of this file grant, in atomic units.
const swarmBudget = 60 * vouchers.Amount(price)

// numbered are the digests of all receipts that were ever given, by channel and number.
type numbered struct {
	mu  sync.Mutex // guards all
	all map[string]common.Hash
}

// add fails where another receipt of the number was given.
func (n *numbered) add(t testing.TB, r *receipts.Signed) {
	t.Helper()
	digest, err := r.Digest()
	if err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	number := fmt.Sprint(r.Channel, r.Sequence)
	if before, known := n.all[number]; known && before != digest {
		t.Errorf("number %s was signed twice", number)
	}
	n.all[number] = digest
}

// house is a payer that pays by vouchers while somebody else spends a credit token of its.
type house struct {
	*customer
	given *numbered
	token string
	own   vouchers.Amount // what its vouchers have paid
	spent vouchers.Amount // what its token has paid, by all answers
	last  *receipts.Signed
}

// count is what the house's next voucher is signed over.
func (h *house) count() vouchers.Amount { return h.own + swarmBudget }

// answered fails unless the answer has a receipt, and takes it down.
func (h *house) answered(a answer) *receipts.Signed {
	h.t.Helper()
	r := a.signedReceipt()
	if r == nil || r.Charged != price {
		h.t.Errorf("the receipt of %s is %+v", a.raw, r)
		return nil
	}
	h.given.add(h.t, r)
	return r
}

func (h *house) buysByVoucher() {
	h.t.Helper()
	h.last = h.answered(h.call("work", h.pays(h.count()+price)))
	h.own += price
}

func (h *house) buysByToken() {
	h.t.Helper()
	h.answered(callOn(h.t, h.url, h.token, "work", nil))
	h.spent += price
}

// trade has the vouchers and the token of each house pay for calls at once, some at least, and on
// while more says so.
func trade(all []*house, more func() bool) {
	var crowd sync.WaitGroup
	for _, h := range all {
		for _, buys := range []func(){h.buysByVoucher, h.buysByToken} {
			crowd.Go(func() {
				for n := 0; n < 5 || n < 20 && more(); n++ {
					buys()
				}
			})
		}
	}
	crowd.Wait()
}

// spendsAll uses the token up.
func (h *house) spendsAll() {
	h.t.Helper()
	for {
		a := callOn(h.t, h.url, h.token, "work", nil)
		if a.result == nil || a.result.IsError {
			if code := credit.Code(a.creditRefusal().Code); code != credit.CodeBudgetExhausted && code != credit.CodeBalanceExhausted {
				h.t.Errorf("refused with %q", code)
			}
			return
		}
		h.answered(a)
		h.spent += price
	}
}

// replaced stops a shop, puts a backup in the place of its store, and opens that.
func replaced(t testing.TB, shop *shoptest.Shop, backup []byte) *shoptest.Shop {
	t.Helper()
	shop.Stop(t)
	if _, err := restore.From(bytes.NewReader(backup), shop.Options.Store, nil); err != nil {
		t.Fatal(err)
	}
	return shoptest.Open(t, shop.Options, new(tool).add)
}

// backedUp is a backup of a shop that is taken while the houses are busy.
func backedUp(t testing.TB, shop *shoptest.Shop, all []*house) []byte {
	t.Helper()
	var backup bytes.Buffer
	copied := make(chan error, 1)
	go func() {
		_, err := shop.Backup(t.Context(), &backup)
		copied <- err
	}()
	trade(all, func() bool { return len(copied) == 0 })
	if err := <-copied; err != nil {
		t.Fatal(err)
	}
	return backup.Bytes()
}

func TestAShopThatIsRestoredKnowsAgainWhatVouchersAndTokensHavePaid(t *testing.T) {
	o := selling(t)
	o.KeyFolder = t.TempDir()
	shop := shoptest.Open(t, o, new(tool).add)
	given := &numbered{all: map[string]common.Hash{}}
	newHouse := func(role string) *house {
		h := &house{customer: regular(t, shop, role, usdc), given: given}
		h.token = h.granted(macaroon.Scope{Budget: swarmBudget}, 0).Token
		return h
	}
	newest, older, stock := newHouse("with the newest receipt"), newHouse("with an older receipt"), newHouse("without receipts")
	all := []*house{newest, older, stock}
	backup := backedUp(t, shop, all)
	trade(all, func() bool { return false })
	older.buysByVoucher()
	older.buysByToken()
	older.buysByToken()
	newest.buysByVoucher()
	shop = replaced(t, shop, backup)
	forgotten := stock.spent - (swarmBudget - stock.ledger(shop).Aside)
	for _, h := range all {
		h.url = shop.URL
		h.buysByToken() // while its channel is in doubt
	}
	newest.paysAgain(true)
	older.paysAgain(true)
	stock.paysAgain(false)
	for h, lost := range map[*house]vouchers.Amount{newest: 0, older: 2 * price, stock: forgotten} {
		if got := h.own + h.spent - h.ledger(shop).Charged; got != lost || h.ledger(shop).Doubted {
			t.Errorf("%s of %s is not known, want %s: %+v", got, h.own+h.spent, lost, h.ledger(shop))
		}
		h.spendsAll()
		if h.spent != swarmBudget+lost {
			t.Errorf("the token has paid for %s, of which %s is not known and the budget is %s", h.spent, lost, swarmBudget)
		}
		if got := h.ledger(shop); got.Charged != h.count() || got.Aside != 0 {
			t.Errorf("charged %s of %s, with %s aside", got.Charged, h.count(), got.Aside)
		}
		if audit := h.audited(shop); audit.Fault != nil || audit.Charged != h.count() {
			t.Errorf("%+v", audit)
		}
		if back := *h.call(onmcp.RefundTool, h.refunds(h.count(), nil)).receipt().Amount; back != usdc-h.count() {
			t.Errorf("refunded %s", back)
		}
	}
}

// paysAgain has a house make a call, in which it shows its newest receipt if it keeps any.
func (h *house) paysAgain(shown bool) {
	h.t.Helper()
	count, paid := h.count(), h.pays(h.count()+price)
	if shown {
		paid = shows(h.t, paid, extension.Shown{Latest: wire(h.t, h.last), Counted: &count})
	}
	h.answered(h.call("work", paid))
	h.own += price
}

// forgetful is a shop that was restored from a backup, after which it has granted a token, of
// whose calls two were answered, the second with this receipt.
func forgetful(t *testing.T) (shop *shoptest.Shop, c *customer, granted token.Granted, last *receipts.Signed) {
	o := selling(t)
	o.KeyFolder = t.TempDir()
	shop = shoptest.Open(t, o, new(tool).add)
	c = regular(t, shop, "payer", usdc)
	c.buys(1)
	var backup bytes.Buffer
	if _, err := shop.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	granted = c.granted(macaroon.Scope{Budget: swarmBudget}, price)
	for range 2 {
		last = callOn(t, shop.URL, granted.Token, "work", nil).signedReceipt()
	}
	shop = replaced(t, shop, backup.Bytes())
	c.url = shop.URL
	return shop, c, granted, last
}

func TestATokenThatARestoredShopHasForgottenIsRefusedWithWhoCanHelp(t *testing.T) {
	shop, c, granted, _ := forgetful(t)
	says := func(name, code, message string, help *terms.CreditHelp) {
		t.Helper()
		if code != string(credit.CodeInvalidToken) || !strings.Contains(message, "restored") || !strings.Contains(message, "ask who has handed the token out") {
			t.Errorf("%s: %s, %q", name, code, message)
		}
		if help == nil || help.AskOwner == nil || help.AskOwner.Payer != c.key.Address() || help.AskOwner.Grant != granted.Grant.ID {
			t.Errorf("%s: the help is %+v", name, help)
		}
	}
	over := callOn(t, shop.URL, granted.Token, "work", nil).creditRefusal()
	says("over MCP", over.Code, over.Message, over.Help)
	resp, body := bearing(t, http.MethodPost, mirrored(t, shop), "Bearer "+granted.Token, "")
	var problem struct {
		Code, Message string
		Help          *terms.CreditHelp
	}
	if err := json.Unmarshal([]byte(body), &problem); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%s: %v in %s", resp.Status, err, body)
	}
	says("over HTTP", problem.Code, problem.Message, problem.Help)
	if forged := callOn(t, shop.URL, granted.Token[:len(granted.Token)-4]+"AAAA", "work", nil).creditRefusal(); forged.Help != nil {
		t.Errorf("who has made a token up is told %+v", forged.Help)
	}
}

// A receipt of a token's call proves what the channel was charged, to the payer as well as to who
// holds the token. What it restores was signed for by the payer.
func TestATokensReceiptRestoresWhatItsPayerHasSignedForAndNoMore(t *testing.T) {
	o := selling(t)
	o.KeyFolder = t.TempDir()
	shop := shoptest.Open(t, o, new(tool).add)
	h := &house{customer: regular(t, shop, "payer", usdc), given: &numbered{all: map[string]common.Hash{}}}
	h.token = h.granted(macaroon.Scope{Budget: swarmBudget}, 0).Token
	h.buysByToken()
	var backup bytes.Buffer
	if _, err := shop.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		h.last = h.answered(callOn(t, h.url, h.token, "work", nil))
		h.spent += price
	}
	shop = replaced(t, shop, backup.Bytes())
	h.url = shop.URL
	for calls := vouchers.Amount(1); calls <= 2; calls++ { // it is shown again, and adds nothing
		h.paysAgain(true)
		if got := h.ledger(shop); got.Charged != (4+calls)*price || got.Aside != swarmBudget-4*price || got.Doubted {
			t.Errorf("after %d payments: %+v", calls, got)
		}
	}
	h.spendsAll()
	if h.spent != swarmBudget || h.ledger(shop).Charged != swarmBudget+2*price {
		t.Errorf("the token has paid %s of %s, charged are %s", h.spent, swarmBudget, h.ledger(shop).Charged)
	}
}

func TestATokensReceiptRestoresNothingAboveWhatItsPayerSigns(t *testing.T) {
	shop, c, _, last := forgetful(t)
	shown := func(ceiling vouchers.Amount) *x402.PaymentPayload {
		count := ceiling - price
		return shows(t, c.pays(ceiling), extension.Shown{Latest: wire(t, last), Counted: &count})
	}
	forged := shown(swarmBudget + 2*price)
	forged.Payload.(*x402.VoucherPayload).Voucher.Signature[5]++ // who holds the token has no key of the channel's
	if got := c.call("work", forged); got.code() != x402.ErrVoucherSignature {
		t.Errorf("without the payer: %s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != price || !got.Doubted {
		t.Errorf("without the payer %s are charged", got.Charged)
	}
	if got := c.call("work", shown(2*price)); got.refusal() == nil { // the receipt says three
		t.Errorf("a call that is not paid for: %s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != 2*price || got.Ceiling != 2*price {
		t.Errorf("%s of %s that are signed are charged", got.Charged, got.Ceiling)
	}
	if got := c.call("work", shown(4*price)); got.text() != "done" {
		t.Errorf("%s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != 4*price || got.Aside != 0 || got.Doubted {
		t.Errorf("%s are charged, with %s aside", got.Charged, got.Aside)
	}
}

func TestTheBudgetOfAGrantThatARestoredShopHasForgottenIsThePayersAgain(t *testing.T) {
	shop, c, _, _ := forgetful(t)
	count := vouchers.Amount(price)
	paid := shows(t, c.pays(swarmBudget+2*price), extension.Shown{Counted: &count}) // without the budget that nobody knows
	if got := c.call("work", paid); got.text() != "done" {
		t.Fatalf("%s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != 2*price || got.Aside != 0 || got.Doubted {
		t.Errorf("charged %s, with %s aside", got.Charged, got.Aside)
	}
	again := c.granted(macaroon.Scope{Budget: swarmBudget}, swarmBudget+2*price)
	callOn(t, shop.URL, again.Token, "work", nil).receipt()
	revoke := token.Arguments{Action: "revoke", Channel: c.id, Grant: &again.Grant.ID}
	revoke.Deadline, revoke.Signature = c.signed(order.Order{Action: "revoke", Subject: again.Grant.ID.String()})
	var ended credit.Grant
	send(t.Context(), t, shop.URL, onmcp.CreditTool, revoke, nil).structured(&ended)
	if back := *c.call(onmcp.RefundTool, c.refunds(3*price, nil)).receipt().Amount; back != usdc-3*price {
		t.Errorf("refunded %s of %s", back, usdc-3*price)
	}
}

// A client that says nothing of receipts is taken at its voucher: it has signed for the budget.
func TestAStockClientIsChargedForABudgetThatARestoredShopHasForgottenAndForNoMore(t *testing.T) {
	shop, c, granted, _ := forgetful(t)
	if got := c.call("work", c.pays(swarmBudget+2*price)); got.text() != "done" {
		t.Fatalf("%s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != granted.Grant.Budget+2*price || got.Doubted {
		t.Errorf("charged %s", got.Charged)
	}
}

func TestAGrantThatWasRevokedSinceTheBackupIsToBeRevokedAgain(t *testing.T) {
	o := selling(t)
	o.KeyFolder = t.TempDir()
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	granted := c.granted(macaroon.Scope{Budget: swarmBudget}, 0)
	var backup bytes.Buffer
	if _, err := shop.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	revoke := func() (ended credit.Grant) {
		t.Helper()
		a := token.Arguments{Action: "revoke", Channel: c.id, Grant: &granted.Grant.ID}
		a.Deadline, a.Signature = c.signed(order.Order{Action: "revoke", Subject: granted.Grant.ID.String()})
		send(t.Context(), t, c.url, onmcp.CreditTool, a, nil).structured(&ended)
		return ended
	}
	revoke()
	shop = replaced(t, shop, backup.Bytes())
	c.url = shop.URL
	callOn(t, c.url, granted.Token, "work", nil).receipt()
	if ended := revoke(); *ended.Returned != swarmBudget-price {
		t.Errorf("%s came back", *ended.Returned)
	}
	if code := callOn(t, c.url, granted.Token, "work", nil).creditRefusal().Code; code != string(credit.CodeRevoked) {
		t.Errorf("refused with %q", code)
	}
	if got := c.ledger(shop); got.Charged != price || got.Aside != 0 {
		t.Errorf("charged %s, with %s aside", got.Charged, got.Aside)
	}
}
