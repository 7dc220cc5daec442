package server_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/shoptest"
)

// BenchmarkCallOnVoucher makes MCP calls over HTTP, each paid by a voucher and durable
// when it is answered, and the same calls for nothing, in turns. Either every caller
// has a channel, or all share one.
func BenchmarkCallOnVoucher(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256} {
		name := fmt.Sprintf("paid.voucher.%d", callers)
		b.Run(name, func(b *testing.B) { benchmarkCallOnVoucher(b, name, callers, callers) })
	}
	for _, callers := range []int{16, 64, 256} {
		name := fmt.Sprintf("paid.voucher.shared.%d", callers)
		b.Run(name, func(b *testing.B) { benchmarkCallOnVoucher(b, name, callers, 1) })
	}
}

func benchmarkCallOnVoucher(b *testing.B, name string, callers, channels int) {
	o := selling(b)
	o.Prices["work"] = "0.000001"
	free := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	}
	shop := shoptest.Open(b, o, new(tool).add, func(s *mcpserver.MCPServer) { s.AddTool(mcp.NewTool("free"), free) })
	wire := shoptest.NewWire(b, callers)
	terms, key := wire.Terms(shop.URL, "work"), shoptest.Key(b, "payer")
	regulars := make([]*shoptest.Regular, channels)
	for i := range regulars {
		regulars[i] = shoptest.NewRegular(b, terms, "work", key, shoptest.OpenUnbacked(b, shop, terms, key, i))
	}
	paid := make([][]byte, max(16*callers, 256))
	unpaid := slices.Repeat([][]byte{shoptest.CallBody(b, "free", nil)}, len(paid))
	var all shoptest.Comparison
	turn := func() (calls, baseline shoptest.Run) {
		for i := range paid {
			paid[i] = regulars[i%channels].Next()
		}
		calls = wire.Send(callers, shop.URL, paid, `"x402/payment-response":{"success":true`)
		return calls, wire.Send(callers, shop.URL, unpaid, `"text":"done"`)
	}
	turn() // from here on the keys are known
	b.ResetTimer()
	for all.Calls() < b.N && !b.Failed() {
		all.Add(turn())
	}
	b.StopTimer()
	all.Report(b, name)
	all.ReportTimes(b, name)
}
