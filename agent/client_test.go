package agent_test

import (
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/shoptest"
)

func text(t testing.TB, result *mcp.CallToolResult) string {
	t.Helper()
	if len(result.Content) == 0 {
		t.Fatal("the result is empty")
	}
	content, ok := result.Content[0].(mcp.TextContent)
	if !ok {
		t.Fatalf("the result is a %T", result.Content[0])
	}
	return content.Text
}

func TestADepositBuysCallsAndTheRestComesBack(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	client := dial(t, shop.URL, options(t))
	moved, err := client.Deposit(t.Context(), 10*usdc)
	if err != nil || moved.Amount != 10*usdc || moved.Balance != 10*usdc {
		t.Fatalf("deposited %+v, %v", moved, err)
	}
	result, receipt, err := client.CallTool(t.Context(), "text_stats", map[string]any{"text": "a b c"})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, result); got != "bytes=5 characters=5 words=3 lines=1" || receipt.Charged != 1_000 || receipt.Cumulative != 1_000 {
		t.Errorf("answered %q for %+v", got, receipt)
	}
	settlement, err := shop.Settler.Settle(t.Context(), false)
	if err != nil || settlement.Claimed != 1_000 || settlement.Settled != 1_000 {
		t.Errorf("settled %+v, %v", settlement, err)
	}
	back, err := client.Refund(t.Context(), 0)
	if err != nil || back.Amount != 10*usdc-1_000 {
		t.Errorf("refunded %+v, %v", back, err)
	}
	if have, err := client.WalletBalance(t.Context()); err != nil || have != 100*usdc-1_000 {
		t.Errorf("the payer has %s, %v", have, err)
	}
}

func TestAnyNumberOfCallsAreInFlightInOneChannel(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	client := funded(t, shop.URL, options(t))
	const workers, calls = 16, 20
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range calls {
				if _, _, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "x"}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for channel := range shop.Ledger.Channels() {
		if channel.Charged != workers*calls*500 {
			t.Errorf("charged %s, want %d calls of 0.0005", channel.Charged, workers*calls)
		}
	}
}
