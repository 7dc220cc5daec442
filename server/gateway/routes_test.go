package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// backend is an HTTP service that is sold by routes.
func backend(t testing.TB) (*httptest.Server, *counter) {
	t.Helper()
	served := &counter{}
	mux := http.NewServeMux()
	mux.HandleFunc("/items/{id}", func(w http.ResponseWriter, r *http.Request) {
		served.add(1)
		w.Header().Set("X-Served", "yes")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "item %s?%s auth=%q paid=%q key=%q", r.PathValue("id"), r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get(x402.HeaderPaymentSignature), r.Header.Get("X-Key"))
	})
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		served.add(1)
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, r *http.Request) {
		served.add(1)
		http.Error(w, "broken", http.StatusInternalServerError)
	})
	mux.HandleFunc("/huge", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(w, neverEnding{}, onhttp.MaxSoldAnswer+1)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("ten bytes."))
		panic(http.ErrAbortHandler)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s, served
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

// walker pays for plain HTTP by hand.
type walker struct {
	t      testing.TB
	s      *selling
	key    keys.Signer
	terms  x402.Requirements
	domain *vouchers.Domain
	config vouchers.ChannelConfig
	id     vouchers.ChannelID
}

// newWalker takes the terms of a path.
func newWalker(t testing.TB, s *selling, path string) *walker {
	t.Helper()
	w := &walker{t: t, s: s, key: shoptest.Payer(t, "walker")}
	resp := w.do(http.MethodGet, path, "", nil)
	required, err := x402.DecodeHeader[x402.PaymentRequired](resp.head.Get(x402.HeaderPaymentRequired))
	if err != nil || resp.status != http.StatusPaymentRequired {
		t.Fatalf("without a payment: %d, %v", resp.status, err)
	}
	w.terms = required.Accepts[0]
	w.domain = vouchers.NewDomain(vouchers.Deployment{ChainID: shoptest.Net.Client.ChainID(), Escrow: *w.terms.Extra.Escrow})
	w.config = vouchers.ChannelConfig{
		Payer: w.key.Address(), PayerAuthorizer: w.key.Address(), Receiver: w.terms.PayTo,
		ReceiverAuthorizer: w.terms.Extra.ReceiverAuthorizer, Token: w.terms.Asset, WithdrawDelay: w.terms.Extra.WithdrawDelay,
	}
	w.id = w.domain.ChannelID(w.config)
	return w
}

// reply is an answer that was read.
type reply struct {
	status int
	head   http.Header
	body   string
}

func (w *walker) do(method, path, body string, payment *x402.PaymentPayload) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.s.base+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if payment != nil {
		header, err := x402.EncodeHeader(payment)
		if err != nil {
			w.t.Fatal(err)
		}
		req.Header.Set(x402.HeaderPaymentSignature, header)
	}
	return send(w.t, req)
}

func send(t testing.TB, req *http.Request) reply {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(raw)}
}

func (w *walker) sign(ceiling vouchers.Amount) x402.SignedVoucher {
	w.t.Helper()
	signature, err := w.key.SignHash(w.t.Context(), w.domain.VoucherDigest(vouchers.Voucher{Channel: w.id, Ceiling: ceiling}))
	if err != nil {
		w.t.Fatal(err)
	}
	return x402.SignedVoucher{ChannelID: w.id, MaxClaimableAmount: ceiling, Signature: signature}
}

func (w *walker) pays(ceiling vouchers.Amount) *x402.PaymentPayload {
	return &x402.PaymentPayload{Accepted: w.terms, Payload: &x402.VoucherPayload{ChannelConfig: w.config, Voucher: w.sign(ceiling)}}
}

