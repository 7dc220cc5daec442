package agent_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// perCount asks 100 atomic units for each count.
func perCount(_ context.Context, req mcp.CallToolRequest) (vouchers.Amount, error) {
	return vouchers.Amount(100 * req.GetInt("count", 1)), nil
}

func TestEveryCallOfAQuotedToolIsPaidAtItsOwnPrice(t *testing.T) {
	o := shoptest.Options(t)
	o.Rates = server.Rates{"work": {Price: "1", Quote: perCount}}
	shop := shoptest.Open(t, o, work)
	limited := options(t)
	limited.Policy = agent.Policy{MaxPrice: 1_000}
	client := funded(t, shop.URL, limited)
	spent := vouchers.Amount(0)
	for _, count := range []int{30, 3, 10, 1, 11, 7, 30, 2} {
		_, receipt, err := client.CallTool(t.Context(), "work", map[string]any{"count": count})
		if count > 10 {
			if !errors.Is(err, agent.ErrPolicy) || receipt.Paid {
				t.Errorf("a count of %d, above the limit: %+v, %v", count, receipt, err)
			}
			continue
		}
		spent += vouchers.Amount(100 * count)
		if err != nil || receipt.Charged != vouchers.Amount(100*count) || receipt.Cumulative != spent {
			t.Errorf("a count of %d: %+v, %v", count, receipt, err)
		}
	}
}

// lines are the refusals in a shop's log, by their codes and levels.
type lines struct {
	slog.Handler
	mu  *sync.Mutex // guards all
	all *[]string
}

func (l lines) Enabled(context.Context, slog.Level) bool { return true }

func (l lines) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "payment refused" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "code" {
			*l.all = append(*l.all, r.Level.String()+" "+a.Value.String())
		}
		return true
	})
	return nil
}

func TestACallWithOtherArgumentsIsOneRequestWhereThePolicyAllowsTheListPrice(t *testing.T) {
	for name, c := range map[string]struct {
		policy agent.Policy
		lists  bool
		want   []string
	}{
		"allowed, and the list was read":     {agent.Policy{}, true, []string{"DEBUG payment_required"}},
		"allowed, and the list was not read": {agent.Policy{MaxPrice: price}, false, []string{"DEBUG payment_required", "DEBUG price_differs"}},
		"forbidden":                          {agent.Policy{MaxPrice: 999}, true, []string{"DEBUG payment_required", "DEBUG price_differs", "DEBUG price_differs", "DEBUG price_differs"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused := lines{slog.DiscardHandler, new(sync.Mutex), new([]string)}
			o := shoptest.Options(t)
			o.Prices, o.Rates, o.Logger = nil, server.Rates{"work": {Price: "0.001", Quote: perCount}}, slog.New(refused)
			shop := shoptest.Open(t, o, work)
			mine := options(t)
			mine.Policy = c.policy
			client := funded(t, shop.URL, mine)
			if c.lists {
				if _, err := client.Tools(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			*refused.all = nil
			for _, count := range []int{2, 4, 6, 3, 9} {
				if _, receipt, err := client.CallTool(t.Context(), "work", map[string]any{"count": count}); err != nil || receipt.Charged != vouchers.Amount(100*count) {
					t.Fatalf("a count of %d: %+v, %v", count, receipt, err)
				}
			}
			if !slices.Equal(*refused.all, c.want) {
				t.Errorf("the shop has refused %q, want %q", *refused.all, c.want)
			}
		})
	}
}

func TestAMeteredAndAFreeCallAreTakenForWhatTheyCost(t *testing.T) {
	o := shoptest.Options(t)
	o.Prices = nil
	o.Rates = server.Rates{"work": {Price: "0.001", Metered: true}, "hash": {Price: "0.0005", Free: server.Allowance{Calls: 1}}}
	shop := shoptest.Open(t, o, metered)
	client := funded(t, shop.URL, options(t))
	spent := vouchers.Amount(0)
	for _, cost := range []int{300, 0, 1_000, 5_000, 1} {
		spent += vouchers.Amount(min(cost, 1_000))
		_, receipt, err := client.CallTool(t.Context(), "work", map[string]any{"cost": cost})
		if err != nil || receipt.Charged != vouchers.Amount(min(cost, 1_000)) || receipt.Paid != (cost > 0) || receipt.Cumulative != spent {
			t.Errorf("a cost of %d: %+v, %v", cost, receipt, err)
		}
	}
	for _, want := range []vouchers.Amount{0, 500} {
		spent += want
		if _, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": ""}); err != nil || receipt.Charged != want || receipt.Cumulative != spent {
			t.Errorf("want a charge of %d: %+v, %v", want, receipt, err)
		}
	}
	if moved, err := client.Refund(t.Context(), 0); err != nil || moved.Left != 0 || moved.Balance != spent {
		t.Errorf("the refund: %+v, %v", moved, err)
	}
}

// metered adds "work", which says in its result that it has cost what it is told to.
func metered(s *mcpserver.MCPServer) {
	s.AddTool(mcp.NewTool("work"), func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		result := mcp.NewToolResultText("done")
		result.Meta = &mcp.Meta{AdditionalFields: map[string]any{offer.MetaCost: vouchers.Amount(req.GetInt("cost", 0)).Atomic()}}
		return result, nil
	})
}
