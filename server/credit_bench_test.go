package server_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/shoptest"
)

// BenchmarkCallOnToken makes MCP calls over HTTP, paid with one token and durable when
// they are answered, and the same calls for nothing, in turns.
func BenchmarkCallOnToken(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { benchmarkCallOnToken(b, callers) })
	}
}

func benchmarkCallOnToken(b *testing.B, callers int) {
	o := selling(b)
	o.Prices["free"], o.Prices["work"] = "0", "0.000001"
	work := new(tool)
	free := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	}
	shop := shoptest.Open(b, o, work.add, func(s *mcpserver.MCPServer) { s.AddTool(mcp.NewTool("free"), free) })
	c := regular(b, shop, "payer", 50*usdc)
	g := c.granted(macaroon.Scope{Budget: 50 * usdc, PerCall: price}, 0)
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.MaxIdleConns, wire.MaxIdleConnsPerHost = 2*callers, 2*callers
	defer wire.CloseIdleConnections()
	client := withHeader(b, shop.URL, g.Token, transport.WithHTTPBasicClient(&http.Client{Transport: wire}))
	call := func(name string) func(int) error {
		var req mcp.CallToolRequest
		req.Params.Name = name
		return func(int) error {
			result, err := client.CallTool(context.Background(), req)
			if err == nil && result.IsError {
				err = fmt.Errorf("%+v", result)
			}
			return err
		}
	}
	n, name := max(8*callers, 256), fmt.Sprintf("paid.token.%d", callers)
	all := inTurns(b, func() (calls, baseline shoptest.Run) {
		return shoptest.Crowd(b, callers, n, call("work")), shoptest.Crowd(b, callers, n, call("free"))
	})
	all.Report(b, name)
	all.ReportTimes(b, name)
}
