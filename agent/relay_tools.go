package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
)

// BalanceTool is the tool that a [Proxy] adds: what there is to spend, and what was spent.
const BalanceTool = "chit_balance"

// listTools passes a list of tools on without those that move money, and with the
// proxy's own on its last page.
func (p *relay) listTools(ctx context.Context, m message) (message, error) {
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
		return message{}, fmt.Errorf("the list of tools of %s cannot be read: %w", p.url, err)
	}
	tools := []json.RawMessage{}
	for _, tool := range page.Tools {
		var named struct{ Name string }
		if json.Unmarshal(tool, &named) == nil && !p.paying.hides(named.Name) && named.Name != BalanceTool {
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

// callTool answers a call of a tool, or leaves it to who pays.
func (p *relay) callTool(ctx context.Context, m message) (message, error) {
	var params map[string]json.RawMessage
	var call struct{ Name string }
	if json.Unmarshal(m.Params, &params) != nil || json.Unmarshal(m.Params, &call) != nil || call.Name == "" {
		return message{Error: rpcError(mcp.INVALID_PARAMS, "tools/call names no tool")}, nil
	}
	switch {
	case call.Name == BalanceTool:
		return p.paying.tellBalance(ctx)
	case p.paying.hides(call.Name):
		return message{Error: rpcError(mcp.INVALID_PARAMS, call.Name+" is for payment clients: `chit deposit`, `chit refund` and `chit credit` use it")}, nil
	}
	return p.paying.call(ctx, m, call.Name, params)
}

// result is that of a tool of the proxy's own.
func result(text string, structured any, failed bool) (message, error) {
	raw, err := json.Marshal(&mcp.CallToolResult{
		Content: []mcp.Content{mcp.NewTextContent(text)}, StructuredContent: structured, IsError: failed,
	})
	return message{Result: raw}, err
}

// rawResult is what is read of a tool's result.
type rawResult struct {
	IsError           bool
	StructuredContent json.RawMessage
	Content           []struct{ Text string }
	Meta              map[string]json.RawMessage `json:"_meta"`
}

func readResult(raw json.RawMessage) (r rawResult, err error) {
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("the result cannot be read: %w", err)
	}
	return r, nil
}

// text is that of the first content.
func (r *rawResult) text() string {
	if len(r.Content) == 0 {
		return ""
	}
	return r.Content[0].Text
}

func (r *rawResult) creditRefusal() *CreditRefusal {
	if !r.IsError {
		return nil
	}
	return readCreditRefusal(r.StructuredContent, r.text())
}
