package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/parquet-go/parquet-go"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/archive"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/mpp"
)

const pagePrice = vouchers.Amount(2_000)

// pageShop sells a page by transfers.
type pageShop struct {
	*server.Shop
	url  string
	runs atomic.Int64
	body func(run byte) []byte // where it is there, the page beside its text
	hold chan struct{}         // where it is there, a request sends when it runs, and waits for one back
}

func openPages(t *testing.T, change func(*server.Options)) *pageShop {
	t.Helper()
	o := shoptest.Options(t)
	o.Prices = server.Prices{"*": server.Free}
	o.Accept = offer.Accept{offer.BatchSettlement, offer.Exact}
	if change != nil {
		change(&o)
	}
	shop, err := server.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p := &pageShop{Shop: shop}
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.runs.Add(1)
		if p.hold != nil {
			p.hold <- struct{}{} // it runs
			<-p.hold
		}
		_, _ = io.WriteString(w, "the page")
		if p.body != nil {
			_, _ = w.Write(p.body(byte(p.runs.Load())))
		}
	})
	web := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "page", Price: func() vouchers.Amount { return pagePrice }})(page))
	t.Cleanup(func() {
		web.Close()
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	p.url = web.URL + "/page"
	return p
}

// get asks for the page with a header.
func (p *pageShop) get(t testing.TB, name, value string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name != "" {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// required are the terms that the page is answered with.
func (p *pageShop) required(t testing.TB) *x402.PaymentRequired {
	t.Helper()
	resp, _ := p.get(t, "", "")
	required, err := x402.DecodeHeader[x402.PaymentRequired](resp.Header.Get(x402.HeaderPaymentRequired))
	if err != nil {
		t.Fatal(err)
	}
	return required
}

// entry are the terms of a scheme, pulled in a way; nil if there are none.
func entry(required *x402.PaymentRequired, scheme, method string) *x402.Requirements {
	for i, r := range required.Accepts {
		if r.Is(scheme) && r.Extra.AssetTransferMethod == method {
			return &required.Accepts[i]
		}
	}
	return nil
}

// wallet is a stranger's, which knows no channels.
type wallet struct {
	keys.Signer
	token funding.Token
}

func newWallet(t testing.TB, name string, has vouchers.Amount) *wallet {
	t.Helper()
	w := &wallet{Signer: shoptest.Key(t, name)}
	if has > 0 {
		if err := shoptest.Net.Mint(t.Context(), w.Address(), has); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if w.token, err = funding.ReadToken(t.Context(), shoptest.Net.Client, shoptest.Net.Token); err != nil {
		t.Fatal(err)
	}
	return w
}

// signs is a transfer for terms by EIP-3009, by the clock that is ahead: other tests have moved the
// chain's.
func (w *wallet) signs(t testing.TB, r *x402.Requirements) transfer.Transfer {
	t.Helper()
	head, err := shoptest.Net.Client.Header(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	order := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: shoptest.Net.Client.ChainID(), Token: r.Asset, From: w.Address(), To: r.PayTo,
		Value: r.Amount, ValidBefore: max(uint64(time.Now().Unix()), head.Time) + r.MaxTimeoutSeconds, Nonce: transfer.NewNonce(),
	}
	if err := order.Sign(t.Context(), w, w.token); err != nil {
		t.Fatal(err)
	}
	return order
}

func paying(t testing.TB, r *x402.Requirements, order transfer.Transfer) string {
	t.Helper()
	return payingWith(t, r, order, nil)
}

func payingWith(t testing.TB, r *x402.Requirements, order transfer.Transfer, extensions x402.Extensions) string {
	t.Helper()
	header, err := x402.EncodeHeader(&x402.PaymentPayload{Accepted: *r, Extensions: extensions, Payload: &x402.AuthorizationPayload{
		Signature: order.Signature,
		Authorization: x402.TransferAuthorization{
			From: order.From, To: order.To, Value: order.Value, ValidAfter: order.ValidAfter, ValidBefore: order.ValidBefore, Nonce: order.Nonce,
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func (w *wallet) balance(t testing.TB) vouchers.Amount {
	t.Helper()
	has, err := w.token.Balance(t.Context(), shoptest.Net.Client, w.Address())
	if err != nil {
		t.Fatal(err)
	}
	return has
}

func TestManyReplaysOfOneTransferAreOneDeliveryAndOneTransfer(t *testing.T) {
	p := openPages(t, nil)
	w := newWallet(t, "wallet", 10*pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	payment := paying(t, r, w.signs(t, r))
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			resp, body := p.get(t, x402.HeaderPaymentSignature, payment)
			if resp.StatusCode != http.StatusOK || body != "the page" {
				t.Errorf("answered %d: %s", resp.StatusCode, body)
			}
		})
	}
	all.Wait()
	if left := w.balance(t); p.runs.Load() != 1 || left != 9*pagePrice {
		t.Errorf("%d runs, and %s left of %s", p.runs.Load(), left, 10*pagePrice)
	}
}

func TestATransferSaysItsTransactionAndHasAReceipt(t *testing.T) {
	p := openPages(t, nil)
	w := newWallet(t, "wallet", pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	resp, _ := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r)))
	told, err := x402.DecodeHeader[x402.SettlementResponse](resp.Header.Get(x402.HeaderPaymentResponse))
	if err != nil || !told.Success || told.Payer != w.Address() || told.Amount == nil || *told.Amount != pagePrice {
		t.Fatalf("the receipt is %+v, %v", told, err)
	}
	mined, err := shoptest.Net.Client.Receipt(t.Context(), common.HexToHash(told.Transaction))
	if err != nil || mined == nil {
		t.Errorf("transaction %s: %v, %v", told.Transaction, mined, err)
	}
	if resp.Header.Get("Chit-Receipt") == "" {
		t.Error("no signed receipt")
	}
}

// sendBy has somebody send a transfer.
func sendBy(t testing.TB, name string, order transfer.Transfer) {
	t.Helper()
	calls, err := order.Calls(transfer.ByKey, order.Value)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := txmgr.NewSender(t.Context(), shoptest.Net.Client, shoptest.Payer(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if _, err := sender.Send(t.Context(), txmgr.Call{To: calls[0].To, Data: calls[0].Data}); err != nil {
		t.Fatal(err)
	}
}

func TestATransferThatSomebodyElseSendsIsStillAPayment(t *testing.T) {
	p := openPages(t, nil)
	w := newWallet(t, "wallet", pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	order := w.signs(t, r)
	sendBy(t, "stranger", order)
	payment := paying(t, r, order)
	for range 2 {
		if resp, body := p.get(t, x402.HeaderPaymentSignature, payment); resp.StatusCode != http.StatusOK {
			t.Errorf("answered %d: %s", resp.StatusCode, body)
		}
	}
	if p.runs.Load() != 1 {
		t.Errorf("%d runs for one transfer", p.runs.Load())
	}
}

func TestOneTransferBuysAtOneOfTwoShops(t *testing.T) {
	payTo := shoptest.Key(t, "payee").Address()
	first, second := shoptest.Payer(t, "first shop"), shoptest.Payer(t, "second shop")
	open := func(own, other keys.Signer) *pageShop {
		return openPages(t, func(o *server.Options) {
			o.Key, o.PayTo, o.KeyFolder = own, payTo, ""
			o.Exact.Siblings = []common.Address{other.Address()}
		})
	}
	shops := []*pageShop{open(first, second), open(second, first)}
	w := newWallet(t, "wallet", 10*pagePrice)
	for range 4 {
		r := entry(shops[0].required(t), x402.SchemeExact, "")
		payment := paying(t, r, w.signs(t, r))
		var sold atomic.Int64
		var all sync.WaitGroup
		for _, shop := range shops {
			all.Go(func() {
				if resp, _ := shop.get(t, x402.HeaderPaymentSignature, payment); resp.StatusCode == http.StatusOK {
					sold.Add(1)
				}
			})
		}
		all.Wait()
		if sold.Load() != 1 {
			t.Errorf("one transfer has bought %d pages", sold.Load())
		}
	}
}

func TestTrustEndsWithTheFirstTransferThatFails(t *testing.T) {
	p := openPages(t, func(o *server.Options) {
		o.Exact.Trust = exact.Trust{PerPayer: 5 * pagePrice, Total: 10 * pagePrice}
	})
	w := newWallet(t, "wallet", 3*pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	order := w.signs(t, r)
	p.hold = make(chan struct{})
	answered := make(chan int)
	go func() {
		resp, _ := p.get(t, x402.HeaderPaymentSignature, paying(t, r, order))
		answered <- resp.StatusCode
	}()
	<-p.hold
	other := order // with the same nonce
	other.To = w.Address()
	if err := other.Sign(t.Context(), w, w.token); err != nil {
		t.Fatal(err)
	}
	sendBy(t, "stranger", other)
	p.hold <- struct{}{}
	if status := <-answered; status != http.StatusOK {
		t.Fatalf("who is trusted is answered %d", status)
	}
	p.hold = nil
	for deadline := time.Now().Add(30 * time.Second); ; {
		resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r)))
		if resp.StatusCode == http.StatusPaymentRequired && strings.Contains(body, "was trusted with") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("who has not paid is answered %d: %s", resp.StatusCode, body)
		}
	}
	if debts := p.Debts(); len(debts) != 1 || debts[0] != (exact.Debt{Payer: w.Address(), Amount: pagePrice}) {
		t.Errorf("the debts are %+v", debts)
	}
	if _, err := p.Forgive(t.Context(), w.Address()); err != nil {
		t.Fatal(err)
	}
	if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r))); resp.StatusCode != http.StatusOK || len(p.Debts()) != 0 {
		t.Errorf("who is forgiven is answered %d: %s", resp.StatusCode, body)
	}
}

func TestWhoSeesATransferOnTheChainGetsNoAnswerUnderAnIdentifier(t *testing.T) {
	p := openPages(t, nil)
	w := newWallet(t, "wallet", pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	order := w.signs(t, r)
	extensions, err := extension.WithPaymentIdentifier(nil, "pay_known_to_two_alone")
	if err != nil {
		t.Fatal(err)
	}
	own := payingWith(t, r, order, extensions)
	for range 2 {
		if resp, body := p.get(t, x402.HeaderPaymentSignature, own); resp.StatusCode != http.StatusOK {
			t.Errorf("the payer is answered %d: %s", resp.StatusCode, body)
		}
	}
	if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, order)); resp.StatusCode != http.StatusConflict || strings.Contains(body, "the page") {
		t.Errorf("somebody else is answered %d: %s", resp.StatusCode, body)
	}
}

func TestWithoutAnIdentifierAnAnswerIsGivenAgainForMinutes(t *testing.T) {
	var ahead atomic.Int64
	p := openPages(t, func(o *server.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	w := newWallet(t, "wallet", pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	payment := paying(t, r, w.signs(t, r))
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusPaymentRequired} {
		if resp, body := p.get(t, x402.HeaderPaymentSignature, payment); resp.StatusCode != want {
			t.Errorf("after %s it is answered %d: %s", time.Duration(ahead.Load()), resp.StatusCode, body)
		}
		ahead.Add(int64(6 * time.Minute))
	}
	if p.runs.Load() != 1 {
		t.Errorf("%d runs for one transfer", p.runs.Load())
	}
}

func TestWhatIsMeteredIsSoldByUptoAlone(t *testing.T) {
	o := shoptest.Options(t)
	o.Accept = offer.Accept{offer.Upto, offer.Exact}
	o.Prices, o.Rates = nil, server.Rates{"work": {Price: "0.002", Metered: true}}
	shop := shoptest.Open(t, o, func(tools *mcpserver.MCPServer) {
		tools.AddTool(mcp.NewTool("work"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			server.ReportCost(ctx, 700)
			return mcp.NewToolResultText("done"), nil
		})
	})
	r := shoptest.NewWire(t, 1).Terms(shop.URL, "work")
	if !r.Is(x402.SchemeUpto) || r.Amount != pagePrice {
		t.Fatalf("it is offered by %s at %s", r.Scheme, r.Amount)
	}
	w := newWallet(t, "wallet", pagePrice)
	order := transfer.Transfer{
		Method: transfer.Upto, ChainID: shoptest.Net.Client.ChainID(), Token: r.Asset, From: w.Address(), To: r.PayTo, Value: r.Amount,
		ValidBefore: uint64(time.Now().Unix()) + r.MaxTimeoutSeconds, Nonce: transfer.NewNonce(), Spender: transfer.UptoProxy, Facilitator: r.Extra.FacilitatorAddress,
	}
	if err := order.Sign(t.Context(), w, w.token); err != nil {
		t.Fatal(err)
	}
	if err := order.SignPermit(t.Context(), w, w.token, 0, order.ValidBefore); err != nil {
		t.Fatal(err)
	}
	payment := &x402.PaymentPayload{Accepted: r, Extensions: permitted(t, order), Payload: permit2Of(order)}
	paid := callMeta(t, shop.URL, "work", map[string]any{x402.MetaPayment: payment})
	if paid[x402.MetaPaymentResponse] == nil || w.balance(t) != pagePrice-700 {
		t.Errorf("answered %s, and %s are left of %s", paid, w.balance(t), pagePrice)
	}
}

func TestWhatIsNotWorthATransferIsNotOfferedByOne(t *testing.T) {
	p := openPages(t, func(o *server.Options) {
		o.Settlement.CoinPrice = 1_000_000 * shoptest.USDC
	})
	required := p.required(t)
	if r := entry(required, x402.SchemeExact, ""); r != nil {
		t.Errorf("%s is offered by exact", r.Amount)
	}
	if entry(required, x402.SchemeBatchSettlement, "") == nil {
		t.Error("it is not offered by batch-settlement")
	}
}

func TestASurchargeIsAskedOfTransfersAlone(t *testing.T) {
	p := openPages(t, func(o *server.Options) { o.Exact.Surcharge = 500 })
	required := p.required(t)
	if r := entry(required, x402.SchemeExact, ""); r.Amount != pagePrice+500 {
		t.Errorf("exact asks %s", r.Amount)
	}
	if r := entry(required, x402.SchemeBatchSettlement, ""); r.Amount != pagePrice {
		t.Errorf("batch-settlement asks %s", r.Amount)
	}
	w := newWallet(t, "wallet", pagePrice+500)
	r := entry(required, x402.SchemeExact, "")
	if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r))); resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d: %s", resp.StatusCode, body)
	}
}

