package agent_test

import (
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// spendsToken makes calls on a credit token, as any MCP client does, and returns what the last
// was answered with.
func spendsToken(t testing.TB, url, token string, n int) (last *mcp.CallToolResult) {
	t.Helper()
	client, err := connect(t.Context(), url, token)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for range n {
		var call mcp.CallToolRequest
		call.Params.Name, call.Params.Arguments = "hash", map[string]any{"text": "abc"}
		if last, err = client.CallTool(t.Context(), call); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

// A payer who buys nothing but credit tokens has no receipt. What it has bought since the backup
// was set aside, and not charged: it is the payer's again.
func TestAPayerOfTokensAloneLosesNothingByARestore(t *testing.T) {
	const old, since = 20 * hashPrice, 10 * hashPrice
	for name, bend := range map[string]func(*agent.Options){
		"with a book": func(*agent.Options) {}, "in the stock form": func(o *agent.Options) { o.Stock = true }, "without a book": func(o *agent.Options) { o.Book = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c, o := newCounter(t), options(t)
			bend(&o)
			o.Reopened = func(agent.Reopened) {}
			disputes := disputing(&o)
			client := funded(t, c.url, o)
			var channel vouchers.ChannelID
			for ch := range c.Ledger.Channels() {
				channel = ch.ID
			}
			buys := func(budget vouchers.Amount) string {
				t.Helper()
				text, err := grant(t.Context(), client, o.Key, channel, macaroon.Scope{Budget: budget})
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			kept := buys(old)
			c.backsUp()
			forgotten := buys(since)
			spendsToken(t, c.url, kept, 2)
			spendsToken(t, c.url, forgotten, 3)
			c.restores()
			if last := spendsToken(t, c.url, forgotten, 1); !last.IsError || !strings.Contains(last.Content[0].(mcp.TextContent).Text, "restored from") {
				t.Errorf("the token of the forgotten grant gets %+v", last.Content)
			}
			hashes(t, client, 1)
			if got := c.charged(); got != hashPrice {
				t.Errorf("it was charged %s for a call of %s", got, hashPrice)
			}
			spendsToken(t, c.url, buys(since), 3)
			spendsToken(t, c.url, kept, 4)
			if got := c.charged(); got != 8*hashPrice || len(*disputes) != 0 {
				t.Errorf("it was charged %s, and disputes %v", got, *disputes)
			}
			back, err := client.Refund(t.Context(), 0)
			if want := 10*usdc - hashPrice - old - since; err != nil || back.Amount != want {
				t.Errorf("refunded %+v, want %s, %v", back, want, err)
			}
		})
	}
}

func TestARefundAfterARestoreGivesTheForgottenBudgetBack(t *testing.T) {
	const budget = 10 * hashPrice
	c, o := newCounter(t), options(t)
	client := funded(t, c.url, o)
	c.backsUp()
	for ch := range c.Ledger.Channels() {
		if _, err := grant(t.Context(), client, o.Key, ch.ID, macaroon.Scope{Budget: budget}); err != nil {
			t.Fatal(err)
		}
	}
	c.restores()
	if back, err := client.Refund(t.Context(), 0); err != nil || back.Amount != 10*usdc || back.Left != 0 {
		t.Errorf("refunded %+v, %v", back, err)
	}
}
