package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// costly are arguments of nearly 4 MiB that are dear to decode.
var costly = json.RawMessage(`{"a":[` + strings.Repeat("1,", 2_000_000) + `1]}`)

// asked is a request to a handler, and what the answer took: how many bytes were
// allocated until it was there.
func asked(t testing.TB, handler http.Handler, body []byte, header http.Header) (reply *httptest.ResponseRecorder, allocated uint64) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", bytes.NewReader(body))
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	reply = httptest.NewRecorder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	handler.ServeHTTP(reply, req)
	runtime.ReadMemStats(&after)
	return reply, after.TotalAlloc - before.TotalAlloc
}

func callBody(t testing.TB, params map[string]any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestArgumentsOfACallThatDoesNotPayAreNotDecoded(t *testing.T) {
	var tools *mcpserver.MCPServer
	options := selling(t)
	work := new(tool)
	shop := shoptest.Open(t, options, work.add, func(s *mcpserver.MCPServer) { tools = s })
	c := regular(t, shop, "payer", usdc)
	stranger := newCustomer(t, shop, "stranger")
	forged := c.pays(price)
	forged.Payload.(*x402.VoucherPayload).Voucher.Signature = stranger.sign(price).Signature
	handler := shop.Handler(tools)
	for name, brings := range map[string]struct {
		meta   map[string]any
		header http.Header
		code   string
	}{
		"nothing":                 {nil, nil, string(x402.ErrPaymentRequired)},
		"what is no payment":      {map[string]any{x402.MetaPayment: 1}, nil, "accepts"},
		"a forged payment":        {map[string]any{x402.MetaPayment: forged}, nil, string(x402.ErrVoucherSignature)},
		"a channel of nobody":     {map[string]any{x402.MetaPayment: stranger.pays(price)}, nil, string(x402.ErrChannelNotFound)},
		"a made-up token":         {map[string]any{onmcp.MetaCredit: "chit_1"}, nil, string(credit.CodeInvalidToken)},
		"a made-up bearer token":  {nil, http.Header{"Authorization": {"Bearer chit_1"}}, string(credit.CodeInvalidToken)},
		"a payment in a bad name": {map[string]any{"x402/Payment": forged}, nil, string(x402.ErrPaymentRequired)},
	} {
		params := map[string]any{"name": "work", "arguments": costly}
		if brings.meta != nil {
			params["_meta"] = brings.meta
		}
		reply, allocated := asked(t, handler, callBody(t, params), brings.header)
		if reply.Code != http.StatusOK || !strings.Contains(reply.Body.String(), brings.code) {
			t.Errorf("with %s it is answered %d %s", name, reply.Code, reply.Body)
		}
		if allocated > 32<<20 {
			t.Errorf("with %s the answer took %d MiB", name, allocated>>20)
		}
	}
	if work.runs.Load() != 0 || shop.LimitHits()["unpaidBody"] != 7 {
		t.Errorf("%d runs, limits %v", work.runs.Load(), shop.LimitHits())
	}
}

func TestALargeRequestThatIsNoCallIsRefused(t *testing.T) {
	var tools *mcpserver.MCPServer
	shop := shoptest.Open(t, selling(t), new(tool).add, func(s *mcpserver.MCPServer) { tools = s })
	handler := shop.Handler(tools)
	for name, body := range map[string]string{
		"initialize":          `{"jsonrpc":"2.0","id":1,"method":"initialize","params":` + string(costly) + `}`,
		"a notification":      `{"jsonrpc":"2.0","method":"notifications/x","params":` + string(costly) + `}`,
		"a tool of the shop":  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chit_credit","arguments":` + string(costly) + `}}`,
		"two names":           `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now","name":"work","arguments":` + string(costly) + `}}`,
		"in another case":     `{"jsonrpc":"2.0","id":1,"METHOD":"initialize","params":` + string(costly) + `}`,
		"two sets of params":  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now"},"params":` + string(costly) + `}`,
		"more than a request": `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now"}}` + string(costly),
	} {
		reply, allocated := asked(t, handler, []byte(body), nil)
		if reply.Code != http.StatusRequestEntityTooLarge || allocated > 32<<20 {
			t.Errorf("%s is answered %d %s, which took %d MiB", name, reply.Code, reply.Body, allocated>>20)
		}
	}
}

func TestALargeCallThatPaysIsServedWithItsArguments(t *testing.T) {
	var got int
	work := &tool{do: func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		got = len(req.GetString("text", ""))
		return mcp.NewToolResultText("done"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	large := map[string]any{"text": strings.Repeat("x", 1<<20)}
	served := func(name string, a answer) {
		t.Helper()
		if a.text() != "done" || *a.receipt().Extra.ChargedAmount != price || got != 1<<20 {
			t.Errorf("%s: %.300s, the tool got %d bytes", name, a.raw, got)
		}
		got = 0
	}
	c := newCustomer(t, shop, "payer")
	if a := c.callWith(t.Context(), large, nil); a.code() != x402.ErrPaymentRequired || a.refusal().Accepts[0].Amount != price {
		t.Errorf("unpaid: %.300s", a.raw)
	}
	served("with a deposit", c.callWith(t.Context(), large, c.deposits(usdc, price)))
	served("with a voucher", c.callWith(t.Context(), large, c.pays(2*price)))
	served("the same again", c.callWith(t.Context(), large, c.pays(3*price)))
	other := regular(t, shop, "another", usdc)
	other.url = shoptest.Open(t, selling(t), work.add).URL
	served("of a channel that only the chain knows", other.callWith(t.Context(), large, other.pays(price)))
	token := c.granted(macaroon.Scope{Budget: price}, 3*price).Token
	served("with a token", post(t.Context(), t, shop.URL, callBody(t, map[string]any{
		"name": "work", "arguments": large, "_meta": map[string]any{onmcp.MetaCredit: token},
	})))
	if a := send(t.Context(), t, shop.URL, "now", large, nil); a.result == nil || a.result.IsError {
		t.Errorf("a free tool: %.300s %s", a.raw, a.failure)
	}
}

func TestALargeCallIsQuotedOnceItIsPaidFor(t *testing.T) {
	work := new(tool)
	shop := quoting(t, work)
	c := regular(t, shop, "payer", usdc)
	large := map[string]any{"count": 3, "text": strings.Repeat("x", 100<<10)}
	refused := c.callWith(t.Context(), large, nil).refusal()
	if refused.Accepts[0].Amount != price || !strings.Contains(refused.ErrorMessage, "not quoted") {
		t.Errorf("unpaid: %+v", refused)
	}
	if a := c.callWith(t.Context(), large, c.offered(price, price)); a.text() != "done" || *a.receipt().Extra.ChargedAmount != 300 {
		t.Errorf("paid: %.300s", a.raw)
	}
	small := map[string]any{"count": 3, "text": strings.Repeat("x", 10<<10)}
	if a := c.callWith(t.Context(), small, nil).refusal(); a.Accepts[0].Amount != 300 {
		t.Errorf("a smaller one, unpaid: %+v", a)
	}
}

func TestLargeCallsWithDepositsAreRationed(t *testing.T) {
	options := selling(t)
	options.Limits.LargeDeposits = 1
	work := new(tool)
	shop := shoptest.Open(t, options, work.add)
	c := newCustomer(t, shop, "payer")
	large := map[string]any{"text": strings.Repeat("x", 100<<10)}
	codes := make(map[x402.ErrorCode]int)
	for i := range 30 {
		other := *c
		other.config.Salt = common.Hash{1, byte(i)}
		other.id = other.domain.ChannelID(other.config)
		codes[other.callWith(t.Context(), large, other.deposits(1_000*usdc, price)).code()]++
	}
	if shop.LimitHits()["largeDeposits"] < 10 || codes[x402.ErrVerificationStateUnavailable] < 10 || work.runs.Load() != 0 {
		t.Errorf("answered with %v, limits %v", codes, shop.LimitHits())
	}
}

func TestAnUnpaidRequestOfARouteIsNotRead(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	quote := func(r *http.Request) (vouchers.Amount, error) {
		var body bytes.Buffer
		_, err := body.ReadFrom(r.Body)
		return vouchers.Amount(body.Len()), err
	}
	for name, test := range map[string]struct {
		offer server.HTTPOffer
		size  int
		price vouchers.Amount
	}{
		"a fixed price":       {server.HTTPOffer{}, server.MaxBody + 1, price},
		"a quote":             {server.HTTPOffer{Quote: quote}, 10, 10},
		"a quote of too much": {server.HTTPOffer{Quote: quote}, 100 << 10, price},
	} {
		test.offer.Name, test.offer.Price = name, func() vouchers.Amount { return price }
		route := shop.SellHTTP(test.offer)(http.NotFoundHandler())
		body := &countingReader{left: test.size}
		reply := httptest.NewRecorder()
		route.ServeHTTP(reply, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body))
		required, err := x402.DecodeHeader[x402.PaymentRequired](reply.Header().Get(x402.HeaderPaymentRequired))
		if err != nil || reply.Code != http.StatusPaymentRequired || required.Accepts[0].Amount != test.price {
			t.Errorf("%s: answered %d %s: %v", name, reply.Code, reply.Body, err)
		}
		if body.read > 65<<10 {
			t.Errorf("%s: %d bytes were read", name, body.read)
		}
	}
}

// countingReader is a body of so many bytes.
type countingReader struct{ left, read int }

func (c *countingReader) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), c.left)
	c.left -= n
	c.read += n
	return n, nil
}
