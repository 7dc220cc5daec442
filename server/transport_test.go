package server_test

import (
	"context"
	"encoding/json"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// stdioVariable makes the test binary a shop on standard input and output.
const stdioVariable = "SERVER_TEST_STDIO"

// stdioSettings are the value of stdioVariable, in JSON.
type stdioSettings struct {
	RPC, Store   string
	Token, PayTo common.Address
}

// sellOverStdio is a seller's whole program.
func sellOverStdio(settings string) {
	var s stdioSettings
	if err := json.Unmarshal([]byte(settings), &s); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	shop, err := server.Open(ctx, server.Options{
		RPC: s.RPC, Key: keys.Dev(devnet.Seller), PayTo: s.PayTo, Token: s.Token, Store: s.Store,
		Prices: server.Prices{"*": "0.001"}, WithdrawDelay: vouchers.MinWithdrawDelay,
	})
	if err != nil {
		log.Fatal(err)
	}
	tools := mcpserver.NewMCPServer("a program", "1")
	addTransportTools(tools)
	shop.Sell(tools)
	if err := shop.ServeStdio(ctx, os.Stdin, os.Stdout, tools, 0); err != nil {
		log.Fatal(err)
	}
	if err := shop.Close(); err != nil {
		log.Fatal(err)
	}
}

func addTransportTools(s *mcpserver.MCPServer) {
	new(tool).add(s)
	s.AddTool(mcp.NewTool("fail"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("it does not work"), nil
	})
	s.AddTool(mcp.NewTool("steps"), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i := range 3 {
			err := s.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": i})
			if err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("three steps"), nil
	})
}

// overSSE is a client of a shop that sells over server-sent events, and what the shop's
// ledger says of a channel at the end.
func overSSE(t *testing.T) (*mcpclient.Client, func(vouchers.ChannelID) ledger.Channel) {
	o := shoptest.Options(t)
	o.Prices = server.Prices{"*": "0.001"}
	var tools *mcpserver.MCPServer
	shop := shoptest.Open(t, o, func(s *mcpserver.MCPServer) { tools = s }, addTransportTools)
	web := httptest.NewUnstartedServer(nil)
	web.Config.Handler = mcpserver.NewSSEServer(tools, mcpserver.WithBaseURL("http://"+web.Listener.Addr().String()))
	web.Start()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
	})
	client, err := mcpclient.NewSSEMCPClient(web.URL + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, func(id vouchers.ChannelID) ledger.Channel {
		channel, _ := shop.Ledger.Channel(id)
		return channel
	}
}

// overStdio is the client of a shop in a process of its own, whose ledger is read from
// its file once it has ended.
func overStdio(t *testing.T) (*mcpclient.Client, func(vouchers.ChannelID) ledger.Channel) {
	o := shoptest.Options(t)
	o.Store = filepath.Join(t.TempDir(), "program.db")
	settings, err := json.Marshal(stdioSettings{RPC: o.RPC, Store: o.Store, Token: o.Token, PayTo: o.PayTo})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	client := mcpclient.NewClient(transport.NewStdio(self, []string{stdioVariable + "=" + string(settings)}))
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, func(id vouchers.ChannelID) ledger.Channel {
		if err := client.Close(); err != nil {
			t.Errorf("the program ended with %v", err)
		}
		shop := shoptest.Open(t, o)
		channel, _ := shop.Ledger.Channel(id)
		return channel
	}
}

func TestAShopSellsOverEveryTransport(t *testing.T) {
	for name, connect := range map[string]func(*testing.T) (*mcpclient.Client, func(vouchers.ChannelID) ledger.Channel){"SSE": overSSE, "stdio": overStdio} {
		t.Run(name, func(t *testing.T) {
			client, ledger := connect(t)
			if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
				t.Fatal(err)
			}
			l := &line{t: t, client: client, progress: make(chan any, 8)}
			client.OnNotification(func(n mcp.JSONRPCNotification) {
				if n.Method == string(mcp.MethodNotificationProgress) {
					l.progress <- n.Params.AdditionalFields["progress"]
				}
			})
			c := l.sells()
			l.charges(c)
			l.spends(c)
			if got := ledger(c.id); got.Charged != 3*price || got.InFlight != 0 {
				t.Errorf("in the end %s is charged: %+v", got.Charged, got)
			}
		})
	}
}

