package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// BalanceTool is the tool that a [Proxy] adds: what there is to spend, and what was spent.
const BalanceTool = "chit_balance"

// listTools passes a list of tools on without those that move money, and with the
// proxy's own on its last page.
func (p *Proxy) listTools(ctx context.Context, m message) (message, error) {
	answer, err := p.forward(ctx, m.ID, m.Method, m.Params)
	if err != nil {
		return message{}, err
	}
	if answer.Error != nil {
		var e mcp.JSONRPCErrorDetails
		if json.Unmarshal(answer.Error, &e) != nil || e.Code != mcp.METHOD_NOT_FOUND {
			return answer, nil
		}
		answer = message{Result: json.RawMessage("{}")} // a server without tools
	}
	var fields map[string]json.RawMessage
	var page struct {
		Tools      []json.RawMessage
		NextCursor string
	}
	if err := errors.Join(json.Unmarshal(answer.Result, &fields), json.Unmarshal(answer.Result, &page)); err != nil {
		return message{}, fmt.Errorf("the list of tools of %s cannot be read: %w", p.server, err)
	}
	tools := []json.RawMessage{}
	for _, tool := range page.Tools {
		var named struct{ Name string }
		if json.Unmarshal(tool, &named) == nil && !movesMoney(named.Name) && named.Name != BalanceTool {
			tools = append(tools, tool)
		}
	}
	if page.NextCursor == "" {
		tools = append(tools, balanceTool())
	}
	if fields["tools"], err = json.Marshal(tools); err != nil {
		return message{}, err
	}
	answer.Result, err = json.Marshal(fields)
	return answer, err
}

func balanceTool() json.RawMessage {
	raw, _ := json.Marshal(mcp.NewTool(BalanceTool, // a literal
		mcp.WithDescription("Shows what this wallet can still spend on the tools of this server, and what it has spent. Free."),
		mcp.WithReadOnlyHintAnnotation(true), mcp.WithDestructiveHintAnnotation(false), mcp.WithOpenWorldHintAnnotation(false)))
	return raw
}

// callTool calls a tool, and pays if it costs something.
func (p *Proxy) callTool(ctx context.Context, m message) (message, error) {
	var params map[string]json.RawMessage
	var call struct{ Name string }
	if json.Unmarshal(m.Params, &params) != nil || json.Unmarshal(m.Params, &call) != nil || call.Name == "" {
		return message{Error: rpcError(mcp.INVALID_PARAMS, "tools/call names no tool")}, nil
	}
	switch {
	case call.Name == BalanceTool:
		return p.tellBalance(ctx)
	case movesMoney(call.Name):
		return message{Error: rpcError(mcp.INVALID_PARAMS, call.Name+" is for payment clients: `chit deposit` and `chit refund` use it")}, nil
	}
	var answer message
	receipt, err := p.buy(ctx, p.wantRaw(m.ID, call.Name, params, &answer))
	if receipt.Paid {
		p.logger.Info("paid", "tool", call.Name, "charged", receipt.Charged.Decimal())
	}
	if err == nil {
		return answer, nil
	}
	var rpc rpcFailure
	if errors.As(err, &rpc) {
		return message{Error: rpc.details}, nil
	}
	problem, known := Explain(err)
	if !known {
		return message{}, err
	}
	p.logger.Warn("not paid", "tool", call.Name, "code", problem.Code, "error", err)
	return result(problem.Message+"\n"+strings.ToUpper(problem.Help[:1])+problem.Help[1:]+".", problem, true)
}

// result is that of a tool of the proxy's own.
func result(text string, structured any, failed bool) (message, error) {
	raw, err := json.Marshal(&mcp.CallToolResult{
		Content: []mcp.Content{mcp.NewTextContent(text)}, StructuredContent: structured, IsError: failed,
	})
	return message{Result: raw}, err
}

// rpcFailure is an error that the server answered with.
type rpcFailure struct{ details json.RawMessage }

func (f rpcFailure) Error() string { return string(f.details) }

// wantRaw is a call of a tool whose params and last answer are kept as they are.
func (p *Proxy) wantRaw(id json.RawMessage, tool string, params map[string]json.RawMessage, last *message) *wanted {
	return &wanted{name: tool, send: func(ctx context.Context, paid *x402.PaymentPayload) (*answer, error) {
		stamped, err := withPayment(params, paid)
		if err != nil {
			return nil, err
		}
		got, err := p.forward(ctx, id, string(mcp.MethodToolsCall), stamped)
		if errors.Is(err, transport.ErrSessionTerminated) {
			return nil, err // it was not taken
		}
		if err != nil {
			return nil, silence{err}
		}
		if got.Error != nil {
			return nil, rpcFailure{got.Error}
		}
		*last = got
		return answerOfRaw(got.Result)
	}}
}

