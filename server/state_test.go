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

	c.readsItsState(shop.URL, route.URL)
	c.showsNobodyItsState(shop.URL, route.URL)
	if hits := shop.LimitHits(); len(hits) > 0 {
		t.Errorf("the chain was asked: the limits met are %v", hits)
	}
	if log.Len() != before || work.runs.Load() != 2 || runs != 0 {
		t.Errorf("the tool ran %d times and the route %d times; the log says %s", work.runs.Load(), runs, log.String())
	}
}

// stateOrder is the order to see the state of a channel.
var stateOrder = order.Order{Action: "state"}

// readsItsState holds that a tool and a route tell the customer what two calls came to.
func (c *customer) readsItsState(shop, route string) {
	c.t.Helper()
	byTool := send(c.t.Context(), c.t, shop, onmcp.StateTool, c.asks(stateOrder), nil)
	status, byRoute, _ := toldAt(c.t, route, c.asks(stateOrder))
	if byTool.result.IsError || status != http.StatusOK {
		c.t.Errorf("answered %s, and %d", byTool.raw, status)
	}
	for way, told := range map[string]*x402.SettlementResponse{"the tool": byTool.receipt(), "the route": byRoute} {
		stands, proof := told.Extra.ChannelState, told.Extra.VoucherState
		if !told.Success || stands == nil || stands.ChannelID != c.id || *stands.ChargedCumulativeAmount != 2*price || stands.Balance != usdc || proof == nil || *proof.SignedMaxClaimable != 2*price {
			c.t.Errorf("%s tells %+v", way, told)
		}
	}
}

// showsNobodyItsState holds that a shop's tool and its route tell the customer's state to
// no other order, and nothing of a channel that they do not know.
func (c *customer) showsNobodyItsState(shop, route string) {
	c.t.Helper()
	stranger, unknown := c.without("stranger"), c.without("stranger")
	unknown.id[0] ^= 1
	for what, test := range map[string]struct {
		order x402.StateOrder
		code  x402.ErrorCode
	}{
		"a stranger's order":           {stranger.asks(stateOrder), x402.ErrChannelNotFound},
		"another order":                {c.asks(order.Order{Action: "receipts"}), x402.ErrChannelNotFound},
		"an order for another channel": {x402.StateOrder{Channel: c.id, Deadline: unknown.asks(stateOrder).Deadline, Signature: unknown.asks(stateOrder).Signature}, x402.ErrChannelNotFound},
		"a channel that is not known":  {unknown.asks(stateOrder), x402.ErrChannelNotFound},
		"an order whose time is over":  {x402.StateOrder{Channel: c.id, Deadline: 1, Signature: c.asks(stateOrder).Signature}, x402.ErrPayload},
	} {
		byTool := send(c.t.Context(), c.t, shop, onmcp.StateTool, test.order, nil)
		status, byRoute, body := toldAt(c.t, route, test.order)
		if !byTool.result.IsError || status != http.StatusForbidden || byTool.receipt().ErrorReason != test.code || byRoute.ErrorReason != test.code {
			c.t.Errorf("%s is answered with %s and %d %s", what, byTool.raw, status, body)
		}
		for _, secret := range []string{"channelState", "chargedCumulativeAmount", "signedMaxClaimable", c.key.Address().Hex()} {
			if bytes.Contains(byTool.raw, []byte(secret)) || bytes.Contains(body, []byte(secret)) {
				c.t.Errorf("%s reads %s in %s and %s", what, secret, byTool.raw, body)
			}
		}
	}
	for i := range 40 {
		unknown.id[1] = byte(i)
		send(c.t.Context(), c.t, shop, onmcp.StateTool, unknown.asks(stateOrder), nil)
	}
}

func TestTheToolForAPayersStateIsNotListed(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	list := postRaw(t, shop.URL, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if !bytes.Contains(list, []byte(`"work"`)) || bytes.Contains(list, []byte(onmcp.StateTool)) {
		t.Errorf("the list is %s", list)
	}
}
