package onmcp

import (
	"context"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// describe adds to the terms of an unpaid call how the tool is called, as the tools of the MCP
// server say it that the call came to. Terms of what cannot be said stay as they are.
func (p *Paywall) describe(ctx context.Context, required *x402.PaymentRequired, name string) {
	if required.Error != x402.ErrPaymentRequired {
		return
	}
	tools := mcpserver.ServerFromContext(ctx)
	if tools == nil {
		return
	}
	tool := tools.GetTool(name)
	if tool == nil {
		return
	}
	var said struct {
		Input  json.RawMessage `json:"inputSchema"`
		Output json.RawMessage `json:"outputSchema"`
	}
	raw, err := json.Marshal(tool.Tool)
	if err == nil {
		err = json.Unmarshal(raw, &said)
	}
	var with x402.Extensions
	if err == nil {
		with, err = extension.AnnounceTool(required.Extensions, extension.SoldTool{
			Name: name, Description: tool.Tool.Description, Input: jsontext.Value(said.Input), Output: jsontext.Value(said.Output),
		})
	}
	if err != nil {
		p.Logger.Debug("how a tool is called cannot be said beside its terms", "tool", name, "error", err)
		return
	}
	required.Extensions = with
}