func TestAShopThatTakesNoTransfersRefusesThem(t *testing.T) {
	taking := openPages(t, nil)
	r := entry(taking.required(t), x402.SchemeExact, "")
	p := openPages(t, func(o *server.Options) { o.Accept = nil })
	if other := entry(p.required(t), x402.SchemeExact, ""); other != nil {
		t.Errorf("it offers %+v", other)
	}
	w := newWallet(t, "wallet", pagePrice)
	resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r)))
	if resp.StatusCode != http.StatusPaymentRequired || !strings.Contains(body, string(x402.ErrScheme)) || w.balance(t) != pagePrice {
		t.Errorf("answered %d: %s", resp.StatusCode, body)
	}
}

func TestPermit2PaysWithoutGasOfThePayer(t *testing.T) {
	p := openPages(t, nil)
	w := newWallet(t, "wallet", pagePrice)
	r := entry(p.required(t), x402.SchemeExact, x402.TransferPermit2)
	order := transfer.Transfer{
		Method: transfer.Permit2, ChainID: shoptest.Net.Client.ChainID(), Token: r.Asset, From: w.Address(), To: r.PayTo, Value: r.Amount,
		ValidBefore: uint64(time.Now().Unix()) + r.MaxTimeoutSeconds, Nonce: transfer.NewNonce(), Spender: transfer.ExactProxy,
	}
	if err := order.Sign(t.Context(), w, w.token); err != nil {
		t.Fatal(err)
	}
	if err := order.SignPermit(t.Context(), w, w.token, 0, order.ValidBefore); err != nil {
		t.Fatal(err)
	}
	header, err := x402.EncodeHeader(&x402.PaymentPayload{Accepted: *r, Extensions: permitted(t, order), Payload: permit2Of(order)})
	if err != nil {
		t.Fatal(err)
	}
	if resp, body := p.get(t, x402.HeaderPaymentSignature, header); resp.StatusCode != http.StatusOK || w.balance(t) != 0 {
		t.Errorf("answered %d: %s; %s left", resp.StatusCode, body, w.balance(t))
	}
}

