package server_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// asks is the customer's order to see the state of its channel, or of another one.
func (c *customer) asks(order order.Order) x402.StateOrder {
	c.t.Helper()
	deadline, signature := c.signed(order)
	return x402.StateOrder{Channel: c.id, Deadline: deadline, Signature: signature}
}

// toldAt asks a route for the state of a channel.
func toldAt(t testing.TB, url string, order x402.StateOrder) (status int, state *x402.SettlementResponse, body []byte) {
	t.Helper()
	header, err := x402.EncodeHeader(&order)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(onhttp.HeaderState, header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	if state, err = x402.DecodeHeader[x402.SettlementResponse](resp.Header.Get(x402.HeaderPaymentResponse)); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return resp.StatusCode, state, body
}

func TestAPayerReadsItsStateByAnOrderAloneAndNobodyElseReadsIt(t *testing.T) {
	o, log := logging(t, slog.LevelDebug)
	o.Limits.Lookups = 1
	work := new(tool)
	shop := shoptest.Open(t, o, work.add)
	runs := 0
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "GET /weather", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runs++ })))
	t.Cleanup(route.Close)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.closing(shop, price)
	c.buys(2)
	log.lines(t, "")
	before := log.Len()
	state := order.Order{Action: "state"}

	byTool := send(t.Context(), t, shop.URL, onmcp.StateTool, c.asks(state), nil)
	status, byRoute, _ := toldAt(t, route.URL, c.asks(state))
	if byTool.result.IsError || status != http.StatusOK {
		t.Errorf("answered %s, and %d", byTool.raw, status)
	}
	for way, told := range map[string]*x402.SettlementResponse{"the tool": byTool.receipt(), "the route": byRoute} {
		stands, proof := told.Extra.ChannelState, told.Extra.VoucherState
		if !told.Success || stands == nil || stands.ChannelID != c.id || *stands.ChargedCumulativeAmount != 2*price || stands.Balance != usdc || proof == nil || *proof.SignedMaxClaimable != 2*price {
			t.Errorf("%s tells %+v", way, told)
		}
	}

	stranger, unknown := c.without("stranger"), c.without("stranger")
	unknown.id[0] ^= 1
	for what, test := range map[string]struct {
		order x402.StateOrder
		code  x402.ErrorCode
	}{
		"a stranger's order":           {stranger.asks(state), x402.ErrChannelNotFound},
		"another order":                {c.asks(order.Order{Action: "receipts"}), x402.ErrChannelNotFound},
		"an order for another channel": {x402.StateOrder{Channel: c.id, Deadline: unknown.asks(state).Deadline, Signature: unknown.asks(state).Signature}, x402.ErrChannelNotFound},
		"a channel that is not known":  {unknown.asks(state), x402.ErrChannelNotFound},
		"an order whose time is over":  {x402.StateOrder{Channel: c.id, Deadline: 1, Signature: c.asks(state).Signature}, x402.ErrPayload},
	} {
		byTool := send(t.Context(), t, shop.URL, onmcp.StateTool, test.order, nil)
		status, byRoute, body := toldAt(t, route.URL, test.order)
		if !byTool.result.IsError || status != http.StatusForbidden || byTool.receipt().ErrorReason != test.code || byRoute.ErrorReason != test.code {
			t.Errorf("%s is answered with %s and %d %s", what, byTool.raw, status, body)
		}
		for _, secret := range []string{"channelState", "chargedCumulativeAmount", "signedMaxClaimable", c.key.Address().Hex()} {
			if bytes.Contains(byTool.raw, []byte(secret)) || bytes.Contains(body, []byte(secret)) {
				t.Errorf("%s reads %s in %s and %s", what, secret, byTool.raw, body)
			}
		}
	}
	for i := range 40 {
		unknown.id[1] = byte(i)
		send(t.Context(), t, shop.URL, onmcp.StateTool, unknown.asks(state), nil)
	}
	if hits := shop.LimitHits(); len(hits) > 0 {
		t.Errorf("the chain was asked: the limits met are %v", hits)
	}
	if log.Len() != before || work.runs.Load() != 2 || runs != 0 {
		t.Errorf("the tool ran %d times and the route %d times; the log says %s", work.runs.Load(), runs, log.String())
	}
}

func TestTheToolForAPayersStateIsNotListed(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	list := postRaw(t, shop.URL, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if !bytes.Contains(list, []byte(`"work"`)) || bytes.Contains(list, []byte(onmcp.StateTool)) {
		t.Errorf("the list is %s", list)
	}
}
