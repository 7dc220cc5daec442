package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/short"
)

// BalanceTool is the tool that a proxy adds: what there is to spend, and what was spent.
const BalanceTool = "chit_balance"

// MetaCredit is the key under which a result tells what was charged to a credit token.
const MetaCredit = "chit/credit"

// listTools passes a list of tools on without those that move money, and with the
// proxy's own on its last page.
func (p *Relay) listTools(ctx context.Context, m Message) (Message, error) {
	answer, err := p.Forward(ctx, m.ID, m.Method, m.Params)
	if err != nil {
		return Message{}, err
	}
	if answer.Error != nil {
		var e mcp.JSONRPCErrorDetails
		if json.Unmarshal(answer.Error, &e) != nil || e.Code != mcp.METHOD_NOT_FOUND {
			return answer, nil
		}
		answer = Message{Result: json.RawMessage("{}")} // a server without tools
	}
	page, err := p.ReadToolPage(answer.Result)
	if err != nil {
		return Message{}, fmt.Errorf("the list of tools of %s cannot be read: %w", p.url, err)
	}
	tools := []json.RawMessage{}
	for _, tool := range page.Tools {
		name, meta, err := ReadTool(tool)
		if err != nil {
			p.logger.Warn("a tool of the server is left out", "error", err)
			continue
		}
		if !isOwn(name) {
			tools = append(tools, tool)
			p.paying.Sees(name, meta)
		}
	}
	if page.Next == "" {
		tools = append(tools, balanceTool())
	}
	if page.fields["tools"], err = json.Marshal(tools); err != nil {
		return Message{}, err
	}
	answer.Result, err = json.Marshal(page.fields)
	return answer, err
}

// ToolPage is a page of a server's list of tools.
type ToolPage struct {
	fields map[string]json.RawMessage
	Tools  []json.RawMessage
	Next   string
}

// ReadToolPage reads a page of the server's list of tools. Errors wrap [dial.ErrLimit] where it
// has too many.
func (p *Relay) ReadToolPage(raw json.RawMessage) (page ToolPage, err error) {
	if page.fields, err = exactly(raw); err != nil {
		return page, err
	}
	err = errors.Join(member(page.fields, "tools", &page.Tools), member(page.fields, "nextCursor", &page.Next))
	if err == nil && len(page.Tools) > p.limits.Entries {
		err = dial.Over("Entries", p.limits.Entries, "a page has more entries")
	}
	return page, err
}

// ReadTool reads the name of a tool in a list, and its _meta.
func ReadTool(raw json.RawMessage) (name string, meta map[string]json.RawMessage, err error) {
	fields, err := exactly(raw)
	if err != nil {
		return "", nil, err
	}
	if err := errors.Join(member(fields, "name", &name), member(fields, "_meta", &meta)); err != nil {
		return "", nil, err
	}
	return name, meta, naming.Check(name)
}

// ownPrefix begins the names of the tools that this protocol has at a server: they are
// for payment clients, and move the payer's money.
const ownPrefix = "chit_"

// isOwn says whether a tool is one of the protocol's own, in whatever case.
func isOwn(tool string) bool {
	return len(tool) >= len(ownPrefix) && strings.EqualFold(tool[:len(ownPrefix)], ownPrefix)
}

func balanceTool() json.RawMessage {
	raw, _ := json.Marshal(mcp.NewTool(BalanceTool, // a literal
		mcp.WithDescription("Shows what this wallet can still spend on the tools of this server, and what it has spent. Free."),
		mcp.WithReadOnlyHintAnnotation(true), mcp.WithDestructiveHintAnnotation(false), mcp.WithOpenWorldHintAnnotation(false)))
	return raw
}

// callTool answers a call of a tool, or leaves it to who pays.
func (p *Relay) callTool(ctx context.Context, m Message) (Message, error) {
	params, tool, err := readCall(m.Params)
	if err != nil {
		return Message{Error: rpcError(mcp.INVALID_PARAMS, "tools/call: "+err.Error())}, nil
	}
	switch {
	case tool == BalanceTool:
		return p.paying.TellBalance(ctx)
	case strings.HasPrefix(tool, x402.ResourcePrefix), strings.HasPrefix(tool, x402.PromptPrefix):
		return Message{Error: rpcError(mcp.INVALID_PARAMS, naming.Short(tool)+" is the name of a resource or a prompt, and no tool's")}, nil
	case isOwn(tool):
		return Message{Error: rpcError(mcp.INVALID_PARAMS, tool+" is for payment clients: `chit deposit`, `chit refund` and `chit credit` use it")}, nil
	}
	if m.Params, err = json.Marshal(params); err != nil {
		return Message{}, err
	}
	return p.paying.Call(ctx, m, tool, params)
}

// readCall reads the params of a call of a tool.
func readCall(raw json.RawMessage) (params map[string]json.RawMessage, tool string, err error) {
	return readParams(raw, "name", "")
}

// readParams reads the params of a request that may cost money, and the name of what it asks for,
// which begins with a prefix. It leaves out the payments that the client may have put there: it is
// the proxy that pays.
func readParams(raw json.RawMessage, of, prefix string) (params map[string]json.RawMessage, name string, err error) {
	if params, err = exactly(raw); err != nil {
		return nil, "", err
	}
	if err := member(params, of, &name); err != nil {
		return nil, "", err
	}
	if err := naming.Check(name); err != nil {
		return nil, "", err
	}
	name = prefix + name
	if IsNull(params["_meta"]) {
		return params, name, nil
	}
	meta, err := exactly(params["_meta"])
	if err != nil {
		return nil, "", fmt.Errorf("_meta: %w", err)
	}
	for _, payment := range []string{x402.MetaPayment, short.MetaPay, mpp.MetaCredential, MetaCredit} {
		delete(meta, payment)
	}
	params["_meta"], err = json.Marshal(meta)
	return params, name, err
}

// OwnResult is that of a tool of the proxy's own.
func OwnResult(text string, structured any, failed bool) (Message, error) {
	raw, err := json.Marshal(&mcp.CallToolResult{
		Content: []mcp.Content{mcp.NewTextContent(text)}, StructuredContent: structured, IsError: failed,
	})
	return Message{Result: raw}, err
}

// Result is what is read of a tool's result.
type Result struct {
	IsError           bool
	StructuredContent json.RawMessage
	Content           []struct{ Text string }
	Meta              map[string]json.RawMessage
}

// ReadResult reads the result of a tool. One that two readers could read in two ways is an error.
func ReadResult(raw json.RawMessage) (r Result, err error) {
	fields, err := exactly(raw)
	if err == nil {
		r.StructuredContent = fields["structuredContent"]
		err = errors.Join(member(fields, "isError", &r.IsError), member(fields, "content", &r.Content))
	}
	if err == nil && !IsNull(fields["_meta"]) {
		r.Meta, err = exactly(fields["_meta"])
	}
	if err != nil {
		return r, fmt.Errorf("the result cannot be read: %w", err)
	}
	return r, nil
}

// Text is that of the first content.
func (r *Result) Text() string {
	if len(r.Content) == 0 {
		return ""
	}
	return r.Content[0].Text
}