// permitted are the extensions with the token permit of a transfer.
func permitted(t testing.TB, order transfer.Transfer) x402.Extensions {
	t.Helper()
	extensions, err := extension.WithTokenPermit(nil, extension.TokenPermit{
		From: order.From, Asset: order.Token, Spender: funding.Permit2, Amount: order.Value.Big(), Nonce: new(big.Int).SetUint64(order.Permit.Nonce),
		Deadline: order.Permit.Deadline, Signature: order.Permit.Signature,
	})
	if err != nil {
		t.Fatal(err)
	}
	return extensions
}

func permit2Of(order transfer.Transfer) *x402.Permit2Payload {
	return &x402.Permit2Payload{Signature: order.Signature, Permit2Authorization: x402.TransferPermit{
		From: order.From, Permitted: x402.Permitted{Token: order.Token, Amount: order.Value}, Spender: order.Spender, Nonce: order.Nonce.Big(),
		Deadline: order.ValidBefore, Witness: x402.TransferWitness{To: order.To, Facilitator: order.Facilitator, ValidAfter: order.ValidAfter},
	}}
}

func TestMPPPaysForAPage(t *testing.T) {
	p := openPages(t, func(o *server.Options) { o.Accept = offer.Accept{offer.MPP} })
	w := newWallet(t, "wallet", pagePrice)
	resp, _ := p.get(t, "", "")
	challenges, err := mpp.ParseWWWAuthenticate(resp.Header.Values(mpp.HeaderChallenge))
	if err != nil || len(challenges) == 0 {
		t.Fatalf("%d challenges, %v", len(challenges), err)
	}
	credential := w.answers(t, &challenges[0])
	header, err := credential.Header()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		resp, body := p.get(t, mpp.HeaderCredential, header)
		receipt, err := mpp.ParseReceipt(resp.Header.Get(mpp.HeaderReceipt))
		if resp.StatusCode != http.StatusOK || body != "the page" || err != nil || len(receipt.Reference) != 66 {
			t.Errorf("answered %d: %s; the receipt is %+v, %v", resp.StatusCode, body, receipt, err)
		}
	}
	if p.runs.Load() != 1 || w.balance(t) != 0 {
		t.Errorf("%d runs, %s left", p.runs.Load(), w.balance(t))
	}
	garbage := "Payment " + base64.RawURLEncoding.EncodeToString([]byte("this is garbage"))
	if resp, _ := p.get(t, mpp.HeaderCredential, garbage); resp.StatusCode != http.StatusPaymentRequired || !strings.HasPrefix(resp.Header.Get(mpp.HeaderChallenge), mpp.Scheme+" ") {
		t.Errorf("garbage is answered %d with %q", resp.StatusCode, resp.Header.Get(mpp.HeaderChallenge))
	}
}

