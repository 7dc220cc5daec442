package server_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// form is how vouchers are written, and their answers.
type form struct {
	name string // of the figures
	// next is the _meta of a regular's next call.
	next func(*shoptest.Regular) map[string]any
	// told is in every answer that was paid for.
	told string
}

var forms = []form{
	{"paid.voucher", func(r *shoptest.Regular) map[string]any {
		return map[string]any{x402.MetaPayment: r.NextPayment()}
	}, `"x402/payment-response":{"success":true`},
	{"paid.voucher.short", func(r *shoptest.Regular) map[string]any {
		return map[string]any{short.MetaPay: r.NextShort()}
	}, `"` + short.MetaPaid + `":"AQ`},
}

// BenchmarkCallOnVoucher makes MCP calls over HTTP, each paid by a voucher and durable
// when it is answered, and the same calls for nothing, in turns. Either every caller
// has a channel, or all share one, in which a voucher must not be overtaken by some
// hundreds of others.
func BenchmarkCallOnVoucher(b *testing.B) {
	for _, f := range forms {
		for _, callers := range []int{1, 16, 64, 256} {
			name := fmt.Sprintf("%s.%d", f.name, callers)
			b.Run(name, func(b *testing.B) { benchmarkCallOnVoucher(b, f, name, callers, callers) })
		}
	}
	for _, callers := range []int{16, 64} {
		name := fmt.Sprintf("paid.voucher.shared.%d", callers)
		b.Run(name, func(b *testing.B) { benchmarkCallOnVoucher(b, forms[0], name, callers, 1) })
	}
}

func benchmarkCallOnVoucher(b *testing.B, f form, name string, callers, channels int) {
	shop, regulars := openToRegulars(b, channels)
	wire := shoptest.NewWire(b, callers)
	paid := make([][]byte, max(16*callers, 256))
	unpaid := slices.Repeat([][]byte{shoptest.CallBody(b, "free", nil)}, len(paid))
	all := inTurns(b, func() (calls, baseline shoptest.Run) {
		for i := range paid {
			paid[i] = shoptest.CallBodyWith(b, "work", f.next(regulars[i%channels]))
		}
		calls = wire.Send(callers, shop.URL, paid, f.told)
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
	for _, f := range forms {
		for _, callers := range []int{1, 64, 1024} {
			name := fmt.Sprintf("%s.%d", strings.Replace(f.name, "voucher", "voucher.client", 1), callers)
			b.Run(name, func(b *testing.B) { benchmarkClientOnVoucher(b, f, name, callers) })
		}
	}
}

func benchmarkClientOnVoucher(b *testing.B, f form, name string, callers int) {
	shop, regulars := openToRegulars(b, callers)
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.MaxIdleConns, wire.MaxIdleConnsPerHost = 2*callers, 2*callers
	defer wire.CloseIdleConnections()
	client := withHeader(b, shop.URL, "", transport.WithHTTPBasicClient(&http.Client{Transport: wire}))
	payments := make([]map[string]any, max(8*callers, 256))
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
			payments[i] = f.next(regulars[i%callers])
		}
		calls = shoptest.Crowd(b, callers, len(payments), func(i int) error {
			return call("work", &mcp.Meta{AdditionalFields: payments[i]})
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
