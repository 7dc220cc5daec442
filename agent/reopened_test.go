package agent_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// totalling changes the totals of an epoch's receipts, of which the first follows none.
func totalling(change func(total vouchers.Amount) vouchers.Amount) func(*receipts.Receipt, bool) {
	return func(r *receipts.Receipt, first bool) {
		r.Cumulative = change(r.Cumulative)
		if first {
			r.Previous = common.Hash{}
		}
	}
}

// reopening is a server whose receipts from the second on are of a later epoch, with such a
// change.
func reopening(bend func(r *receipts.Receipt, first bool)) answers {
	var last common.Hash
	return func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		total := vouchers.Amount(n+1) * price
		r := receipts.Receipt{Sequence: 1, Charged: price, Cumulative: total, Resource: "mcp://tool/work"}
		if n > 0 {
			r.Sequence, r.Previous = 1<<40+uint64(n), last
			bend(&r, n == 1)
		}
		signed := l.signs(r, shoptest.Key(l.t, "liar"))
		last, _ = signed.Digest()
		result := serves(l.receipt(price, total))
		result.Meta.AdditionalFields["chit/receipt"] = signed
		return result
	}
}

func TestAShopThatOpensItsBooksAnewGainsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		bend     func(r *receipts.Receipt, first bool) // first is that of the epoch
		filed    int
		disputed vouchers.Amount
		says     string // the last of what the payer is told
	}{
		"as it should be": {func(*receipts.Receipt, bool) {}, 3, 0, "agree with this payer's up to 0.001 USDC"},
		"from less":       {totalling(func(total vouchers.Amount) vouchers.Amount { return total - price }), 3, 0, "they know of 0 USDC charged"},
		"from more":       {totalling(func(total vouchers.Amount) vouchers.Amount { return total + 7*price }), 3, 7 * price, "they say that 0.008 USDC was charged"},
		"from more than what it names": {func(r *receipts.Receipt, first bool) {
			if first {
				r.Cumulative++
			}
		}, 2, 0, "they say that 0.002 USDC was charged"}, // by the next one
		"with a charge above its total": {totalling(func(vouchers.Amount) vouchers.Amount { return 0 }), 1, 0, ""},
		"with no number":                {func(r *receipts.Receipt, _ bool) { r.Sequence = 1 << 40 }, 1, 0, ""},
		"an epoch with each of them":    {func(r *receipts.Receipt, _ bool) { r.Sequence = (r.Sequence&0xff)<<40 + 1 }, 3, 0, "epoch 2"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			told, disputes := reopenings(&o), disputing(&o)
			l := newLiar(t, o, reopening(test.bend))
			client, err := agent.Dial(t.Context(), l.url, o)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
					t.Fatalf("%+v, %v", receipt, err)
				}
			}
			last := ""
			if len(*told) > 0 {
				last = (*told)[len(*told)-1].String()
			}
			if !strings.Contains(last, test.says) || (test.says == "") != (len(*told) == 0) {
				t.Errorf("the payer is told %q, want %q", last, test.says)
			}
			if len(*disputes) > 0 != (test.disputed > 0) {
				t.Errorf("disputes %v", *disputes)
			}
			isDisputed(t, client, o, test.disputed)
			if got := l.most(); got != 3*price {
				t.Errorf("it has vouchers up to %s for three calls", got)
			}
			keeps(t, o.Book, l.id(), test.filed, 0)
		})
	}
}

func TestAShopThatAsksForReceiptsWithoutAnEndGetsOneVoucher(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		required := x402.Refuse(x402.Resource{URL: "mcp://tool/work"}, []x402.Requirements{l.terms}, x402.ErrVerificationStateUnavailable, "")
		var err error
		if required.Extensions, err = extension.AskReceipt(nil, extension.AskedReceipt{Channel: l.id(), Epoch: uint64(n)}); err != nil {
			l.t.Error(err)
		}
		result := mcp.NewToolResultStructured(required, "")
		result.IsError = true
		return result
	})
	client := dial(t, l.url, o)
	for range 3 {
		var refused *agent.RefusedError
		if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.As(err, &refused) {
			t.Errorf("%v", err)
		}
	}
	if got := l.most(); got != price || len(l.seen()) > 6 {
		t.Errorf("it has vouchers up to %s by %d payments", got, len(l.seen()))
	}
	if spent, err := client.Spent(); err != nil || spent.Total != 0 {
		t.Errorf("spent %+v, %v", spent, err)
	}
}
