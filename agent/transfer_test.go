package agent_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// wallet are the options of a payer with 1 USDC, and nothing that would pay for gas.
func wallet(t testing.TB) agent.Options {
	t.Helper()
	o := options(t)
	o.Key = shoptest.Key(t, "wallet")
	if err := shoptest.Net.Mint(t.Context(), o.Key.Address(), usdc); err != nil {
		t.Fatal(err)
	}
	return o
}

// accepting are the options of a shop whose work costs 0.001 USDC, in some ways.
func accepting(t testing.TB, ways ...string) server.Options {
	o := selling(t, "0.001")
	o.Accept = ways
	return o
}

func hasLeft(t testing.TB, o agent.Options, want vouchers.Amount) {
	t.Helper()
	client := dial(t, gratis(t, func(*mcpserver.MCPServer) {}), o)
	if have, err := client.WalletBalance(t.Context()); err != nil || have != want {
		t.Errorf("the wallet has %s, %v; want %s", have, err, want)
	}
}

// budgetOf is what the book says that was spent.
func budgetOf(t testing.TB, o agent.Options) agent.Spent {
	t.Helper()
	kept, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	spent, _, err := treasury.ReadBudget(kept, o.Policy, "http://nobody.invalid", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return spent
}

func TestACallIsPaidByATransferWhereNothingElseIsTaken(t *testing.T) {
	shop := shoptest.Open(t, accepting(t, offer.Exact), work)
	o := wallet(t)
	client := dial(t, shop.URL, o)
	for range 2 {
		result, receipt, err := client.CallTool(t.Context(), "work", nil)
		if err != nil || result.IsError || !receipt.Paid || receipt.Charged != price || receipt.InDoubt != 0 {
			t.Fatalf("the call gave %+v for %+v, %v", result, receipt, err)
		}
		mined, err := shoptest.Net.Client.Receipt(t.Context(), receipt.Tx)
		if err != nil || mined == nil {
			t.Errorf("transaction %s: %v, %v", receipt.Tx, mined, err)
		}
	}
	hasLeft(t, o, usdc-2*price)
	if spent := budgetOf(t, o); spent.Total != 2*price || spent.InDoubt != 0 || spent.OnItsWay != 0 {
		t.Errorf("the book has %+v", spent)
	}
}

func TestAPageIsPaidByATransferWhereNothingElseIsTaken(t *testing.T) {
	shop := shoptest.Open(t, accepting(t, offer.Exact))
	web := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "paid", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the page") })))
	t.Cleanup(web.Close)
	o := wallet(t)
	response, receipt, err := visit(t, web.URL, o).Do(t.Context(), agent.HTTPRequest{URL: web.URL + "/paid"})
	if err != nil || string(response.Body) != "the page" || receipt.Charged != price || receipt.InDoubt != 0 {
		t.Errorf("answered %+v for %+v, %v", response, receipt, err)
	}
	hasLeft(t, o, usdc-price)
}

func TestAProxyPaysByATransferWhereNothingElseIsTaken(t *testing.T) {
	shop := shoptest.Open(t, accepting(t, offer.Exact), work)
	o := wallet(t)
	if result := through(t, shop.URL, o).call(t, "work", nil); result.IsError {
		t.Fatalf("the call gave %+v", result)
	}
	hasLeft(t, o, usdc-price)
}

func TestAChannelThatHoldsEnoughPaysBeforeATransferDoes(t *testing.T) {
	shop := shoptest.Open(t, accepting(t, offer.BatchSettlement, offer.Exact), work)
	o := wallet(t)
	client := dial(t, shop.URL, o)
	pays := func(name string, byTransfer bool) {
		t.Helper()
		_, receipt, err := client.CallTool(t.Context(), "work", nil)
		if err != nil || receipt.Charged != price || (receipt.Channel == vouchers.ChannelID{}) != byTransfer {
			t.Errorf("%s: paid %+v, %v", name, receipt, err)
		}
	}
	pays("without a deposit", true)
	if _, err := client.Deposit(t.Context(), 2*price); err != nil {
		t.Fatal(err)
	}
	pays("with a deposit", false)
	pays("with the rest of it", false)
	pays("when the channel is empty", true)
	if spent := budgetOf(t, o); spent.Total != 4*price || spent.AtRisk != 0 || spent.OnItsWay != 0 {
		t.Errorf("the book has %+v", spent)
	}
}

func TestATransferPaysWhereNoDepositCanBeMade(t *testing.T) {
	shop := shoptest.Open(t, accepting(t, offer.BatchSettlement, offer.Exact), work)
	for name, change := range map[string]func(*agent.Options){
		"the wallet has less than a deposit": func(o *agent.Options) { o.TopUp.Amount, o.Policy.MaxDeposit = 2*usdc, 2*usdc },
		"the policy allows no such deposit":  func(o *agent.Options) { o.TopUp.Amount, o.Policy.MaxDeposit = usdc/2, usdc/4 },
	} {
		t.Run(name, func(t *testing.T) {
			o := wallet(t)
			change(&o)
			_, receipt, err := dial(t, shop.URL, o).CallTool(t.Context(), "work", nil)
			if err != nil || receipt.Charged != price || receipt.Channel != (vouchers.ChannelID{}) {
				t.Errorf("paid %+v, %v", receipt, err)
			}
		})
	}
}

func TestADepositIsMadeWhereARuleSaysSo(t *testing.T) {
	shop := shoptest.Open(t, accepting(t, offer.BatchSettlement, offer.Exact), work)
	o := wallet(t)
	o.TopUp.Amount = usdc / 2
	_, receipt, err := dial(t, shop.URL, o).CallTool(t.Context(), "work", nil)
	if err != nil || receipt.Charged != price || receipt.Channel == (vouchers.ChannelID{}) {
		t.Errorf("paid %+v, %v", receipt, err)
	}
}

func TestWhatFailsAfterItsTransferLeftStaysInDoubt(t *testing.T) {
	shop := shoptest.Open(t, accepting(t, offer.Exact))
	o := wallet(t)
	result, receipt, err := dial(t, shop.URL, o).CallTool(t.Context(), "unreliable", map[string]any{"fail": true})
	if err != nil || !result.IsError || receipt.Paid || receipt.InDoubt != 10_000 || !receipt.Until.After(time.Now()) {
		t.Fatalf("the call gave %+v for %+v, %v", result, receipt, err)
	}
	if spent := budgetOf(t, o); spent.Total != 10_000 || spent.InDoubt != 10_000 {
		t.Errorf("the book has %+v", spent)
	}
}

// taker is a server that asks for a transfer of each request, keeps what comes, and answers it as a
// test says.
type taker struct {
	url    string
	answer func(w http.ResponseWriter, paid *x402.PaymentPayload)
	change func(*x402.Requirements) // of what is asked; nil is nothing

	mu    sync.Mutex // guards what follows
	taken []*x402.PaymentPayload
}

// terms of a transfer of a second, to somebody.
func (k *taker) terms(t testing.TB) x402.Requirements {
	return x402.Requirements{
		Scheme: x402.SchemeExact, Network: shoptest.Net.Client.Network(), Amount: price, Asset: shoptest.Net.Token,
		PayTo: shoptest.Key(t, "taker").Address(), MaxTimeoutSeconds: 1,
	}
}

func newTaker(t testing.TB, answer func(w http.ResponseWriter, paid *x402.PaymentPayload)) *taker {
	t.Helper()
	k := &taker{answer: answer}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paid, err := x402.DecodeHeader[x402.PaymentPayload](r.Header.Get(x402.HeaderPaymentSignature))
		if err != nil {
			k.refuse(t, w, x402.ErrPaymentRequired)
			return
		}
		k.mu.Lock()
		k.taken = append(k.taken, paid)
		k.mu.Unlock()
		k.answer(w, paid)
	}))
	t.Cleanup(web.Close)
	k.url = web.URL
	return k
}

