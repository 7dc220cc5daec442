package server

import (
	"net/http"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
)

// Middleware sells what next does: a [mcpserver.ToolHandlerMiddleware], which
// [Shop.ServerOptions] have. Free tools pass, and tools without a price are refused. It
// sees plain tool calls: a tool with task support cannot be sold (see [onmcp.ErrTaskTool]).
func (s *Shop) Middleware(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return s.paywall.Middleware(next)
}

// AddTools adds the tools that take deposits, give refunds, grant credit tokens, give
// receipts again and tell payers where their channels stand. It panics with [onmcp.ErrNoPaywall]
// where the MCP server was made without [Shop.ServerOptions]: a mistake in the program, by
// which all would be given away.
func (s *Shop) AddTools(tools *mcpserver.MCPServer) {
	if err := s.paywall.Wire(tools); err != nil {
		panic(err)
	}
	s.tools.Add(tools)
}

// CheckTools says whether a shop can serve an MCP server: one that was made with
// [Shop.ServerOptions], so that its tools are behind the paywall ([onmcp.ErrNoPaywall]), and
// none of whose priced tools runs as a task ([onmcp.ErrTaskTool]). [Shop.Serve] and its kin,
// [Shop.Handler] and [Shop.AddTools] ask it, so that a mistake is seen at the start.
func (s *Shop) CheckTools(tools *mcpserver.MCPServer) error { return s.paywall.CheckTools(tools) }

// Catalog says what the shop does with tools of these names.
func (s *Shop) Catalog(names []string) offer.Catalog { return s.paywall.Catalog(names) }

// Guard stands in front of an MCP server over HTTP and bounds what a request may hold and cost
// before anybody has paid for it, as [onmcp.Paywall.Guard] does. [Shop.Handler] has it. A handler
// of the seller's own needs it:
//
//	handler := shop.Guard(mcpserver.NewStreamableHTTPServer(tools))
func (s *Shop) Guard(next http.Handler) http.Handler { return s.paywall.Guard(next) }

// SellHTTP sells what next answers, by the HTTP transport of x402, as [onhttp.Seller.Sell] does.
func (s *Shop) SellHTTP(o HTTPOffer, next http.Handler) http.Handler { return s.routes.Sell(o, next) }
