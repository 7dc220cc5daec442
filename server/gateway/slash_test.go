package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

func said(what string) func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(what), nil
	}
}

func TestANameWithASlashIsPricedAllowedAndDeniedLikeAnyOther(t *testing.T) {
	web := serveHTTP(t, "web")
	for _, name := range []string{"admin/users", "admin/deep/users", "get/sum"} {
		web.tool(name, said(name))
	}
	s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  it: {url: %q, allow: ['get*', 'admin*', echo], deny: ['admin*']}\n", web.url()))
	client := s.buyer(t)
	if got := names(t, client.MCP()); !slices.Equal(got, []string{"echo", "get/sum"}) {
		t.Errorf("the tools are %v", got)
	}
	if got := textOf(t, buy(t, client, 1_000, "get/sum", nil)); got != "get/sum" {
		t.Errorf("it says %q", got)
	}
}

func TestAnUpstreamsNameIsNeverReadAsAPattern(t *testing.T) {
	web := serveHTTP(t, "web")
	web.tool("*", said("a tool with the name of all"))
	s := sell(t, fmt.Sprintf("prices: {'*': 0.003}\nupstreams:\n  it: {url: %q, allow: ['*'], prices: {'*': 0.001, echo: 0.002}}\n", web.url()))
	client := s.buyer(t)
	if slices.Contains(names(t, client.MCP()), "*") {
		t.Error("a tool that is called like a pattern is sold")
	}
	s.log.wait(t, 1, "its name has characters that patterns are made of")
	buy(t, client, 2_000, "echo", nil)
}