// nonces are how many transfers came that can each be made.
func (k *taker) nonces() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make(map[string]bool)
	for _, paid := range k.taken {
		all[paid.Payload.(*x402.AuthorizationPayload).Authorization.Nonce.Hex()] = true
	}
	return len(all)
}

func refuses(t testing.TB, code x402.ErrorCode) func(http.ResponseWriter, *x402.PaymentPayload) {
	return func(w http.ResponseWriter, _ *x402.PaymentPayload) { new(taker).refuse(t, w, code) }
}

// refuse answers with the terms.
func (k *taker) refuse(t testing.TB, w http.ResponseWriter, code x402.ErrorCode) {
	entry := k.terms(t)
	if k.change != nil {
		k.change(&entry)
	}
	header, err := x402.EncodeHeader(x402.Refuse(x402.Resource{URL: "http://x.invalid/"}, []x402.Requirements{entry}, code, ""))
	if err != nil {
		t.Error(err)
	}
	w.Header().Set(x402.HeaderPaymentRequired, header)
	w.WriteHeader(http.StatusPaymentRequired)
}

func TestNothingThatAServerAnswersMakesATransferCountLessOrBeSignedTwice(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *x402.PaymentPayload){
		"a refusal":                 refuses(t, x402.ErrExactInsufficientBalance),
		"a refusal that asks again": refuses(t, x402.ErrUnexpectedVerify),
		"an error":                  func(w http.ResponseWriter, _ *x402.PaymentPayload) { w.WriteHeader(http.StatusInternalServerError) },
		"a lost connection":         func(http.ResponseWriter, *x402.PaymentPayload) { panic(http.ErrAbortHandler) },
		"a redirect": func(w http.ResponseWriter, _ *x402.PaymentPayload) {
			w.Header().Set("Location", "http://thief.invalid/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"an answer without a receipt":     func(w http.ResponseWriter, _ *x402.PaymentPayload) { fmt.Fprint(w, "the page") },
		"a receipt of a failure":          receiptOf(t, x402.SettlementResponse{ErrorReason: "invalid_transaction_state"}),
		"a receipt without a transaction": receiptOf(t, x402.SettlementResponse{Success: true}),
	} {
		t.Run(name, func(t *testing.T) {
			k, o := newTaker(t, answer), wallet(t)
			_, receipt, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url})
			if err != nil && !strings.Contains(err.Error(), "chit budget") {
				t.Errorf("the error does not say what still counts: %v", err)
			}
			if receipt.InDoubt != price {
				t.Errorf("%+v, %v", receipt, err)
			}
			if spent := budgetOf(t, o); spent.Total != price || spent.InDoubt != price || spent.OnItsWay != 0 {
				t.Errorf("the book has %+v", spent)
			}
			if n := k.nonces(); n != 1 {
				t.Errorf("%d transfers were signed", n)
			}
		})
	}
}

