package onmcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
)

// What a shop refuses to serve an MCP server with: see server.Shop.CheckTools.
var (
	ErrNoPaywall = errors.New("its tools would be given away: let the shop sell the MCP server: shop.Sell(tools)")
	ErrTaskTool  = errors.New("the MCP library runs tasks past the paywall: make it a plain tool, or free")
)

// Catalog says what the shop does with tools of these names.
func (p *Paywall) Catalog(names []string) offer.Catalog {
	return p.Tariff.Load().Catalog(slices.DeleteFunc(slices.Clone(names), isOwn))
}

// CheckTools says whether an MCP server can be served: one whose tools are behind the paywall,
// or else the error is [ErrNoPaywall], and none of whose priced tools runs as a task
// ([ErrTaskTool]).
func (p *Paywall) CheckTools(tools *mcpserver.MCPServer) error {
	seen, err := p.inspect(tools)
	if err != nil {
		return err
	}
	plain := tools.ListTools()
	var tasks []string
	for _, tool := range seen {
		rate := p.Tariff.Of(tool.Name)
		if priced := rate != nil && rate.Price > 0; priced && (plain[tool.Name] == nil || runsAsTask(tool)) {
			tasks = append(tasks, tool.Name)
		}
	}
	if len(tasks) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(tasks, ", "), ErrTaskTool)
	}
	return nil
}

// inspection is what the filter of a shop has seen.
type inspection struct {
	by    *Paywall
	seen  bool
	tools []mcp.Tool
}

type inspectionKey struct{}

// inspect lists all tools of an MCP server, also those that no client is shown, as the
// filter sees them: where it sees none there is no paywall.
func (p *Paywall) inspect(tools *mcpserver.MCPServer) ([]mcp.Tool, error) {
	inspection := &inspection{by: p}
	ctx := context.WithValue(context.Background(), inspectionKey{}, inspection)
	tools.HandleMessage(ctx, json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if !inspection.seen {
		return nil, ErrNoPaywall
	}
	return inspection.tools, nil
}

// Filter lets clients see, and call, what has a price or is said to be free, and no
// priced tool that would run past the paywall.
func (p *Paywall) filter(ctx context.Context, tools []mcp.Tool) []mcp.Tool {
	if inspection, ok := ctx.Value(inspectionKey{}).(*inspection); ok {
		if inspection.by == p {
			inspection.seen, inspection.tools = true, slices.Clone(tools)
		}
		return tools
	}
	if !slices.ContainsFunc(tools, func(tool mcp.Tool) bool { return !p.sells(&tool) }) {
		return tools
	}
	return slices.DeleteFunc(slices.Clone(tools), func(tool mcp.Tool) bool { return !p.sells(&tool) })
}

func (p *Paywall) sells(tool *mcp.Tool) bool {
	if isOwn(tool.Name) {
		return true
	}
	rate := p.Tariff.Of(tool.Name)
	return rate != nil && !hasPrefix(tool.Name) && (rate.Price == 0 || !runsAsTask(*tool))
}

func runsAsTask(tool mcp.Tool) bool {
	return tool.Execution != nil && (tool.Execution.TaskSupport == mcp.TaskSupportOptional || tool.Execution.TaskSupport == mcp.TaskSupportRequired)
}

// Begin checks an MCP server before it is served, and says what of it is sold.
func (p *Paywall) Begin(tools *mcpserver.MCPServer) error {
	if err := p.CheckTools(tools); err != nil {
		return err
	}
	seen, err := p.inspect(tools)
	if err != nil {
		return err
	}
	var names []string
	for _, tool := range seen {
		names = append(names, tool.Name)
	}
	c := p.Catalog(names)
	p.Logger.Info("tools", "priced", c.Priced, "free", c.Free)
	if len(c.Hidden) > 0 {
		p.Logger.Warn("tools without a price are not shown: give each a price, which may be free", "tools", c.Hidden)
	}
	if len(c.Dead) > 0 {
		p.Logger.Warn("prices that no tool has", "patterns", c.Dead)
	}
	return nil
}

// wiring are the MCP servers that a shop has put its tools into.
type wiring struct {
	mu      sync.Mutex // guards what follows
	all     []*mcpserver.MCPServer
	passing []*mcpserver.MCPServer // those whose notes are passed by them
}

// passes says of an MCP server, once, that its notes are to pass it by.
func (w *wiring) passes(tools *mcpserver.MCPServer) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(w.passing, tools) || !slices.Contains(w.all, tools) {
		return false
	}
	w.passing = append(w.passing, tools)
	return true
}

// Wrap puts an MCP server behind the paywall. It reports false, and does nothing, where it was
// behind it before.
func (p *Paywall) Wrap(tools *mcpserver.MCPServer) bool {
	p.wired.mu.Lock()
	defer p.wired.mu.Unlock()
	if slices.Contains(p.wired.all, tools) {
		return false
	}
	p.wired.all = append(p.wired.all, tools)
	for _, wrap := range []mcpserver.ServerOption{
		mcpserver.WithToolCapabilities(true),
		mcpserver.WithRecovery(),
		mcpserver.WithToolHandlerMiddleware(p.middleware),
		mcpserver.WithToolFilter(p.filter),
		mcpserver.WithResourceHandlerMiddleware(p.resources),
		mcpserver.WithPromptHandlerMiddleware(p.prompts),
		mcpserver.WithPromptFilter(p.shownPrompts),
	} {
		wrap(tools)
	}
	if tools.GetHooks() == nil {
		mcpserver.WithHooks(new(mcpserver.Hooks))(tools)
	}
	tools.GetHooks().AddAfterListTools(p.announce)
	tools.GetHooks().AddAfterListResources(p.announceResources)
	tools.GetHooks().AddAfterListResourceTemplates(p.announceTemplates)
	tools.GetHooks().AddAfterListPrompts(p.announcePrompts)
	tools.GetHooks().AddBeforeReadResource(p.beginReading)
	tools.GetHooks().AddAfterReadResource(p.noteReading)
	tools.GetHooks().AddAfterInitialize(p.instruct)
	tools.GetHooks().AddAfterDiscover(p.discover)
	return true
}

// CheckAll is [Paywall.CheckTools] of all MCP servers behind the paywall.
func (p *Paywall) CheckAll() error {
	p.wired.mu.Lock()
	all := slices.Clone(p.wired.all)
	p.wired.mu.Unlock()
	var problems []error
	for _, tools := range all {
		problems = append(problems, p.CheckTools(tools))
	}
	return errors.Join(problems...)
}
