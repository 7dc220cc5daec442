package agent_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// verified is what the receipts in a book prove of its only channel.
func verified(t testing.TB, path string) receipts.Audit {
	t.Helper()
	book, err := agent.OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	var statement strings.Builder
	claimed := func(e agent.Entry) (*receipts.Claimed, error) {
		return agent.ReadClaimed(t.Context(), shoptest.Net.Client, e)
	}
	if err := book.WriteStatement(receipts.Filter{}, claimed, &statement); err != nil {
		t.Fatal(err)
	}
	audits, err := receipts.Verify(strings.NewReader(statement.String()))
	if err != nil || len(audits) != 1 {
		t.Fatalf("%d channels, %v", len(audits), err)
	}
	return audits[0]
}

func TestAClientKeepsItsReceipts(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	o := options(t)
	client := funded(t, shop.URL, o)
	for range 3 {
		_, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "abc"})
		if err != nil || receipt.Signed == nil || receipt.Signed.Charged != receipt.Charged {
			t.Fatalf("%+v, %v", receipt, err)
		}
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if a := verified(t, o.Book); a.Fault != nil || a.Receipts != 3 || a.Unclaimed() != a.Charged || a.Charged == 0 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestAClientThatHasLostItsReceiptsGetsThemAgain(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	o := options(t)
	client := funded(t, shop.URL, o)
	const calls = receipts.MaxPage + 3
	for range calls {
		if _, _, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "abc"}); err != nil {
			t.Fatal(err)
		}
	}
	o.Book = filepath.Join(t.TempDir(), "another.db")
	other := dial(t, shop.URL, o)
	if _, err := other.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if came, err := other.FetchReceipts(t.Context()); err != nil || came != calls {
		t.Errorf("%d receipts came, %v", came, err)
	}
	if came, err := other.FetchReceipts(t.Context()); err != nil || came != 0 {
		t.Errorf("%d receipts came again, %v", came, err)
	}
	if a := verified(t, o.Book); a.Fault != nil || a.Receipts != calls {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestAReceiptThatContradictsTheServerIsNotTaken(t *testing.T) {
	for name, change := range map[string]func(n int, r *receipts.Receipt){
		"another charge":                 func(_ int, r *receipts.Receipt) { r.Charged-- },
		"another channel":                func(_ int, r *receipts.Receipt) { r.Channel = vouchers.ChannelID{1} },
		"another chain":                  func(_ int, r *receipts.Receipt) { r.Network = "eip155:1" },
		"another escrow":                 func(_ int, r *receipts.Receipt) { r.Escrow = escrow.Canonical.Escrow },
		"another one of the same number": func(n int, r *receipts.Receipt) { r.Sequence, r.IssuedAt = 1, uint64(n) },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				result := serves(l.receipt(price, vouchers.Amount(n+1)*price))
				r := receipts.Receipt{
					Network: l.terms.Network, Escrow: escrow.Own.Escrow, Channel: l.id(), Sequence: uint64(n + 1),
					Charged: price, Cumulative: vouchers.Amount(n+1) * price, Resource: "mcp://tool/work",
				}
				change(n, &r)
				result.Meta.AdditionalFields["chit/receipt"] = receipts.Signed{Receipt: r, Signature: make(vouchers.Signature, 65)}
				return result
			})
			client, err := agent.Dial(t.Context(), l.url, o)
			if err != nil {
				t.Fatal(err)
			}
			_, _, first := client.CallTool(t.Context(), "work", nil)
			_, _, second := client.CallTool(t.Context(), "work", nil)
			if err := errors.Join(first, second, client.Close()); !errors.Is(err, agent.ErrDishonest) {
				t.Errorf("%v", err)
			}
		})
	}
}
