package agent_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// disputing notes what a client is told.
func disputing(o *agent.Options) *[]agent.Dispute {
	told := new([]agent.Dispute)
	o.Disputed = func(d agent.Dispute) { *told = append(*told, d) }
	return told
}

// isDisputed checks what a client counts, and what its book says when it is closed.
func isDisputed(t testing.TB, client *agent.Client, o agent.Options, want vouchers.Amount) {
	t.Helper()
	if spent, err := client.Spent(); err != nil || spent.Disputed != want {
		t.Errorf("the client counts %+v, %v, want %s disputed", spent, err, want)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if ch := funds(t, o).Channels[0]; ch.Disputed != want {
		t.Errorf("the book has %+v, want %s disputed", ch.Entry, want)
	}
}

// raising is a server whose second call costs nothing, and which counts the third from the
// second's ceiling. By its receipts it has charged as much before the third, in a channel
// that so many charges were made in.
func raising(receipted bool, before vouchers.Amount, number uint64) answers {
	return func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
		switch n {
		case 0:
			return serves(l.receipt(price, price))
		case 1:
			return serves(l.receipt(0, price))
		case 2:
			return l.corrects(2*price, l.proof(2*price, l.payer))
		}
		result := serves(l.receipt(price, ceilingOf(p)))
		if receipted {
			result.Meta.AdditionalFields["chit/receipt"] = l.signs(receipts.Receipt{
				Sequence: number, Previous: common.Hash{1}, Charged: price, Cumulative: before + price, Resource: "mcp://tool/work",
			}, shoptest.Key(l.t, "liar"))
		}
		return result
	}
}

func TestAChargeThatThePayerDidNotOrderIsNamedAndCountedAsADispute(t *testing.T) {
	for name, test := range map[string]struct {
		says answers
		want vouchers.Amount
	}{
		"by the next receipt":                           {raising(true, 2*price, 3), price},
		"by a count that no receipt explains":           {raising(false, 0, 0), price},
		"and no offset, of which nothing was charged":   {raising(true, price, 2), 0},
		"and no offset of which less is charged so far": {raising(true, price/2, 2), 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			told := disputing(&o)
			l := newLiar(t, o, test.says)
			client, err := agent.Dial(t.Context(), l.url, o)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
					t.Fatal(err)
				}
			}
			isDisputed(t, client, o, test.want)
			if test.want == 0 && len(*told) == 0 {
				return
			}
			if want := (agent.Dispute{Channel: l.id(), Server: naming.Server(l.url), Amount: test.want, Total: test.want}); len(*told) != 1 || (*told)[0] != want {
				t.Errorf("told %+v, want %+v", *told, want)
			}
		})
	}
}

func TestAPaymentThatReachesTheShopLateIsNoDispute(t *testing.T) {
	for name, receipted := range map[string]bool{"with receipts": true, "without receipts": false} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			told := disputing(&o)
			l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				switch n {
				case 0, 1, 2:
					return serves(l.receipt(0, 0)) // the first has not come; its answers are lost
				case 3:
					return l.corrects(price, l.proof(2*price, l.payer)) // it has come now
				}
				result := serves(l.receipt(price, 2*price))
				if receipted {
					result.Meta.AdditionalFields["chit/receipt"] = l.signs(receipts.Receipt{
						Sequence: 2, Previous: common.Hash{1}, Charged: price, Cumulative: 2 * price, Resource: "mcp://tool/work",
					}, shoptest.Key(l.t, "liar"))
				}
				return result
			})
			l.cut = 2
			client, err := agent.Dial(t.Context(), l.url, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := client.CallTool(t.Context(), "work", nil); err == nil {
				t.Fatal("the first call was answered")
			}
			for range 2 {
				if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
					t.Fatal(err)
				}
			}
			if spent, err := client.Spent(); err != nil || spent.Total != 2*price {
				t.Errorf("spent %+v, %v", spent, err)
			}
			isDisputed(t, client, o, 0)
			if len(*told) != 0 {
				t.Errorf("told %+v", *told)
			}
			if ch := funds(t, o).Channels[0]; ch.Charged != 2*price || ch.Offset != 0 {
				t.Errorf("the book has %+v", ch.Entry)
			}
		})
	}
}

func TestACallThatAnotherPaysForWithThePayersKeyIsDisputed(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	told := disputing(&o)
	client := funded(t, shop.URL, o)
	buy(t, client, 2, 0)
	if result, _, err := client.CallTool(t.Context(), "unreliable", nil); err != nil || !result.IsError { // its ceiling is signed
		t.Fatalf("the call that fails: %+v, %v", result, err)
	}
	thief := o
	thief.Book = ""
	foreign := disputing(&thief)
	buy(t, dial(t, shop.URL, thief), 3, 0)
	buy(t, client, 2, 0)
	if len(*told) != 1 || (*told)[0].Amount != 3*price || len(*foreign) != 0 {
		t.Errorf("the payer was told %+v, who forgets %+v", *told, *foreign)
	}
	isDisputed(t, client, o, 3*price)
}

func TestWhatASettlementPutsOnChainIsNoDispute(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	told := disputing(&o)
	client := funded(t, shop.URL, o)
	buy(t, client, 2, 0)
	for range 2 {
		if result, _, err := client.CallTool(t.Context(), "unreliable", nil); err != nil || !result.IsError {
			t.Fatalf("the call that fails: %+v, %v", result, err)
		}
		if _, err := shop.SettleAs(t.Context(), settle.Request{Final: true}, nil); err != nil {
			t.Fatal(err)
		}
		buy(t, client, 2, 0)
	}
	if len(*told) != 0 {
		t.Errorf("told %+v", *told)
	}
	isDisputed(t, client, o, 0)
}

func TestAnHonestShopIsNotDisputedByWhoForgetsAndPaysForManyCallsAtOnce(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	buy(t, funded(t, shop.URL, o), 5, 0)
	o.Book = ""
	for range 10 {
		var told atomic.Int32
		o.Disputed = func(d agent.Dispute) {
			told.Add(1)
			t.Errorf("told %+v", d)
		}
		client, err := agent.Dial(t.Context(), shop.URL, o)
		if err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for range 5 {
					if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
		callers.Wait()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if told.Load() > 0 {
			return
		}
	}
}
