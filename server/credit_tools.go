package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/x402"
)

// The tools that [Shop.AddTools] adds for credit tokens.
const (
	// CreditGrantTool sells budgets and top-ups: the voucher in the call's _meta pays for
	// one, and the order in the arguments is signed by the same key.
	CreditGrantTool = "chit_credit_grant"
	// CreditTool looks at grants and ends them, by an order of the payer or for the
	// token that the call carries.
	CreditTool = "chit_credit"
)

func (s *Shop) addCreditTools(tools *mcpserver.MCPServer) {
	text := func(name, what string) mcp.ToolOption { return mcp.WithString(name, mcp.Description(what)) }
	tools.AddTool(mcp.NewTool(CreditGrantTool,
		mcp.WithDescription("For payment clients: grants a credit token, or tops one up, for the x402 voucher in _meta."),
		mcp.WithArray("caveats", mcp.WithStringItems(), mcp.Description("limits of the token, such as budget=5000000")),
		text("label", "the payer's own name for the grant"), text("grant", "the grant to top up"), text("amount", "of the top-up, in atomic units"),
		mcp.WithNumber("deadline"), text("signature", "of the order, by the channel's voucher key"),
	), s.creditGrantTool)
	tools.AddTool(mcp.NewTool(CreditTool,
		mcp.WithDescription("What is left of the credit token that this call carries. For payers also: lists and revokes grants."),
		mcp.WithString("action", mcp.Enum("inspect", "list", "revoke"), mcp.Required()),
		text("channel", "the payer's channel"), text("grant", "the grant to revoke; none is the token that the call carries"), text("after", "the last grant of the page before, of a list"),
		mcp.WithNumber("deadline"), text("signature", "of the order, by the channel's voucher key"),
	), s.creditTool)
}

// decodeArguments reads a tool's arguments strictly.
func decodeArguments(req mcp.CallToolRequest, into any) error {
	raw := []byte(req.Params.RawArguments)
	if len(raw) == 0 {
		var err error
		if raw, err = json.Marshal(req.Params.Arguments); err != nil {
			return err
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the arguments: %w", err)
	}
	return nil
}

func (s *Shop) creditGrantTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	var a token.GrantArguments
	if err := decodeArguments(req, &a); err != nil {
		return s.failed(ctx, &line, req, err), nil
	}
	order, err := s.tokens.Order(a)
	if err != nil {
		return s.failed(ctx, &line, req, err), nil
	}
	line.Price = order.Price
	payload, refused := s.paymentOf(&line, req)
	if refused != nil {
		return s.refuse(ctx, &line, refused)
	}
	granted, response, refused, err := s.tokens.Grant(ctx, order, payload, fingerprint(req))
	switch {
	case refused != nil:
		return s.refuse(ctx, &line, refused)
	case err != nil:
		return s.failed(ctx, &line, req, err), nil
	}
	result := mcp.NewToolResultStructured(granted, fmt.Sprintf("grant %s has %s left", granted.Grant.ID, granted.Grant.Remaining()))
	setMeta(result, x402.MetaPaymentResponse, response)
	return result, nil
}

// failed is an error of one of the shop's own tools. The payment that came with the call
// is answered with a receipt of nothing, so that its payer has it back.
func (s *Shop) failed(ctx context.Context, l *sale.Line, req mcp.CallToolRequest, err error) *mcp.CallToolResult {
	result := mcp.NewToolResultError(err.Error())
	l.Price = 0
	payload, refused := s.paymentOf(l, req)
	l.Refuse(ctx, slog.LevelInfo, sale.CodeFailed, err.Error())
	if refused != nil {
		return result
	}
	if response, ok := s.vouchers.Nothing(payload); ok {
		setMeta(result, x402.MetaPaymentResponse, response)
	}
	return result
}

func (s *Shop) creditTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	var a token.Arguments
	if err := decodeArguments(req, &a); err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	answer, err := s.tokens.Do(ctx, &line, a, creditToken(&req))
	var refused *credit.Refusal
	switch {
	case errors.As(err, &refused):
		return s.refuseCredit(terms.RefuseToken(refused))
	case err != nil:
		return mcp.NewToolResultError(err.Error()), nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode an answer of %s: %w", CreditTool, err)
	}
	return mcp.NewToolResultStructured(answer, string(text)), nil
}
