package examples_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/examples"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

func TestWhatIsSoldIsBought(t *testing.T) {
	t.Chdir(t.TempDir())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	search := func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("all about " + req.GetString("q", "nothing")), nil
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- examples.Sell(ctx, listener, shoptest.Net.Anvil.URL(), keys.Dev(devnet.Seller), shoptest.Net.Token, mcp.NewTool("search", mcp.WithString("q")), search)
	}()
	if err := examples.Pay(t.Context(), "http://"+listener.Addr().String()+"/mcp", shoptest.Net.Anvil.URL(), shoptest.Payer(t, "payer"), shoptest.Net.Token); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	channels, err := books.ReadChannels(t.Context(), "chit.db")
	if err != nil || len(channels) != 1 || channels[0].Charged != 1_000 {
		t.Errorf("the store has %+v, %v", channels, err)
	}
}

func TestAPageThatIsSoldIsFetched(t *testing.T) {
	t.Chdir(t.TempDir())
	shop := shoptest.Open(t, shoptest.Options(t))
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("sunny")) })
	web := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "weather", Price: func() vouchers.Amount { return 2_000 }})(page))
	t.Cleanup(web.Close)
	text, receipt, err := examples.Fetch(web.URL, shoptest.Net.Anvil.URL(), shoptest.Payer(t, "payer"), shoptest.Net.Token)
	if err != nil || string(text) != "sunny" || receipt.Charged != 2_000 {
		t.Errorf("fetched %q for %+v, %v", text, receipt, err)
	}
}

func TestQuotedAndMeteredToolsCostWhatTheySay(t *testing.T) {
	o := shoptest.Options(t)
	metered, complete := examples.Metered()
	o.Prices, o.Rates = nil, examples.Quoted()
	o.Rates["complete"] = metered["complete"]
	render := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	}
	shop := shoptest.Open(t, o, func(tools *mcpserver.MCPServer) {
		tools.AddTool(mcp.NewTool("render"), render)
		tools.AddTool(mcp.NewTool("complete"), complete)
	})
	client, err := agent.Dial(t.Context(), shop.URL, agent.Options{
		Key: shoptest.Payer(t, "payer"), RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token, Book: filepath.Join(t.TempDir(), "agent.db"), TopUp: agent.TopUp{Amount: shoptest.USDC},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, receipt, err := client.CallTool(t.Context(), "render", map[string]any{"pages": 3}); err != nil || receipt.Charged != 2_500 {
		t.Errorf("three pages came to %+v, %v", receipt, err)
	}
	for n := range 11 { // ten are free
		want := vouchers.Amount(0)
		if n == 10 {
			want = 24
		}
		if _, receipt, err := client.CallTool(t.Context(), "complete", map[string]any{"prompt": "bread butter"}); err != nil || receipt.Charged != want {
			t.Errorf("call %d came to %+v, %v", n, receipt, err)
		}
	}
}
