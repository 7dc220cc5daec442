package server_test

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/server"
)

// A shop sells the tools of an MCP server, follows the chain, and settles every hour.
func ExampleOpen() {
	ctx := context.Background()
	key, _, err := keys.FromEnv("CHIT_KEY")
	if err != nil {
		log.Fatal(err)
	}
	shop, err := server.Open(ctx, server.Options{
		RPC: "https://rpc.example", Key: key, Token: common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"),
		Store: "chit.db", Prices: server.Prices{"search*": "0.001"},
	})
	if err != nil {
		log.Fatal(err)
	}
	tools := mcpserver.NewMCPServer("my tools", "1.0")
	tools.AddTool(mcp.NewTool("search"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("found"), nil
	})
	shop.Sell(tools)
	go shop.Run(ctx, time.Hour)
	web := http.Server{Addr: ":8402", Handler: shop.Handler(tools), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	log.Fatal(web.ListenAndServe())
}

// A resource and a prompt have prices beside tools, by how their names begin.
func ExampleShop_Sell() {
	shop, err := server.Open(context.Background(), server.Options{
		RPC: "https://rpc.example", Token: common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), Store: "chit.db",
		Prices: server.Prices{"search": "0.001", "resource:docs://*": "0.002", "prompt:review": "0.005"},
	})
	if err != nil {
		log.Fatal(err)
	}
	docs := mcpserver.NewMCPServer("my docs", "1.0")
	docs.AddResourceTemplate(mcp.NewResourceTemplate("docs://{page}", "pages"), func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: req.Params.URI, Text: "a page"}}, nil
	})
	shop.Sell(docs)
}
