package tools

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/x402"
)

func (t *Tools) addState(tools *mcpserver.MCPServer) {
	tools.AddTool(mcp.NewTool(onmcp.StateTool,
		mcp.WithDescription("For payment clients: where a channel stands, by an order of its payer."),
		mcp.WithString("channel", mcp.Required()), mcp.WithNumber("deadline"),
		mcp.WithString("signature", mcp.Description("of the order, by the channel's voucher key")),
	), t.state)
}

func (t *Tools) state(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var order x402.StateOrder
	if err := decodeArguments(req, &order); err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	state := t.Vouchers.State(order)
	result := mcp.NewToolResultText("the state of channel " + order.Channel.Hex() + " is in _meta")
	if !state.Success {
		result = mcp.NewToolResultError(state.ErrorMessage)
	}
	onmcp.SetMeta(result, x402.MetaPaymentResponse, state)
	return result, nil
}
