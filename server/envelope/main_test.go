package envelope_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// TestMain starts a chain that x402's first version has a name for.
func TestMain(m *testing.M) { shoptest.Main(m, "--chain-id", "84532") }

// pagePrice is what a page costs.
const pagePrice = vouchers.Amount(2_000)

// pageShop sells one page over HTTP.
type pageShop struct {
	url  string
	runs atomic.Int64
}

func openPages(t *testing.T, accept offer.Accept) *pageShop {
	t.Helper()
	o := shoptest.Options(t)
	o.Prices, o.Accept = server.Prices{"*": server.Free}, accept
	shop, err := server.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p := new(pageShop)
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.runs.Add(1)
		_, _ = io.WriteString(w, "the page")
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
	return answered(t, req)
}

func answered(t testing.TB, req *http.Request) (*http.Response, string) {
	t.Helper()
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

// callResult is what a call of a tool is answered with.
type callResult struct {
	Meta    map[string]json.RawMessage `json:"_meta"`
	IsError bool                       `json:"isError"`
	Content []struct{ Text string }    `json:"content"`
}

// callTool calls a tool of a shop over HTTP.
func callTool(t testing.TB, url, tool string, meta map[string]any) callResult {
	t.Helper()
	call, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": tool, "arguments": map[string]any{"text": "a"}, "_meta": meta,
	}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(call))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	_, body := answered(t, req)
	var answer struct{ Result callResult }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return answer.Result
}

// wallet is a stranger's, which knows no channels.
type wallet struct {
	keys.Signer
	token funding.Token
}

func newWallet(t testing.TB, has vouchers.Amount) *wallet {
	t.Helper()
	w := &wallet{Signer: shoptest.Key(t, "wallet")}
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

// signs is a transfer for terms by EIP-3009.
func (w *wallet) signs(t testing.TB, r *x402.Requirements) *x402.AuthorizationPayload {
	t.Helper()
	order := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: shoptest.Net.Client.ChainID(), Token: r.Asset, From: w.Address(), To: r.PayTo,
		Value: r.Amount, ValidBefore: uint64(time.Now().Unix()) + r.MaxTimeoutSeconds, Nonce: transfer.NewNonce(),
	}
	if err := order.Sign(t.Context(), w, w.token); err != nil {
		t.Fatal(err)
	}
	return &x402.AuthorizationPayload{Signature: order.Signature, Authorization: x402.TransferAuthorization{
		From: order.From, To: order.To, Value: order.Value, ValidAfter: order.ValidAfter, ValidBefore: order.ValidBefore, Nonce: order.Nonce,
	}}
}

func (w *wallet) balance(t testing.TB) vouchers.Amount {
	t.Helper()
	has, err := w.token.Balance(t.Context(), shoptest.Net.Client, w.Address())
	if err != nil {
		t.Fatal(err)
	}
	return has
}
