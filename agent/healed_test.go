package agent_test

import (
	"errors"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// loses is a client whose only call was not answered, at a liar that gives one receipt when
// it is asked.
func loses(t testing.TB, o agent.Options, given receipts.Receipt, signer string) (*liar, *agent.Client) {
	t.Helper()
	l := newLiar(t, o, func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
		return serves(l.receipt(price, ceilingOf(p)))
	})
	l.gives = func(after uint64) []receipts.Signed {
		if after > 0 {
			return nil
		}
		return []receipts.Signed{l.signs(given, shoptest.Key(t, signer))}
	}
	l.cut = 2
	client := dial(t, l.url, o)
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrUnknownOutcome) {
		t.Fatalf("the lost call: %v", err)
	}
	return l, client
}

func TestAReceiptThatIsFetchedSaysWhatALostCallWasCharged(t *testing.T) {
	for name, test := range map[string]struct {
		given    receipts.Receipt
		signer   string
		onItsWay vouchers.Amount
		err      error
	}{
		"all of it":               {receipts.Receipt{Charged: price, Ceiling: price}, "liar", 0, nil},
		"a part":                  {receipts.Receipt{Charged: price / 4, Ceiling: price}, "liar", price - price/4, nil},
		"of a token's call":       {receipts.Receipt{Charged: price, Grant: receipts.ID{1}}, "liar", price, nil},
		"of another call":         {receipts.Receipt{Charged: price, Ceiling: 2 * price}, "liar", price, nil},
		"signed by somebody else": {receipts.Receipt{Charged: price, Ceiling: price}, "thief", price, agent.ErrDishonest},
		"of more than was signed": {receipts.Receipt{Charged: price + 1, Ceiling: price}, "liar", price, agent.ErrDishonest},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Policy.Total = 10 * price
			test.given.Sequence, test.given.Cumulative = 1, test.given.Charged
			l, client := loses(t, o, test.given, test.signer)
			for range 2 { // to fetch again changes nothing
				if _, err := client.FetchReceipts(t.Context()); !errors.Is(err, test.err) {
					t.Errorf("fetching says %v", err)
				}
				want := agent.Spent{Today: price, Server: price, Total: price, OnItsWay: test.onItsWay}
				if spent, err := client.Spent(); err != nil || spent != want {
					t.Errorf("after the fetch: %+v, %v, want %+v", spent, err, want)
				}
			}
			bounded(t, client, l, o.Policy.Total)
		})
	}
}

func TestAReceiptHealsWhatAnEarlierProcessHasLost(t *testing.T) {
	o := options(t)
	o.Policy.Total = 10 * price
	l, client := loses(t, o, receipts.Receipt{Sequence: 1, Charged: price, Cumulative: price, Ceiling: price}, "liar")
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	other := dial(t, l.url, o)
	if came, err := other.FetchReceipts(t.Context()); err != nil || came != 1 {
		t.Errorf("%d came, %v", came, err)
	}
	if spent, err := other.Spent(); err != nil || spent != (agent.Spent{Today: price, Server: price, Total: price}) {
		t.Errorf("after the fetch: %+v, %v", spent, err)
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	if all := must(t)(book.Channels()); len(all) != 1 || all[0].OnItsWay != 0 || all[0].Charged != price || all[0].Signed != price {
		t.Errorf("the book has %+v", all)
	}
	_, receipt, err := other.CallTool(t.Context(), "work", nil)
	if err != nil || receipt.Charged != price {
		t.Errorf("the next call: %+v, %v", receipt, err)
	}
	if got := l.most(); got != 2*price {
		t.Errorf("signed is %s, want %s", got, 2*price)
	}
}
