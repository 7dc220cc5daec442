package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// mask lies between buyers and a gateway, and names another host to it in every request, in
// every way there is. It remembers what was said last.
type mask struct {
	t testing.TB

	mu     sync.Mutex               // guards what follows
	terms  *x402.PaymentRequired    // of the last refusal
	paid   *x402.PaymentPayload     // of the last request with a payment
	answer *x402.SettlementResponse // to it
	signed *receipts.Signed         // of the last answer with a receipt
}

func newMask(t testing.TB, gateway string) (*mask, string) {
	to, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	m := &mask{t: t}
	s := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.URL.Path = strings.TrimPrefix(p.Out.URL.Path, "/api")
			p.Out.Host = "bank.example"
			for name, value := range map[string]string{"X-Forwarded-Host": "bank.example", "X-Forwarded-Proto": "https", "Forwarded": "host=bank.example;proto=https", "X-Original-URL": "https://bank.example/"} {
				p.Out.Header.Set(name, value)
			}
			m.askForReceipt(p.Out.Header)
		},
		ModifyResponse: m.heard,
	})
	t.Cleanup(s.Close)
	return m, s.URL
}

// askForReceipt makes a payment ask for the receipt of the extension, as stock buyers do.
func (m *mask) askForReceipt(h http.Header) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var paid *x402.PaymentPayload
	if said(m.t, h.Get(x402.HeaderPaymentSignature), of[x402.PaymentPayload], &paid); paid == nil {
		return
	}
	paid.Extensions = extension.AnnounceReceipts(paid.Extensions)
	header, err := x402.EncodeHeader(paid)
	if err != nil {
		m.t.Error(err)
	}
	h.Set(x402.HeaderPaymentSignature, header)
	m.paid = paid
}

func (m *mask) heard(r *http.Response) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	said(m.t, r.Header.Get(x402.HeaderPaymentRequired), of[x402.PaymentRequired], &m.terms)
	said(m.t, r.Header.Get(x402.HeaderPaymentResponse), of[x402.SettlementResponse], &m.answer)
	said(m.t, r.Header.Get(onhttp.HeaderReceipt), receipts.ParseHeader, &m.signed)
	return nil
}

func of[T x402.Document](header string) (*T, error) { return x402.DecodeHeader[T](header) }

// said reads a header, if it is there.
func said[T any](t testing.TB, header string, read func(string) (*T, error), to **T) {
	if header == "" {
		return
	}
	value, err := read(header)
	if err != nil {
		t.Error(err)
		return
	}
	*to = value
}

// payer is who signed the last payment, and seller who must sign for it.
func (m *mask) payer() (signer, seller common.Address) {
	m.t.Helper()
	var config vouchers.ChannelConfig
	switch payload := m.paid.Payload.(type) {
	case *x402.DepositPayload:
		config = payload.ChannelConfig
	case *x402.VoucherPayload:
		config = payload.ChannelConfig
	default:
		m.t.Fatalf("the payment is %T", payload)
	}
	return config.VoucherSigner(), config.ReceiverAuthorizer
}

// attested is the receipt of the extension offer-receipt, which seller has signed.
func (m *mask) attested(seller common.Address) extension.ServiceReceipt {
	m.t.Helper()
	extension := decode[struct {
		Info struct {
			Receipt struct {
				Payload   extension.ServiceReceipt
				Signature vouchers.Signature
			}
		}
	}](m.t, string(m.answer.Extensions[extension.NameOfferReceipt]))
	receipt := extension.Info.Receipt
	if by, err := vouchers.Recover(receipt.Payload.Digest(), receipt.Signature); err != nil || by != seller {
		m.t.Errorf("the receipt of the service is signed by %s, %v, want %s", by, err, seller)
	}
	return receipt.Payload
}

// check holds what was offered and signed against the place that is sold.
func (m *mask) check(place string) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	signer, seller := m.payer()
	if err := m.signed.Check(seller); err != nil {
		m.t.Errorf("the receipt: %v", err)
	}
	service := m.attested(seller)
	if got := [3]string{m.terms.Resource.URL, m.signed.Resource, service.ResourceURL}; got != [3]string{place, place, place} {
		m.t.Errorf("the offer and the receipts name %q, want %q", got, place)
	}
	if want := (extension.ServiceReceipt{Version: 1, Network: m.signed.Network, ResourceURL: place, Payer: signer.Hex(), IssuedAt: m.signed.IssuedAt}); service != want {
		m.t.Errorf("signed is %+v, want %+v", service, want)
	}
}

func TestThePlaceInAConfigIsWhatIsSignedWhateverHostABuyerNames(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "news") }))
	t.Cleanup(web.Close)
	h.editProfile(t, func(text string) string { return text + "baseURL: https://tools.example\n" })
	for _, c := range []struct{ name, line, below, place string }{
		{"the gateway's comes first", "baseURL: https://Shop.example/api/\n", "/api", "https://shop.example/api/page"},
		{"else the profile's", "", "", "https://tools.example/page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := freeAddress(t)
			file := config(t, fmt.Sprintf("listen: %s\nhosts: ['*']\n%sroutes:\n- {path: /page, upstream: '%s', price: 0.01}\n", address, c.line, web.URL))
			gateway := h.start(t, "selling on", "gateway", "--config", file)
			m, shop := newMask(t, "http://"+address)
			shop += c.below
			if out := h.ok(t, "pay-url", shop+"/page?for=me", "--deposit", "1"); out != "news" {
				t.Errorf("with a deposit the page is %q", out)
			}
			m.check(c.place)
			if out := h.ok(t, "pay-url", "--stock", shop+"/page"); out != "news" {
				t.Errorf("the page is %q", out)
			}
			m.check(c.place)
			m.payOnCredit(strings.TrimSpace(h.ok(t, "credit", "grant", "--server="+shop+"/mcp", "--budget", "0.1")), shop+"/page", c.place)
			if out := h.ok(t, "receipts", "fetch", "--server="+shop+"/mcp"); !strings.HasPrefix(out, "1 receipts came") {
				t.Errorf("fetching the token's receipt says %q", out)
			}
			for _, side := range [][]string{nil, {"--seller"}} {
				for _, r := range decode[[]receipts.Signed](t, h.ok(t, append([]string{"receipts", "list", "--json", "--since", "1h"}, side...)...)) {
					if strings.Contains(r.Resource, "bank.example") {
						t.Errorf("%v keep a receipt for %q", side, r.Resource)
					}
				}
			}
			gateway.interrupt(t)
		})
	}
}

// payOnCredit gets a page with a token alone.
func (m *mask) payOnCredit(token, page, place string) {
	m.t.Helper()
	r, err := http.NewRequest(http.MethodGet, page, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	receipt, err := receipts.ParseHeader(resp.Header.Get(onhttp.HeaderReceipt))
	if err != nil {
		m.t.Fatalf("on credit: %s, %v", resp.Status, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, seller := m.payer()
	if err := receipt.Check(seller); err != nil || receipt.Resource != place {
		m.t.Errorf("on credit the receipt is for %q, %v, want %q", receipt.Resource, err, place)
	}
}