func TestTheSameTransferIsSentAgainToWhoDoesNotKnowYetWhatBecameOfIt(t *testing.T) {
	for _, code := range []x402.ErrorCode{x402.ErrUnexpectedVerify, x402.ErrUnexpectedSettle, x402.ErrSettlementPending} {
		asked := 0
		done := receiptOf(t, x402.SettlementResponse{Success: true, Transaction: "0x" + strings.Repeat("01", 32)})
		k, o := newTaker(t, func(w http.ResponseWriter, paid *x402.PaymentPayload) {
			if asked++; asked < 3 {
				refuses(t, code)(w, paid)
				return
			}
			done(w, paid)
		}), wallet(t)
		_, receipt, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url})
		if err != nil || receipt.Charged != price || receipt.InDoubt != 0 || asked != 3 || k.nonces() != 1 {
			t.Errorf("%s: %+v, %v; %d transfers came in %d requests", code, receipt, err, k.nonces(), asked)
		}
	}
}

func TestTheSameTransferIsSentAgainToWhoWithholdsItsAnswer(t *testing.T) {
	for _, header := range []string{"Chit-Withheld", "Retry-After"} {
		asked := 0
		done := receiptOf(t, x402.SettlementResponse{Success: true, Transaction: "0x" + strings.Repeat("01", 32)})
		k, o := newTaker(t, func(w http.ResponseWriter, paid *x402.PaymentPayload) {
			if asked++; asked < 3 {
				w.Header().Set(header, "1")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			done(w, paid)
		}), wallet(t)
		response, receipt, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url})
		if err != nil || string(response.Body) != "the page" || receipt.Charged != price || receipt.InDoubt != 0 || asked != 3 || k.nonces() != 1 {
			t.Errorf("%s: %+v, %v; %d transfers came in %d requests", header, receipt, err, k.nonces(), asked)
		}
		if spent := budgetOf(t, o); spent.Total != price {
			t.Errorf("%s: the book has %+v", header, spent)
		}
	}
}

