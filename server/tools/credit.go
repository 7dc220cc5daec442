package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/x402"
)

func (t *Tools) addCredit(tools *mcpserver.MCPServer) {
	text := func(name, what string) mcp.ToolOption { return mcp.WithString(name, mcp.Description(what)) }
	tools.AddTool(mcp.NewTool(onmcp.CreditGrantTool,
		mcp.WithDescription("For payment clients: grants a credit token, or tops one up, for the x402 voucher in _meta."),
		mcp.WithArray("caveats", mcp.WithStringItems(), mcp.Description("limits of the token, such as budget=5000000")),
		text("label", "the payer's own name for the grant"), text("grant", "the grant to top up"), text("amount", "of the top-up, in atomic units"),
		mcp.WithNumber("deadline"), text("signature", "of the order, by the channel's voucher key"),
	), t.grant)
	tools.AddTool(mcp.NewTool(onmcp.CreditTool,
		mcp.WithDescription("What is left of the credit token that this call carries. For payers also: lists and revokes grants."),
		mcp.WithString("action", mcp.Enum("inspect", "list", "revoke"), mcp.Required()),
		text("channel", "the payer's channel"), text("grant", "the grant to revoke; none is the token that the call carries"), text("after", "the last grant of the page before, of a list"),
		mcp.WithNumber("deadline"), text("signature", "of the order, by the channel's voucher key"),
	), t.credit)
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

func (t *Tools) grant(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := t.Paywall.ToolLine(req)
	var a token.GrantArguments
	if err := decodeArguments(req, &a); err != nil {
		return t.Paywall.Failed(ctx, &line, req, err), nil
	}
	order, err := t.Tokens.Order(a)
	if err != nil {
		return t.Paywall.Failed(ctx, &line, req, err), nil
	}
	line.Price = order.Price
	payload, refused := t.Paywall.PayloadOf(req)
	if refused != nil {
		return t.Paywall.Refuse(ctx, &line, refused)
	}
	granted, response, refused, err := t.Tokens.Grant(ctx, &line, order, payload, onmcp.Fingerprint(req))
	switch {
	case refused != nil:
		return t.Paywall.Refuse(ctx, &line, refused)
	case err != nil:
		return t.Paywall.Failed(ctx, &line, req, err), nil
	}
	result := mcp.NewToolResultStructured(granted, fmt.Sprintf("grant %s has %s left", granted.Grant.ID, granted.Grant.Remaining()))
	onmcp.SetMeta(result, x402.MetaPaymentResponse, response)
	return result, nil
}

func (t *Tools) credit(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := t.Paywall.ToolLine(req)
	var a token.Arguments
	if err := decodeArguments(req, &a); err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	answer, err := t.Tokens.Do(ctx, &line, a, onmcp.CreditToken(&req))
	var refused *credit.Refusal
	switch {
	case errors.As(err, &refused):
		return t.Paywall.RefuseCredit(terms.RefuseToken(refused))
	case err != nil:
		return mcp.NewToolResultError(err.Error()), nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode an answer of %s: %w", onmcp.CreditTool, err)
	}
	return mcp.NewToolResultStructured(answer, string(text)), nil
}
