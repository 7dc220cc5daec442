package agent_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
)

// free adds the tool "work" once more under a name that is free.
func free(s *mcpserver.MCPServer) {
	s.AddTool(mcp.NewTool("free"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
}

// BenchmarkPaidCalls reports the paid calls per second of one client, and their share
// of the same calls for free, with so many in flight. Both are measured in turns of the
// same run. "budgeted" counts every call durably against a budget before it is paid.
func BenchmarkPaidCalls(b *testing.B) {
	for _, policy := range []struct {
		name string
		agent.Policy
	}{{name: "unlimited", Policy: agent.Policy{MaxPrice: agent.Unlimited}}, {name: "budgeted", Policy: agent.Policy{Total: 1 << 60}}} {
		for _, inFlight := range []int{1, 4, 16, 64} {
			b.Run(fmt.Sprintf("%s/inflight=%d", policy.name, inFlight), func(b *testing.B) {
				shop := shoptest.Open(b, selling(b, "0.000001"), work, free)
				o := options(b)
				o.Policy = policy.Policy
				client := funded(b, shop.URL, o)
				calls(b, client, "free", inFlight, inFlight)
				calls(b, client, "work", inFlight, inFlight)
				const turn = 256
				var freeTime, paidTime time.Duration
				b.ResetTimer()
				done := 0
				for done < b.N {
					n := min(turn, b.N-done)
					freeTime += calls(b, client, "free", n, inFlight)
					paidTime += calls(b, client, "work", n, inFlight)
					done += n
				}
				figure := fmt.Sprintf("agent.paid.%s.%d", policy.name, inFlight)
				b.ReportMetric(float64(b.N)/paidTime.Seconds(), figure+":calls/s")
				b.ReportMetric(freeTime.Seconds()/paidTime.Seconds(), figure+":ratio")
			})
		}
	}
}

// calls makes n calls of a tool, so many at once, and returns how long they took.
func calls(b *testing.B, client *agent.Client, tool string, n, inFlight int) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	var started atomic.Int64
	for range inFlight {
		all.Go(func() {
			for started.Add(1) <= int64(n) {
				if _, receipt, err := client.CallTool(b.Context(), tool, nil); err != nil || receipt.Paid != (tool == "work") {
					b.Errorf("%s: %+v, %v", tool, receipt, err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}
