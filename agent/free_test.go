package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestAPriceOfNothingIsJudgedByThePolicyAndTopsUpNothing(t *testing.T) {
	o := options(t)
	o.TopUp = agent.TopUp{Amount: usdc, Below: 5 * usdc}
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult { return serves(l.receipt(0, 0)) })
	l.terms.Amount = 0
	if _, receipt, err := dial(t, l.url, o).CallTool(t.Context(), "work", nil); err != nil || receipt.Paid {
		t.Errorf("a call that costs nothing: %+v, %v", receipt, err)
	}
	for _, p := range l.seen() {
		if _, deposits := p.Payload.(*x402.DepositPayload); deposits {
			t.Error("money was deposited for a call that costs nothing")
		}
	}
	o.Policy.DenyTools = []string{"work"}
	before := len(l.seen())
	if got := refusal(t, dial(t, l.url, o)); got.Code != agent.CodeToolNotAllowed {
		t.Errorf("refused with %+v", got)
	}
	if len(l.seen()) != before {
		t.Error("a voucher was signed for a tool that is denied")
	}
}

func TestOneEntryOfTheBookThatCannotBeReadKeepsNoOtherFromBeingTakenOut(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	if err := funded(t, shop.URL, o).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(o.Book, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("channels")).Put(make([]byte, 32), []byte("not an entry"))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	kept, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, o.Token)
	if err != nil {
		t.Fatal(err)
	}
	funds, err := treasury.Read(t.Context(), shoptest.Net.Client, token, o.Key.Address(), kept)
	if !errors.Is(err, book.ErrEntry) || !strings.Contains(err.Error(), "channel 0000") {
		t.Errorf("the entry that cannot be read is told as %v", err)
	}
	if all := funds.ToAnnounce(false); len(all) != 1 || all[0].Amount != 10*usdc {
		t.Errorf("to be taken out are %+v", all)
	}
}