// answers is the signed credential for a challenge.
func (w *wallet) answers(t testing.TB, c *mpp.Challenge) *mpp.Credential {
	t.Helper()
	credential, err := c.Authorize(w.Address(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a := &credential.Authorization
	order := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: shoptest.Net.Client.ChainID(), Token: shoptest.Net.Token, From: a.From, To: a.To, Value: a.Value,
		ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Nonce: a.Nonce,
	}
	if err := order.Sign(t.Context(), w, w.token); err != nil {
		t.Fatal(err)
	}
	a.Signature = order.Signature
	return credential
}

func TestMPPPaysForATool(t *testing.T) {
	o := shoptest.Options(t)
	o.Accept = offer.Accept{offer.MPP, offer.BatchSettlement}
	shop := shoptest.Open(t, o)
	w := newWallet(t, "wallet", shoptest.USDC)
	refused := callMeta(t, shop.URL, "hash", nil)
	var required mpp.Required
	if err := json.Unmarshal(refused[mpp.MetaRequired], &required); err != nil || len(required.Challenges) == 0 {
		t.Fatalf("the refusal has %s: %v", refused[mpp.MetaRequired], err)
	}
	credential := w.answers(t, &required.Challenges[0])
	paid := callMeta(t, shop.URL, "hash", map[string]any{mpp.MetaCredential: credential})
	receipt, err := mpp.DecodeReceipt(paid[mpp.MetaReceipt])
	if err != nil || receipt.ChallengeID != required.Challenges[0].ID {
		t.Errorf("the receipt is %s, %v", paid[mpp.MetaReceipt], err)
	}
}

// callMeta calls a tool of a shop over HTTP and returns the result's _meta.
func callMeta(t testing.TB, url, tool string, meta map[string]any) map[string]json.RawMessage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	call, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": tool, "arguments": map[string]any{"text": "a"}, "_meta": meta,
	}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(call))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Result struct {
			Meta map[string]json.RawMessage `json:"_meta"`
		} `json:"result"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return answer.Result.Meta
}

func TestTheArchiveNamesWhoHasPaidByATransfer(t *testing.T) {
	p := openPages(t, nil)
	w := newWallet(t, "wallet", pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r))); resp.StatusCode != http.StatusOK {
		t.Fatalf("answered %d: %s", resp.StatusCode, body)
	}
	var file bytes.Buffer
	if err := p.WriteDay(t.Context(), p.HistorySpan().Last, &file); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[archive.Row](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || len(rows) != 1 || rows[0].Payer == nil || *rows[0].Payer != w.Address().Hex() {
		t.Errorf("the archive has %+v, %v", rows, err)
	}
}