func (w *walker) deposits(amount, ceiling vouchers.Amount) *x402.PaymentPayload {
	w.t.Helper()
	token, err := funding.ReadToken(w.t.Context(), shoptest.Net.Client, w.terms.Asset)
	if err != nil {
		w.t.Fatal(err)
	}
	head, err := shoptest.Net.Client.Header(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	d := funding.Deposit{Config: w.config, Amount: amount, ValidBefore: head.Time + 3600, Salt: funding.NewNonce()}
	if err := d.Sign(w.t.Context(), w.key, token, escrow.Own.Collectors.EIP3009, w.id); err != nil {
		w.t.Fatal(err)
	}
	authorization := &x402.Erc3009Authorization{ValidAfter: d.ValidAfter, ValidBefore: d.ValidBefore, Salt: d.Salt, Signature: d.Signature}
	return &x402.PaymentPayload{Accepted: w.terms, Payload: &x402.DepositPayload{
		ChannelConfig: w.config, Voucher: w.sign(ceiling), Deposit: x402.Deposit{Amount: amount, Authorization: x402.Authorization{Erc3009: authorization}},
	}}
}

// receipt is the SettlementResponse of an answer, which must have one.
func (w *walker) receipt(r reply) *x402.SettlementResponse {
	w.t.Helper()
	response, err := x402.DecodeHeader[x402.SettlementResponse](r.head.Get(x402.HeaderPaymentResponse))
	if err != nil {
		w.t.Fatalf("no receipt with status %d, %s: %v", r.status, r.body, err)
	}
	return response
}

// code is why a request was refused.
func (w *walker) code(r reply) x402.ErrorCode {
	w.t.Helper()
	required, err := x402.DecodeHeader[x402.PaymentRequired](r.head.Get(x402.HeaderPaymentRequired))
	if err != nil || r.status != http.StatusPaymentRequired {
		w.t.Fatalf("not refused: status %d, %s, %v", r.status, r.body, err)
	}
	return required.Error
}

const routePrice = 2_000

func routes(t testing.TB) (*selling, *counter) {
	t.Helper()
	service, served := backend(t)
	return sell(t, fmt.Sprintf(`
routes:
  - {path: "/v1/item/{id}", upstream: "%[1]s/items/{id}", price: 0.002, headers: {X-Key: k3y}, description: an item, mimeType: text/plain}
  - {path: /echo, method: POST, upstream: "%[1]s", price: 0.002}
  - {path: /broken, upstream: "%[1]s", price: 0.002}
  - {path: /huge, upstream: "%[1]s", price: 0.002}
  - {path: /cut, upstream: "%[1]s", price: 0.002}
  - {path: /gone, upstream: "http://127.0.0.1:1", price: 0.002}
  - {path: /free/item, upstream: "%[1]s/items/free", price: 0}
`, service.URL)), served
}

func TestARouteIsPaidByADepositThenByVouchers(t *testing.T) {
	s, served := routes(t)
	w := newWalker(t, s, "/v1/item/7")
	if w.terms.Amount != routePrice {
		t.Errorf("the price is %s", w.terms.Amount)
	}
	first := w.do(http.MethodGet, "/v1/item/7?a=b%20c", "", w.deposits(usdc, routePrice))
	want := `item 7?a=b%20c auth="" paid="" key="k3y"`
	if first.status != http.StatusCreated || first.body != want || first.head.Get("X-Served") != "yes" {
		t.Errorf("answered %d, %q, want %q", first.status, first.body, want)
	}
	receipt := w.receipt(first)
	if *receipt.Amount != usdc || *receipt.Extra.ChargedAmount != routePrice || receipt.Transaction == "" {
		t.Errorf("the receipt is %+v", receipt)
	}
	second := w.do(http.MethodPost, "/echo", "a body", w.pays(2*routePrice))
	if second.status != http.StatusOK || second.body != "a body" || *w.receipt(second).Extra.ChannelState.ChargedCumulativeAmount != 2*routePrice {
		t.Errorf("answered %+v", second)
	}
	if free := w.do(http.MethodGet, "/free/item", "", nil); free.status != http.StatusCreated {
		t.Errorf("a free route answers %+v", free)
	}
	if served.value() != 3 || s.charged() != 2*routePrice {
		t.Errorf("served %d, charged %d", served.value(), s.charged())
	}
}

func TestAReplayIsAnsweredOnceAndNeverSoldTwice(t *testing.T) {
	s, served := routes(t)
	w := newWalker(t, s, "/v1/item/7")
	payment := w.deposits(usdc, routePrice)
	first := w.do(http.MethodGet, "/v1/item/7", "", payment)
	if again := w.do(http.MethodGet, "/v1/item/7", "", payment); again.status != first.status || again.body != first.body || again.head.Get("X-Served") != "yes" {
		t.Errorf("the same again is answered %+v, not %+v", again, first)
	}
	if other := w.do(http.MethodGet, "/v1/item/8", "", w.pays(routePrice)); w.code(other) != x402.ErrCumulativeAmountMismatch {
		t.Errorf("another request under the same voucher is refused with %s", w.code(other))
	}
	if served.value() != 1 || s.charged() != routePrice {
		t.Errorf("served %d, charged %d", served.value(), s.charged())
	}
}

func TestAnAnswerThatFailsIsNotCharged(t *testing.T) {
	s, _ := routes(t)
	w := newWalker(t, s, "/broken")
	broken := w.do(http.MethodGet, "/broken", "", w.deposits(usdc, routePrice))
	if receipt := w.receipt(broken); broken.status != http.StatusInternalServerError || broken.body != "broken\n" || *receipt.Amount != usdc || *receipt.Extra.ChargedAmount != 0 {
		t.Errorf("the failure became %d, %q with %+v", broken.status, broken.body, receipt)
	}
	for _, path := range []string{"/cut", "/gone", "/huge"} {
		if r := w.do(http.MethodGet, path, "", w.pays(routePrice)); r.status != http.StatusBadGateway || !strings.Contains(r.body, "not charged") {
			t.Errorf("%s answers %d, %q", path, r.status, r.body)
		}
	}
	if s.charged() != 0 {
		t.Errorf("charged %d", s.charged())
	}
}

func TestAnAnswerWhoseChargeIsNotDurableIsWithheld(t *testing.T) {
	var s *selling
	goods := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := s.shop.Store.Close(); err != nil { // stands for a disk that is gone
			t.Error(err)
		}
		_, _ = w.Write([]byte("the goods"))
	}))
	t.Cleanup(goods.Close)
	s = sell(t, fmt.Sprintf("routes:\n- {path: /a, upstream: %q, price: 0.002}\n", goods.URL))
	s.ill = true
	w := newWalker(t, s, "/a")
	r := w.do(http.MethodGet, "/a", "", w.deposits(usdc, routePrice))
	if r.status != http.StatusServiceUnavailable || strings.Contains(r.body, "goods") || !strings.Contains(r.body, "withheld") || r.head.Get(x402.HeaderPaymentResponse) != "" || r.head.Get("Chit-Withheld") == "" {
		t.Errorf("answered %+v", r)
	}
	resp, err := http.Get(s.base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the health is %d", resp.StatusCode)
	}
}

