package server

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

// What a shop refuses to serve an MCP server with: see [Shop.CheckTools].
var (
	ErrNoPaywall = errors.New("its tools would be given away: make the MCP server with shop.ServerOptions()")
	ErrTaskTool  = errors.New("the MCP library runs tasks past the paywall: make it a plain tool, or free")
)

// OwnTools are the names of the tools that [Shop.AddTools] adds.
func OwnTools() []string {
	return []string{CreditTool, CreditGrantTool, DepositTool, ReceiptsTool, RefundTool, StateTool}
}

// Catalog says what the shop does with tools of these names.
func (s *Shop) Catalog(names []string) offer.Catalog {
	return s.rates.Load().Catalog(slices.DeleteFunc(slices.Clone(names), isOwn))
}

// CheckTools says whether a shop can serve an MCP server: one that was made with
// [Shop.ServerOptions], so that its tools are behind the paywall ([ErrNoPaywall]), and
// none of whose priced tools runs as a task ([ErrTaskTool]). [Shop.Serve] and its kin,
// [Shop.Handler] and [Shop.AddTools] ask it, so that a mistake is seen at the start.
func (s *Shop) CheckTools(tools *mcpserver.MCPServer) error {
	seen, err := s.inspect(tools)
	if err != nil {
		return err
	}
	plain := tools.ListTools()
	var tasks []string
	for _, tool := range seen {
		rate := s.rates.Of(tool.Name)
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
	by    *Shop
	seen  bool
	tools []mcp.Tool
}

type inspectionKey struct{}

// inspect lists all tools of an MCP server, also those that no client is shown, as the
// filter among [Shop.ServerOptions] sees them: where it sees none there is no paywall.
func (s *Shop) inspect(tools *mcpserver.MCPServer) ([]mcp.Tool, error) {
	inspection := &inspection{by: s}
	ctx := context.WithValue(context.Background(), inspectionKey{}, inspection)
	tools.HandleMessage(ctx, json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if !inspection.seen {
		return nil, ErrNoPaywall
	}
	return inspection.tools, nil
}

// filter lets clients see, and call, what has a price or is said to be free, and no
// priced tool that would run past the paywall.
func (s *Shop) filter(ctx context.Context, tools []mcp.Tool) []mcp.Tool {
	if inspection, ok := ctx.Value(inspectionKey{}).(*inspection); ok {
		if inspection.by == s {
			inspection.seen, inspection.tools = true, slices.Clone(tools)
		}
		return tools
	}
	if !slices.ContainsFunc(tools, func(tool mcp.Tool) bool { return !s.sells(&tool) }) {
		return tools
	}
	return slices.DeleteFunc(slices.Clone(tools), func(tool mcp.Tool) bool { return !s.sells(&tool) })
}

func (s *Shop) sells(tool *mcp.Tool) bool {
	if isOwn(tool.Name) {
		return true
	}
	rate := s.rates.Of(tool.Name)
	return rate != nil && (rate.Price == 0 || !runsAsTask(*tool))
}

func runsAsTask(tool mcp.Tool) bool {
	return tool.Execution != nil && (tool.Execution.TaskSupport == mcp.TaskSupportOptional || tool.Execution.TaskSupport == mcp.TaskSupportRequired)
}

// begin checks an MCP server before it is served, and says what of it is sold.
func (s *Shop) begin(tools *mcpserver.MCPServer) error {
	if err := s.CheckTools(tools); err != nil {
		return err
	}
	seen, err := s.inspect(tools)
	if err != nil {
		return err
	}
	var names []string
	for _, tool := range seen {
		names = append(names, tool.Name)
	}
	c := s.Catalog(names)
	s.logger.Info("tools", "priced", c.Priced, "free", c.Free)
	if len(c.Hidden) > 0 {
		s.logger.Warn("tools without a price are not shown: give each a price, which may be free", "tools", c.Hidden)
	}
	if len(c.Dead) > 0 {
		s.logger.Warn("prices that no tool has", "patterns", c.Dead)
	}
	return nil
}

// wiring are the MCP servers that a shop has put its tools into.
type wiring struct {
	mu  sync.Mutex // guards all
	all []*mcpserver.MCPServer
}

func (s *Shop) wire(tools *mcpserver.MCPServer) error {
	if _, err := s.inspect(tools); err != nil {
		return err
	}
	s.wired.mu.Lock()
	defer s.wired.mu.Unlock()
	s.wired.all = append(s.wired.all, tools)
	return nil
}

func (s *Shop) checkAll() error {
	s.wired.mu.Lock()
	all := slices.Clone(s.wired.all)
	s.wired.mu.Unlock()
	var problems []error
	for _, tools := range all {
		problems = append(problems, s.CheckTools(tools))
	}
	return errors.Join(problems...)
}
