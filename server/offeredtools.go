package server

import (
	"cmp"
	"context"
	"slices"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/terms"
)

// offeredTools are the tools of the MCP server that the request came to, by price.
func offeredTools(ctx context.Context, s *Shop) []terms.PricedTool {
	server := mcpserver.ServerFromContext(ctx)
	if server == nil {
		return nil
	}
	var all []terms.PricedTool
	for name := range server.ListTools() {
		if rate := s.rates.Of(name); rate != nil && !isOwn(name) {
			all = append(all, terms.PricedTool{Name: name, Price: rate.Price})
		}
	}
	slices.SortFunc(all, func(a, b terms.PricedTool) int {
		return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(a.Name, b.Name))
	})
	return all
}