func TestATransferThatLeftIsNotTakenBackWhenTheServerIsGone(t *testing.T) {
	var web *httptest.Server
	k := new(taker)
	web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := x402.ErrPaymentRequired
		if r.Header.Get(x402.HeaderPaymentSignature) != "" {
			code = x402.ErrUnexpectedVerify
			_ = web.Listener.Close()
			w.Header().Set("Connection", "close")
		}
		k.refuse(t, w, code)
	}))
	t.Cleanup(web.Close)
	o := wallet(t)
	if _, _, err := visit(t, web.URL, o).Do(t.Context(), agent.HTTPRequest{URL: web.URL}); err == nil {
		t.Error("it was answered")
	}
	if spent := budgetOf(t, o); spent.InDoubt != price {
		t.Errorf("the book has %+v", spent)
	}
}

func TestATransferThatNeverLeftCountsNoMore(t *testing.T) {
	var web *httptest.Server
	k := new(taker)
	web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = web.Listener.Close()
		w.Header().Set("Connection", "close")
		k.refuse(t, w, x402.ErrPaymentRequired)
	}))
	t.Cleanup(web.Close)
	o := wallet(t)
	if _, _, err := visit(t, web.URL, o).Do(t.Context(), agent.HTTPRequest{URL: web.URL}); !errors.Is(err, agent.ErrUnreached) {
		t.Errorf("%v", err)
	}
	if spent := budgetOf(t, o); spent.InDoubt != 0 || spent.Total != 0 {
		t.Errorf("the book has %+v", spent)
	}
}

func receiptOf(t testing.TB, r x402.SettlementResponse) func(http.ResponseWriter, *x402.PaymentPayload) {
	return func(w http.ResponseWriter, _ *x402.PaymentPayload) {
		r.Network = shoptest.Net.Client.Network()
		header, err := x402.EncodeHeader(&r)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set(x402.HeaderPaymentResponse, header)
		fmt.Fprint(w, "the page")
	}
}

func TestATransferIsInTheBookBeforeAnybodyHasIt(t *testing.T) {
	o := wallet(t)
	var before agent.Spent
	k := newTaker(t, func(w http.ResponseWriter, _ *x402.PaymentPayload) { before = budgetOf(t, o) })
	if _, _, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url}); err != nil {
		t.Fatal(err)
	}
	if before.InDoubt != price || before.Total != price {
		t.Errorf("when the payment came the book had %+v", before)
	}
}

func TestWhatIsInDoubtCountsAgainstTheBudget(t *testing.T) {
	k := newTaker(t, func(w http.ResponseWriter, _ *x402.PaymentPayload) { w.WriteHeader(http.StatusInternalServerError) })
	o := wallet(t)
	o.Policy.PerDay = 3*price - 1
	for i := range 4 {
		_, _, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url})
		var forbidden *agent.PolicyError
		if isRefused := errors.As(err, &forbidden) && forbidden.Code == agent.CodeBudgetExhausted; isRefused != (i >= 2) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if n := k.nonces(); n != 2 {
		t.Errorf("%d transfers were signed", n)
	}
}
