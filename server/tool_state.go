package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/x402"
)

// StateTool tells a payer where its channel stands.
const StateTool = "chit_state"

func (s *Shop) addStateTool(tools *mcpserver.MCPServer) {
	tools.AddTool(mcp.NewTool(StateTool,
		mcp.WithDescription("For payment clients: where a channel stands, by an order of its payer."),
		mcp.WithString("channel", mcp.Required()), mcp.WithNumber("deadline"),
		mcp.WithString("signature", mcp.Description("of the order, by the channel's voucher key")),
	), s.stateTool)
}

func (s *Shop) stateTool(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var order x402.StateOrder
	if err := decodeArguments(req, &order); err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	state := s.vouchers.State(order)
	result := mcp.NewToolResultText("the state of channel " + order.Channel.Hex() + " is in _meta")
	if !state.Success {
		result = mcp.NewToolResultError(state.ErrorMessage)
	}
	setMeta(result, x402.MetaPaymentResponse, state)
	return result, nil
}