// withPayment is the params of a call with a payment in their _meta.
func withPayment(params map[string]json.RawMessage, paid *x402.PaymentPayload) (map[string]json.RawMessage, error) {
	var meta map[string]json.RawMessage
	if raw := params["_meta"]; raw != nil {
		if err := json.Unmarshal(raw, &meta); err != nil {
			return nil, fmt.Errorf("the call's _meta cannot be read: %w", err)
		}
	}
	if paid == nil {
		return params, nil
	}
	if meta == nil {
		meta = make(map[string]json.RawMessage)
	}
	var err error
	if meta[x402.MetaPayment], err = json.Marshal(paid); err != nil {
		return nil, err
	}
	params = maps.Clone(params)
	params["_meta"], err = json.Marshal(meta)
	return params, err
}

// answerOfRaw reads of a result what concerns its payment.
func answerOfRaw(raw json.RawMessage) (*answer, error) {
	var read struct {
		IsError           bool
		StructuredContent json.RawMessage
		Content           []struct{ Text string }
		Meta              map[string]json.RawMessage `json:"_meta"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return nil, silence{fmt.Errorf("the result cannot be read: %w", err)}
	}
	a := &answer{failed: read.IsError}
	if receipt, err := x402.DecodeSettlementResponse(read.Meta[x402.MetaPaymentResponse]); err == nil {
		a.receipt = receipt
	}
	if signed, err := receipts.Parse(read.Meta[metaReceipt]); err == nil {
		a.signed = signed
	}
	if !read.IsError {
		return a, nil
	}
	if required, err := x402.DecodePaymentRequired(read.StructuredContent); err == nil {
		a.required = required
	} else if len(read.Content) > 0 {
		if required, err := x402.DecodePaymentRequired([]byte(read.Content[0].Text)); err == nil {
			a.required = required
		}
	}
	return a, nil
}

// depositTool is where the server takes deposits, nil if it has no tool for them.
func (p *Proxy) depositTool(ctx context.Context) (*wanted, error) {
	answer, err := p.forward(ctx, nil, string(mcp.MethodToolsList), map[string]any{})
	if err != nil {
		return nil, err
	}
	var page struct{ Tools []struct{ Name string } }
	if answer.Error != nil || json.Unmarshal(answer.Result, &page) != nil {
		return nil, nil
	}
	for _, tool := range page.Tools {
		if tool.Name == depositTool {
			var last message
			return p.wantRaw(nil, depositTool, map[string]json.RawMessage{"name": json.RawMessage(`"` + depositTool + `"`)}, &last), nil
		}
	}
	return nil, nil
}

// Balance is what a payer can spend at a server. Amounts are atomic units.
type Balance struct {
	Server string         `json:"server"`
	Payer  common.Address `json:"payer"`
	// Channel is what calls can spend of what is deposited, and Wallet what the payer
	// has outside of channels.
	Channel vouchers.Amount `json:"channel"`
	Wallet  vouchers.Amount `json:"wallet"`
	// Spent is what was spent, Limits what the budgets leave.
	Spent  Spent       `json:"spent"`
	Limits []LimitLeft `json:"limits"`
}

// LimitLeft is a budget with what is left of it, in atomic units.
type LimitLeft struct {
	// Limit says what it is for.
	Limit     string          `json:"limit"`
	Most      vouchers.Amount `json:"most"`
	Remaining vouchers.Amount `json:"remaining"`
}

// Balance tells what there is to spend, by the payer's own book and the chain.
func (p *payer) Balance(ctx context.Context) (Balance, error) {
	b := Balance{Server: p.server, Payer: p.key.Address()}
	var err error
	if b.Wallet, err = p.WalletBalance(ctx); err != nil {
		return Balance{}, err
	}
	entries, err := p.entries()
	if err != nil {
		return Balance{}, err
	}
	for _, entry := range entries {
		b.Channel = plus(b.Channel, entry.Available())
	}
	b.Spent, b.Limits, err = p.purse.report()
	return b, err
}

func (p *Proxy) tellBalance(ctx context.Context) (message, error) {
	b, err := p.Balance(ctx)
	if err != nil {
		return message{}, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "The channel to %s has %s left; the wallet has %s.\n", b.Server, b.Channel, b.Wallet)
	fmt.Fprintf(&text, "Spent: %s today, %s at this server, %s in all.\n", b.Spent.Today, b.Spent.Server, b.Spent.Total)
	for _, limit := range b.Limits {
		fmt.Fprintf(&text, "Budget for %s: %s of %s left.\n", limit.Limit, limit.Remaining, limit.Most)
	}
	return result(text.String(), b, false)
}
