package tools

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/x402"
)

// Add adds them to an MCP server, which is behind the paywall.
func (t *Tools) Add(tools *mcpserver.MCPServer) {
	tools.AddTool(mcp.NewTool(onmcp.DepositTool, mcp.WithDescription("For payment clients: opens or tops up a payment channel with the x402 deposit payload in _meta.")), t.deposit)
	tools.AddTool(mcp.NewTool(onmcp.RefundTool, mcp.WithDescription("For payment clients: refunds a payment channel by the x402 refund payload in _meta.")), t.refund)
	t.addCredit(tools)
	t.addReceipts(tools)
	t.addState(tools)
}

func (t *Tools) deposit(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := t.Paywall.ToolLine(req)
	payload, refused := t.Paywall.PayloadOf(req)
	if refused != nil {
		return t.Paywall.Refuse(ctx, &line, refused)
	}
	done, refused, err := t.Vouchers.Deposit(ctx, &line, payload)
	switch {
	case refused != nil:
		return t.Paywall.Refuse(ctx, &line, refused)
	case err != nil:
		return nil, err
	}
	result := mcp.NewToolResultText(fmt.Sprintf("deposited %s, the balance is %s", done.Amount, done.Balance))
	onmcp.SetMeta(result, x402.MetaPaymentResponse, done.Response)
	return result, nil
}

func (t *Tools) refund(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := t.Paywall.ToolLine(req)
	payload, refused := t.Paywall.PayloadOf(req)
	if refused != nil {
		return t.Paywall.Refuse(ctx, &line, refused)
	}
	done, refused := t.Vouchers.Refund(ctx, &line, payload)
	if refused != nil {
		return t.Paywall.Refuse(ctx, &line, refused)
	}
	result := mcp.NewToolResultText(fmt.Sprintf("refunded %s in transaction %s", *done.Amount, done.Transaction))
	onmcp.SetMeta(result, x402.MetaPaymentResponse, done)
	return result, nil
}
