package agent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
)

// spoiler is a file that can be spoilt, and mended again.
type spoiler struct {
	path string
	was  []byte
}

func (s *spoiler) spoil(t testing.TB) {
	t.Helper()
	var err error
	if s.was, err = os.ReadFile(s.path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path, make([]byte, len(s.was)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *spoiler) mend(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(s.path, s.was, 0o600); err != nil {
		t.Fatal(err)
	}
}

// spoiling is a shop whose tool "work" spoils a file of the payer's when it is called.
func spoiling(t testing.TB) (*shoptest.Shop, *spoiler) {
	s := new(spoiler)
	return shoptest.Open(t, selling(t, "0.001"), func(tools *mcpserver.MCPServer) {
		tools.AddTool(mcp.NewTool("work"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if s.path != "" {
				s.spoil(t)
			}
			return mcp.NewToolResultText("done"), nil
		})
	}), s
}

func TestAnErrorOfTheBookWithholdsNoAnswerThatWasPaidForAndNothingMoreIsSigned(t *testing.T) {
	for name, policy := range map[string]agent.Policy{"with a budget": {Total: usdc}, "without one": {MaxPrice: price}} {
		t.Run(name, func(t *testing.T) {
			shop, book := spoiling(t)
			o := options(t)
			o.Policy = policy
			if err := funded(t, shop.URL, o).Close(); err != nil {
				t.Fatal(err)
			}
			client := dial(t, shop.URL, o)
			book.path = o.Book
			result, receipt, err := client.CallTool(t.Context(), "work", nil)
			if err != nil || text(t, result) != "done" || receipt.Charged != price || receipt.Signed == nil || !errors.Is(receipt.Unwritten, agent.ErrUnwritten) {
				t.Errorf("the call whose answer was paid for: %+v, %+v, %v", result, receipt, err)
			}
			if _, _, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "x"}); !errors.Is(err, agent.ErrUnwritten) {
				t.Errorf("the call after it: %v", err)
			}
			book.mend(t)
			if _, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "x"}); err != nil || receipt.Unwritten != nil {
				t.Errorf("once the book can be written: %+v, %v", receipt, err)
			}
			if spent, err := client.Spent(); err != nil || spent.Total != price+500 {
				t.Errorf("spent %+v, %v", spent, err)
			}
		})
	}
}

func TestASharedAccountThatBreaksWithholdsNoAnswerThatWasPaidFor(t *testing.T) {
	shop, account := spoiling(t)
	o := options(t)
	client, err := agent.Dial(t.Context(), shop.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := client.Deposit(t.Context(), usdc)
	if err != nil {
		t.Fatal(err)
	}
	account.path = filepath.Join(o.Book+".live", moved.Channel.Hex())
	result, receipt, err := client.CallTool(t.Context(), "work", nil)
	if err != nil || text(t, result) != "done" || receipt.Charged != price || !errors.Is(receipt.Unwritten, agent.ErrUnwritten) {
		t.Errorf("the call whose answer was paid for: %+v, %+v, %v", result, receipt, err)
	}
	if _, _, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "x"}); !errors.Is(err, agent.ErrUnwritten) {
		t.Errorf("the call after it: %v", err)
	}
	if err := client.Close(); err == nil {
		t.Error("what was not written is not said in the end")
	}
}