// line is a connection to a shop whose tools all cost the price.
type line struct {
	t        *testing.T
	client   *mcpclient.Client
	progress chan any
}

func (l *line) call(name string, arguments any, meta map[string]any) answer {
	l.t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = name, arguments
	req.Params.Meta = &mcp.Meta{AdditionalFields: meta, ProgressToken: "here"}
	result, err := l.client.CallTool(l.t.Context(), req)
	if err != nil {
		l.t.Fatalf("%s: %v", name, err)
	}
	return answer{t: l.t, result: result}
}

func (l *line) pay(name string, arguments any, payment *x402.PaymentPayload) answer {
	l.t.Helper()
	return l.call(name, arguments, map[string]any{x402.MetaPayment: payment})
}

// sells checks that a call without a payment gets the terms, and takes a deposit.
func (l *line) sells() *customer {
	l.t.Helper()
	refused := l.call("work", nil, nil).refusal()
	if refused.Error != x402.ErrPaymentRequired || refused.Accepts[0].Amount != price {
		l.t.Fatalf("without a payment: %+v", refused)
	}
	c := &customer{t: l.t, key: shoptest.Payer(l.t, "payer"), net: shoptest.Net}
	c.agree(refused.Accepts[0])
	if got := l.pay(onmcp.DepositTool, nil, c.deposits(usdc, 0)).receipt(); got.Extra.ChannelState.Balance != usdc {
		l.t.Fatalf("after a deposit: %+v", got)
	}
	return c
}

// charges checks that calls that work are charged and others are not: two prices.
func (l *line) charges(c *customer) {
	l.t.Helper()
	if a := l.pay("work", nil, c.pays(price)); a.text() != "done" || *a.receipt().Extra.ChargedAmount != price {
		l.t.Errorf("paid, it is %+v", a.result)
	}
	if a := l.pay("fail", nil, c.pays(2*price)); !a.result.IsError || a.text() != "it does not work" || *a.receipt().Extra.ChargedAmount != 0 {
		l.t.Errorf("a call that fails: %+v", a.result)
	}
	a := l.pay("steps", nil, c.pays(2*price))
	if a.text() != "three steps" || *a.receipt().Extra.ChannelState.ChargedCumulativeAmount != 2*price {
		l.t.Errorf("with progress: %+v", a.result)
	}
	for i := range 3 {
		select {
		case got := <-l.progress:
			if got != float64(i) {
				l.t.Errorf("progress %d is %v", i, got)
			}
		case <-time.After(30 * time.Second):
			l.t.Fatalf("no progress %d", i)
		}
	}
}

// spends checks that a token in _meta pays one more price.
func (l *line) spends(c *customer) {
	l.t.Helper()
	var granted token.Granted
	l.pay(onmcp.CreditGrantTool, c.wants(macaroon.Scope{Budget: price}), c.offered(price, 3*price)).structured(&granted)
	onCredit := map[string]any{onmcp.MetaCredit: granted.Token}
	if a := l.call("work", nil, onCredit); a.text() != "done" || *a.receipt().Extra.ChargedAmount != price {
		l.t.Errorf("on credit: %+v", a.result)
	}
	var refused terms.CreditRefusal
	a := l.call("work", nil, onCredit)
	if err := json.Unmarshal(a.result.RawStructuredContent, &refused); err != nil || !a.result.IsError || refused.Code != "budget_exhausted" {
		l.t.Errorf("beyond the budget: %+v, %v", a.result, err)
	}
}
