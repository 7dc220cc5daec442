package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

// BenchmarkCallOnVoucher makes MCP calls over HTTP, each paid by a voucher and durable
// when it is answered, and the same calls for nothing, in turns. Either every caller
// has a channel, or all share one, in which a voucher must not be overtaken by some
// hundreds of others.
func BenchmarkCallOnVoucher(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256} {
		name := fmt.Sprintf("paid.voucher.%d", callers)
		b.Run(name, func(b *testing.B) { benchmarkCallOnVoucher(b, name, callers, callers) })
	}
	for _, callers := range []int{16, 64} {
		name := fmt.Sprintf("paid.voucher.shared.%d", callers)
		b.Run(name, func(b *testing.B) { benchmarkCallOnVoucher(b, name, callers, 1) })
	}
}

func benchmarkCallOnVoucher(b *testing.B, name string, callers, channels int) {
	shop, regulars := openToRegulars(b, channels)
	wire := shoptest.NewWire(b, callers)
	paid := make([][]byte, max(16*callers, 256))
	unpaid := slices.Repeat([][]byte{shoptest.CallBody(b, "free", nil)}, len(paid))
	all := inTurns(b, func() (calls, baseline shoptest.Run) {
		for i := range paid {
			paid[i] = regulars[i%channels].Next()
		}
		calls = wire.Send(callers, shop.URL, paid, `"x402/payment-response":{"success":true`)
		return calls, wire.Send(callers, shop.URL, unpaid, `"text":"done"`)
	})
	all.Report(b, name)
	all.ReportTimes(b, name)
	if callers == 1 {
		all.ReportAdded(b, name)
	}
}

// BenchmarkClientOnVoucher is the same through the client of mcp-go, as the figures of
// tokens are: what a client does for any call is then a part of both.
func BenchmarkClientOnVoucher(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		name := fmt.Sprintf("paid.voucher.client.%d", callers)
		b.Run(name, func(b *testing.B) { benchmarkClientOnVoucher(b, name, callers) })
	}
}

func benchmarkClientOnVoucher(b *testing.B, name string, callers int) {
	shop, regulars := openToRegulars(b, callers)
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.MaxIdleConns, wire.MaxIdleConnsPerHost = 2*callers, 2*callers
	defer wire.CloseIdleConnections()
	client := withHeader(b, shop.URL, "", transport.WithHTTPBasicClient(&http.Client{Transport: wire}))
	payments := make([]json.RawMessage, max(8*callers, 256))
	call := func(name string, meta *mcp.Meta) error {
		var req mcp.CallToolRequest
		req.Params.Name, req.Params.Meta = name, meta
		result, err := client.CallTool(context.Background(), req)
		if err == nil && result.IsError {
			err = fmt.Errorf("%+v", result)
		}
		return err
	}
	all := inTurns(b, func() (calls, baseline shoptest.Run) {
		for i := range payments {
			payments[i] = regulars[i%callers].NextPayment()
		}
		calls = shoptest.Crowd(b, callers, len(payments), func(i int) error {
			return call("work", &mcp.Meta{AdditionalFields: map[string]any{x402.MetaPayment: payments[i]}})
		})
		return calls, shoptest.Crowd(b, callers, len(payments), func(int) error { return call("free", nil) })
	})
	all.Report(b, name)
	all.ReportTimes(b, name)
}

// openToRegulars opens a shop that sells "work" and gives "free" away, and so many
// channels in it.
func openToRegulars(b *testing.B, channels int) (*shoptest.Shop, []*shoptest.Regular) {
	o := selling(b)
	o.Prices["work"], o.Prices["free"] = "0.000001", server.Free
	free := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	}
	shop := shoptest.Open(b, o, new(tool).add, func(s *mcpserver.MCPServer) { s.AddTool(mcp.NewTool("free"), free) })
	terms, key := shoptest.NewWire(b, 1).Terms(shop.URL, "work"), shoptest.Key(b, "payer")
	regulars := make([]*shoptest.Regular, channels)
	for i := range regulars {
		regulars[i] = shoptest.NewRegular(b, terms, "work", key, shoptest.OpenUnbacked(b, shop, terms, key, i))
	}
	return shop, regulars
}

// inTurns makes turns of calls until there are b.N, after one for the keys to be known.
func inTurns(b *testing.B, turn func() (calls, baseline shoptest.Run)) (all shoptest.Comparison) {
	turn()
	b.ResetTimer()
	for all.Calls() < b.N && !b.Failed() {
		all.Add(turn())
	}
	b.StopTimer()
	return all
}
