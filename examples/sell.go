// Package examples is what the documents show, compiled and run: each piece of Go in the
// README and in docs/ stands here.
package examples

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

// Sell sells a tool until the context ends. Its store is the file chit.db of the current
// folder.
func Sell(ctx context.Context, listener net.Listener, rpc string, key keys.Signer, usdc common.Address, search mcp.Tool, handleSearch mcpserver.ToolHandlerFunc) error {
	shop, err := server.Open(ctx, server.Options{RPC: rpc, Key: key, Token: usdc, Store: "chit.db", Prices: server.Prices{"search*": "0.001"}})
	if err != nil {
		return err
	}
	defer shop.Close()
	tools := mcpserver.NewMCPServer("my tools", "1.0")
	tools.AddTool(search, handleSearch)
	shop.Sell(tools)
	return shop.Serve(ctx, server.Listeners{Public: listener}, tools, time.Hour) // turns charges into USDC every hour
}

// Quoted are prices that depend on the arguments.
func Quoted() server.Rates {
	return server.Rates{"render": {Price: "0.05", Quote: func(ctx context.Context, req mcp.CallToolRequest) (vouchers.Amount, error) {
		return 1_000 + 500*vouchers.Amount(req.GetInt("pages", 1)), nil // atomic USDC; an error costs nothing
	}}}
}

// Metered are prices of calls that cost what they took, and such a call.
func Metered() (server.Rates, mcpserver.ToolHandlerFunc) {
	rates := server.Rates{"complete": {Price: "0.02", Metered: true, Free: server.Allowance{Calls: 10, Per: 24 * time.Hour}}}
	complete := func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		words := strings.Fields(req.GetString("prompt", ""))
		server.ReportCost(ctx, 12*vouchers.Amount(len(words))) // atomic USDC
		return mcp.NewToolResultText(strings.Join(words, " and ")), nil
	}
	return rates, complete
}
