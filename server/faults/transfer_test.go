package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

const pagePrice = vouchers.Amount(2_000)

// pages is a world whose shop sells a page by transfers.
type pages struct {
	*world
	url    string
	served atomic.Int64
	log    *log
	wallet keys.Signer
}

// log is what a shop has said.
type log struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

// sellsPages is a chain with a shop, and a wallet that knows no channels.
func sellsPages(t *testing.T, change func(*server.Options)) *pages {
	t.Helper()
	p := &pages{world: newChain(t), log: new(log), wallet: keys.Dev(5)}
	p.options.Accept = offer.Accept{offer.Exact}
	p.options.Prices = server.Prices{"*": server.Free}
	p.options.Logger = slog.New(slog.NewTextHandler(p.log, nil))
	if change != nil {
		change(&p.options)
	}
	if err := p.net.Mint(t.Context(), p.wallet.Address(), usdc); err != nil {
		t.Fatal(err)
	}
	p.open()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.served.Add(1)
		_, _ = io.WriteString(w, "the page")
	})
	web := httptest.NewServer(p.shop.SellHTTP(server.HTTPOffer{Name: "page", Price: func() vouchers.Amount { return pagePrice }})(page))
	t.Cleanup(web.Close)
	p.url = web.URL + "/page"
	return p
}

// get asks for the page with a payment, which may be empty.
func (p *pages) get(payment string) (*http.Response, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if payment != "" {
		req.Header.Set(x402.HeaderPaymentSignature, payment)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, string(body)
}

// pays is a signed transfer for the page.
func (p *pages) pays() string {
	p.t.Helper()
	resp, _ := p.get("")
	required, err := x402.DecodeHeader[x402.PaymentRequired](resp.Header.Get(x402.HeaderPaymentRequired))
	if err != nil || len(required.Accepts) == 0 {
		p.t.Fatalf("the terms are %+v, %v", required, err)
	}
	r := required.Accepts[0]
	order := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: p.net.Client.ChainID(), Token: r.Asset, From: p.wallet.Address(), To: r.PayTo,
		Value: r.Amount, ValidBefore: uint64(time.Now().Unix()) + r.MaxTimeoutSeconds, Nonce: transfer.NewNonce(),
	}
	if err := order.Sign(p.t.Context(), p.wallet, p.token); err != nil {
		p.t.Fatal(err)
	}
	header, err := x402.EncodeHeader(&x402.PaymentPayload{Accepted: r, Payload: &x402.AuthorizationPayload{
		Signature: order.Signature,
		Authorization: x402.TransferAuthorization{
			From: order.From, To: order.To, Value: order.Value, ValidBefore: order.ValidBefore, Nonce: order.Nonce,
		},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	return header
}

// answered asks with a payment until the page comes.
func (p *pages) answered(payment string) {
	p.t.Helper()
	until(p.t, "the answer", func() bool {
		resp, body := p.get(payment)
		return resp.StatusCode == http.StatusOK && body == "the page"
	})
}

// once holds that the page was made once and paid once.
func (p *pages) once(fault string) {
	p.t.Helper()
	if got := p.received(); got != pagePrice || p.served.Load() != 1 {
		p.t.Errorf("%s: the page was made %d times, and %s were paid", fault, p.served.Load(), got)
	}
	if !p.t.Failed() {
		fmt.Printf("fault  %-58s %s paid once, one answer\n", "a transfer: "+fault, p.received())
	}
}

func TestFaultsOfTheWayOfATransfer(t *testing.T) {
	t.Parallel()
	p := sellsPages(t, func(o *server.Options) { o.Exact.Wait = 300 * time.Millisecond })
	payment := p.pays()
	var away atomic.Bool
	var cut atomic.Int64
	p.proxy.watches(func(method string, sent bool) {
		if method == "eth_sendRawTransaction" && sent {
			cut.Add(1)
			away.Store(true)
		}
		if away.Load() {
			panic(http.ErrAbortHandler)
		}
	})
	resp, body := p.get(payment)
	if resp.StatusCode == http.StatusOK || !strings.Contains(body, "send the same payment again") || cut.Load() == 0 {
		t.Errorf("while nobody hears of the transfer it is answered %d: %s; %d answers were cut", resp.StatusCode, body, cut.Load())
	}
	if got := p.received(); got != pagePrice {
		t.Errorf("the chain has moved %s", got)
	}
	away.Store(false)
	p.proxy.watches(nil)
	p.answered(payment)
	p.once("the chain takes it, and the answer is cut")
}

func TestFaultsOfTheChainsHistoryOfATransfer(t *testing.T) {
	t.Parallel()
	p := sellsPages(t, nil)
	payment := p.pays()
	p.answered(payment)
	p.control(nil, "anvil_reorg", 1, []any{})
	until(t, "the alarm", func() bool { return p.log.has("a reorganization has taken back a transfer that was answered") })
	until(t, "the transfer", func() bool { return p.received() == pagePrice })
	p.answered(payment)
	var reorged uint64
	for _, stats := range p.shop.Transfers() {
		reorged += stats.Reorged
	}
	if reorged != 1 {
		t.Errorf("%d transfers were taken back", reorged)
	}
	p.once("it is reorganized out after its answer left")
}
