package agent_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// exampleShop sells two searches, a dear one and a cheap one.
type exampleShop struct {
	url   string
	close func()
}

// openExampleShop opens the shop, and grants a token with a budget.
func openExampleShop(ctx context.Context, budget vouchers.Amount) (exampleShop, string) {
	dir, err := os.MkdirTemp("", "chit-example-")
	if err != nil {
		log.Fatal(err)
	}
	shop, err := server.Open(ctx, server.Options{
		RPC: shoptest.Net.Anvil.URL(), Key: keys.Dev(devnet.Seller), Token: shoptest.Net.Token, Store: filepath.Join(dir, "server.db"),
		Prices: server.Prices{"deep_search": "0.002", "search": "0.0005"}, WithdrawDelay: vouchers.MinWithdrawDelay, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	tools := mcpserver.NewMCPServer("research", "1")
	for tool, did := range map[string]string{"deep_search": "read 40 pages", "search": "looked at the headlines"} {
		tools.AddTool(mcp.NewTool(tool), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(fmt.Sprintf("%s %s about %s", tool, did, r.GetString("about", ""))), nil
		})
	}
	shop.Sell(tools)
	web := httptest.NewServer(shop.Handler(tools))
	opened := exampleShop{web.URL + "/mcp", func() {
		web.CloseClientConnections()
		web.Close()
		_ = shop.Close()
		_ = os.RemoveAll(dir)
	}}
	token, err := grantExample(ctx, opened.url, budget)
	if err != nil {
		log.Fatal(err)
	}
	return opened, token
}

// grantExample is what the owner of the money does.
func grantExample(ctx context.Context, url string, budget vouchers.Amount) (string, error) {
	private, err := crypto.GenerateKey()
	if err != nil {
		return "", err
	}
	owner := keys.NewSigner(private)
	if err := shoptest.Net.Mint(ctx, owner.Address(), usdc); err != nil {
		return "", err
	}
	client, err := agent.Dial(ctx, url, agent.Options{Key: owner, RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token})
	if err != nil {
		return "", err
	}
	defer client.Close()
	moved, err := client.Deposit(ctx, usdc)
	if err != nil {
		return "", err
	}
	return grant(ctx, client, owner, moved.Channel, macaroon.Scope{Budget: budget})
}
