package server

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/x402"
)

// The tools that [Shop.AddTools] adds. They cost nothing; what they do is in the
// payment that comes with the call.
const (
	// DepositTool moves money into the payer's channel.
	DepositTool = "chit_deposit"
	// RefundTool gives back what is left of it.
	RefundTool = "chit_refund"
)

// AddTools adds the tools that take deposits, give refunds, grant credit tokens, give
// receipts again and tell payers where their channels stand. It panics with [ErrNoPaywall] where the MCP server was made without
// [Shop.ServerOptions]: a mistake in the program, by which all would be given away.
func (s *Shop) AddTools(tools *mcpserver.MCPServer) {
	if err := s.wire(tools); err != nil {
		panic(err)
	}
	tools.AddTool(mcp.NewTool(DepositTool, mcp.WithDescription("For payment clients: opens or tops up a payment channel with the x402 deposit payload in _meta.")), s.depositTool)
	tools.AddTool(mcp.NewTool(RefundTool, mcp.WithDescription("For payment clients: refunds a payment channel by the x402 refund payload in _meta.")), s.refundTool)
	s.addCreditTools(tools)
	s.addReceiptsTool(tools)
	s.addStateTool(tools)
}

func (s *Shop) depositTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	payload, refused := s.paymentOf(&line, req)
	if refused != nil {
		return s.refuse(ctx, &line, refused)
	}
	done, refused, err := s.vouchers.Deposit(ctx, payload)
	switch {
	case refused != nil:
		return s.refuse(ctx, &line, refused)
	case err != nil:
		return nil, err
	}
	result := mcp.NewToolResultText(fmt.Sprintf("deposited %s, the balance is %s", done.Amount, done.Balance))
	setMeta(result, x402.MetaPaymentResponse, done.Response)
	return result, nil
}

func (s *Shop) refundTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	payload, refused := s.paymentOf(&line, req)
	if refused != nil {
		return s.refuse(ctx, &line, refused)
	}
	done, refused := s.vouchers.Refund(ctx, payload)
	if refused != nil {
		return s.refuse(ctx, &line, refused)
	}
	result := mcp.NewToolResultText(fmt.Sprintf("refunded %s in transaction %s", *done.Amount, done.Transaction))
	setMeta(result, x402.MetaPaymentResponse, done)
	return result, nil
}
