package server_test

import (
	"context"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
)

func TestAToolWithASlashInItsNameHasThePriceOfAllTools(t *testing.T) {
	o := shoptest.Options(t)
	o.Prices = server.Prices{"*": "0.003"}
	shop := shoptest.Open(t, o, func(tools *mcpserver.MCPServer) {
		tools.AddTool(mcp.NewTool("math/sum"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("3"), nil
		})
	})
	if got := send(t.Context(), t, shop.URL, "math/sum", nil, nil).refusal().Accepts[0].Amount; got != 3_000 {
		t.Errorf("it costs %s", got)
	}
}
