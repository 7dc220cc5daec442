package agent_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
)

func TestAClientGoesOnAfterASettlementThatPublishedTheVoucherOfItsCallInFlight(t *testing.T) {
	var slow atomic.Bool
	began, goOn := make(chan struct{}), make(chan struct{})
	shop := shoptest.Open(t, selling(t, "0.001"), func(s *mcpserver.MCPServer) {
		s.AddTool(mcp.NewTool("work"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if slow.Load() {
				close(began)
				<-goOn
			}
			return mcp.NewToolResultText("done"), nil
		})
	})
	client := funded(t, shop.URL, options(t))
	buy(t, client, 3, 0)
	slow.Store(true)
	ended := make(chan error, 1)
	go func() {
		_, _, err := client.CallTool(t.Context(), "work", nil)
		ended <- err
	}()
	<-began
	slow.Store(false)
	if _, err := shop.SettleAs(t.Context(), settle.Request{Final: true}, nil); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if err := <-ended; err != nil {
		t.Errorf("the call in flight: %v", err)
	}
	buy(t, client, 4, 5*price)
}
