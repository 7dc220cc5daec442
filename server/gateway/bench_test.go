package gateway_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/shoptest"
)

// BenchmarkCallThroughGateway makes calls of an upstream's tool through the gateway,
// for nothing or paid by vouchers of one channel, and the same calls to the upstream itself, in turns.
func BenchmarkCallThroughGateway(b *testing.B) {
	for _, tool := range []string{"free", "paid"} {
		for _, callers := range []int{1, 64} {
			name := fmt.Sprintf("gateway.call.%s.%d", tool, callers)
			b.Run(name, func(b *testing.B) { benchmarkGateway(b, name, tool, callers) })
		}
	}
}

func benchmarkGateway(b *testing.B, name, tool string, callers int) {
	upstream := mcpserver.NewMCPServer("web", "1")
	upstream.AddTool(mcp.NewTool(tool), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
	web := httptest.NewServer(mcpserver.NewStreamableHTTPServer(upstream, mcpserver.WithStateLess(true)))
	b.Cleanup(web.Close)
	s := sell(b, fmt.Sprintf("prices: {paid: 0.000001, '*': free}\nupstreams:\n  it: {url: %q}\n", web.URL))
	wire := shoptest.NewWire(b, callers)
	plain := shoptest.CallBody(b, tool, nil)
	next := func() []byte { return plain }
	if tool == "paid" {
		s.buyer(b)
		for channel := range s.shop.Ledger.Channels() {
			next = shoptest.NewRegular(b, wire.Terms(s.url(), tool), tool, shoptest.Key(b, "payer"), channel.Config).Next
		}
	}
	sold := make([][]byte, max(16*callers, 256))
	direct := slices.Repeat([][]byte{plain}, len(sold))
	var all shoptest.Comparison
	turn := func() (calls, baseline shoptest.Run) {
		for i := range sold {
			sold[i] = next()
		}
		calls = wire.Send(callers, s.url(), sold, `"text":"done"`)
		return calls, wire.Send(callers, web.URL, direct, `"text":"done"`)
	}
	turn()
	b.ResetTimer()
	for all.Calls() < b.N && !b.Failed() {
		all.Add(turn())
	}
	b.StopTimer()
	all.Report(b, name)
	all.ReportAdded(b, name)
}
