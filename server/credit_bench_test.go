package server_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/shoptest"
)

// BenchmarkCallOnToken makes MCP calls over HTTP, paid with one token and durable when
// they are answered, and the same calls for nothing, in turns. The ratio is the
// throughput of the paid ones as a part of that of the free ones.
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
	run := func(name string, n int) time.Duration {
		began := time.Now()
		var crowd sync.WaitGroup
		for caller := range callers {
			crowd.Go(func() {
				var req mcp.CallToolRequest
				req.Params.Name = name
				for i := caller; i < n; i += callers {
					result, err := client.CallTool(context.Background(), req)
					if err != nil || result.IsError {
						b.Errorf("%v %+v", err, result)
						return
					}
				}
			})
		}
		crowd.Wait()
		return time.Since(began)
	}
	run("work", callers)
	run("free", callers)
	const turns = 8
	var paid, unpaid time.Duration
	n := max(b.N/turns, callers)
	b.ResetTimer()
	for range turns {
		paid += run("work", n)
		unpaid += run("free", n)
	}
	name := fmt.Sprintf("paid.token.%d:", callers)
	b.ReportMetric(float64(turns*n)/paid.Seconds(), name+"calls/s")
	b.ReportMetric(unpaid.Seconds()/paid.Seconds(), name+"ratio")
	b.ReportMetric(0, "ns/op")
}