func TestABadPaymentOfARouteIsRefusedOrMalformed(t *testing.T) {
	s, served := routes(t)
	w := newWalker(t, s, "/v1/item/7")
	if none := w.do(http.MethodGet, "/v1/item/7", "", nil); w.code(none) != x402.ErrPaymentRequired || none.head.Get("Content-Type") != "application/json" {
		t.Errorf("without a payment: %+v", none)
	}
	if poor := w.do(http.MethodGet, "/v1/item/7", "", w.pays(routePrice)); w.code(poor) != x402.ErrChannelNotFound {
		t.Errorf("without a channel: %s", w.code(poor))
	}
	cheap := w.deposits(usdc, routePrice)
	cheap.Accepted.Amount = 1
	if r := w.do(http.MethodGet, "/v1/item/7", "", cheap); w.code(r) != x402.ErrCumulativeAmountMismatch {
		t.Errorf("at another price: %s", w.code(r))
	}
	for name, header := range map[string][]string{
		"no base64": {"!!!"}, "no JSON": {"aGVsbG8="}, "nothing": {""}, "two": {"e30=", "e30="}, "no payment": {"e30="},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/v1/item/7", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header[http.CanonicalHeaderKey(x402.HeaderPaymentSignature)] = header
		if r := send(t, req); r.status != http.StatusBadRequest {
			t.Errorf("%s is answered %d, %s", name, r.status, r.body)
		}
	}
	if served.value() != 0 || s.charged() != 0 {
		t.Errorf("served %d, charged %d", served.value(), s.charged())
	}
}

func TestARefundComesOverHTTP(t *testing.T) {
	s, _ := routes(t)
	w := newWalker(t, s, "/v1/item/7")
	w.do(http.MethodGet, "/v1/item/7", "", w.deposits(usdc, routePrice))
	back := &x402.PaymentPayload{Accepted: w.terms, Payload: &x402.RefundPayload{ChannelConfig: w.config, Voucher: w.sign(routePrice)}}
	r := w.do(http.MethodGet, "/v1/item/7", "", back)
	if receipt := w.receipt(r); r.status != http.StatusOK || *receipt.Amount != usdc-routePrice || receipt.Transaction == "" {
		t.Errorf("refunded %+v with %d", receipt, r.status)
	}
}

func TestAWildcardDoesNotLeadOutOfItsPlace(t *testing.T) {
	s, served := routes(t)
	w := &walker{t: t, s: s}
	for _, path := range []string{"/v1/item/%2e%2e", "/v1/item/%2E"} {
		if r := w.do(http.MethodGet, path, "", nil); r.status == http.StatusOK || r.status == http.StatusCreated || r.status == http.StatusPaymentRequired {
			t.Errorf("%s is answered %d", path, r.status)
		}
	}
	if served.value() != 0 {
		t.Errorf("served %d", served.value())
	}
}
