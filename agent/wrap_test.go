package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// wrapped is a client that pays over a connection of the test's own.
func wrapped(t testing.TB, connection *mcpclient.Client, err error, o agent.Options) *agent.Client {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := connection.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	if _, err := connection.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	client, err := agent.Wrap(t.Context(), connection, "the tools", o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// spend deposits 10 USDC, makes calls at once, and closes the client.
func spend(t testing.TB, client *agent.Client, calls int) {
	t.Helper()
	if _, err := client.Deposit(t.Context(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			if result, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || result.IsError || receipt.Charged != price {
				t.Errorf("the call: %+v, %v", receipt, err)
			}
		})
	}
	all.Wait()
	if err := client.Close(); err != nil {
		t.Error(err)
	}
}

// openTools opens a shop whose tools are reached in a way of the test's own.
func openTools(t testing.TB) (*shoptest.Shop, *mcpserver.MCPServer) {
	t.Helper()
	shop := shoptest.Open(t, selling(t, "0.001"))
	tools := mcpserver.NewMCPServer("the tools", "1")
	work(tools)
	shop.Sell(tools)
	return shop, tools
}

const callsAtOnce = 16

func TestCallsInOneProcessArePaid(t *testing.T) {
	shop, tools := openTools(t)
	connection, err := mcpclient.NewInProcessClient(tools)
	o := options(t)
	spend(t, wrapped(t, connection, err, o), callsAtOnce)
	holds(t, shop, 10*usdc, callsAtOnce*price)
	if ch := funds(t, o).Channels[0]; ch.Server != "the tools" {
		t.Errorf("the book has %+v", ch)
	}
}

func TestCallsOverSSEArePaid(t *testing.T) {
	shop, tools := openTools(t)
	web := httptest.NewServer(mcpserver.NewSSEServer(tools))
	t.Cleanup(func() { web.CloseClientConnections(); web.Close() })
	connection, err := mcpclient.NewSSEMCPClient(web.URL + "/sse")
	spend(t, wrapped(t, connection, err, options(t)), callsAtOnce)
	holds(t, shop, 10*usdc, callsAtOnce*price)
}

// booth is a shop that is a program of its own.
type booth struct {
	RPC, Store   string
	Token, PayTo common.Address
}

const boothVariable = "CHIT_TEST_BOOTH"

func newBooth(t testing.TB) (booth, server.Options) {
	o := selling(t, "0.001")
	return booth{RPC: o.RPC, Store: o.Store, Token: o.Token, PayTo: o.PayTo}, o
}

// playShop sells over standard input and output until they end.
func playShop(in io.Reader, out io.Writer) (err error) {
	var s booth
	if err := json.Unmarshal([]byte(os.Getenv(boothVariable)), &s); err != nil {
		return err
	}
	shop, err := server.Open(context.Background(), server.Options{
		RPC: s.RPC, Key: keys.Dev(devnet.Seller), Token: s.Token, PayTo: s.PayTo, Store: s.Store,
		Prices: server.Prices{"work": "0.001", "die": "0.001"}, WithdrawDelay: vouchers.MinWithdrawDelay,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	tools := mcpserver.NewMCPServer("a program", "1")
	work(tools)
	tools.AddTool(mcp.NewTool("die"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		os.Exit(1)
		return nil, nil
	})
	shop.Sell(tools)
	return mcpserver.NewStdioServer(tools).Listen(context.Background(), in, out)
}

func (s booth) connect(t testing.TB, o agent.Options) *agent.Client {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := mcpclient.NewStdioMCPClient(os.Args[0], []string{roleVariable + "=shop", boothVariable + "=" + string(raw)})
	return wrapped(t, connection, err, o)
}

func TestCallsOfAProgramOnItsStandardStreamsArePaid(t *testing.T) {
	s, sold := newBooth(t)
	spend(t, s.connect(t, options(t)), callsAtOnce)
	holds(t, shoptest.Open(t, sold), 10*usdc, callsAtOnce*price) // by the store that the program has left
}

func TestACallThatAProgramDiesOfIsInDoubtAndPaidOnceAtMost(t *testing.T) {
	s, sold := newBooth(t)
	o := options(t)
	client := s.connect(t, o)
	if _, err := client.Deposit(t.Context(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	if _, receipt, err := client.CallTool(t.Context(), "die", nil); !errors.Is(err, agent.ErrUnknownOutcome) {
		t.Errorf("the call: %+v, %v", receipt, err)
	}
	_ = client.Close() // the program has ended badly
	again := s.connect(t, o)
	for range 3 {
		if _, receipt, err := again.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
			t.Errorf("the call: %+v, %v", receipt, err)
		}
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	holds(t, shoptest.Open(t, sold), 10*usdc, 3*price)
}
