package agent_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestWithinACallOnlyThePriceAndTheStateMayChange(t *testing.T) {
	for name, bend := range map[string]func(n int, r *x402.Requirements){
		"another delay":    func(n int, r *x402.Requirements) { r.Extra.WithdrawDelay += uint64(n + 1) },
		"another receiver": func(n int, r *x402.Requirements) { r.PayTo = common.BigToAddress(r.Amount.Big()) },
		"another authorizer": func(n int, r *x402.Requirements) {
			r.Extra.ReceiverAuthorizer = common.BytesToAddress([]byte{byte(n + 1)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.TopUp.Amount = usdc
			l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				terms := l.terms
				bend(n, &terms)
				return l.refuse(x402.ErrCumulativeAmountMismatch, terms)
			})
			client := dial(t, l.url, o)
			for range 8 {
				if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrTerms) {
					t.Errorf("the call: %v", err)
				}
			}
			channels := map[string]bool{}
			for _, p := range l.seen() {
				if v, ok := p.Payload.(*x402.VoucherPayload); ok {
					channels[v.Voucher.ChannelID.Hex()] = true
				}
			}
			if len(channels) > 1 || len(authorizations(l)) > 0 || l.most() > price {
				t.Errorf("%d channels, %d deposits, signed %s", len(channels), len(authorizations(l)), l.most())
			}
		})
	}
}

func TestOtherTermsOfAShopAreRefusedUntilTheOwnerAgrees(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, bentReceipt(func(*x402.SettlementResponse) {}))
	client, err := agent.Dial(t.Context(), l.url, o)
	if err != nil {
		t.Fatal(err)
	}
	buy(t, client, 1, price)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	l.terms.Extra.WithdrawDelay = 86400
	before := len(l.seen())
	if _, _, err := dial(t, l.url, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrTerms) || !strings.Contains(err.Error(), "chit shop accept") {
		t.Errorf("on other terms: %v", err)
	}
	if len(l.seen()) != before {
		t.Error("a payment was signed")
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := book.Leave(l.url); err != nil || n != 1 {
		t.Errorf("%d channels were left, %v", n, err)
	}
	if _, _, err := dial(t, l.url, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrBalance) {
		t.Errorf("on terms that the owner agreed to: %v", err)
	}
}

func TestAShopThatNamesAnothersTermsIsNotPaidFromItsChannel(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	buy(t, funded(t, shop.URL, o), 1, price)
	var victim x402.Requirements
	for channel := range shop.Ledger.Channels() {
		victim = x402.Requirements{PayTo: channel.Config.Receiver, Extra: x402.Extra{ReceiverAuthorizer: channel.Config.ReceiverAuthorizer, WithdrawDelay: channel.Config.WithdrawDelay}}
	}
	l := newLiar(t, o, func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult { return serves(nil) })
	l.terms.PayTo, l.terms.Extra.ReceiverAuthorizer, l.terms.Extra.WithdrawDelay = victim.PayTo, victim.Extra.ReceiverAuthorizer, victim.Extra.WithdrawDelay
	thief := dial(t, l.url, o)
	if _, _, err := thief.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrBalance) {
		t.Errorf("paid as another shop: %v", err)
	}
	if len(l.seen()) != 0 {
		t.Errorf("%d payments were signed", len(l.seen()))
	}
	buy(t, dial(t, shop.URL, o), 1, 2*price)
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range must(t)(book.Channels()) {
		if e.Balance > 0 && e.Deployment == funds(t, o).Channels[0].Deployment && e.Server != shop.URL && e.Config.Receiver == victim.PayTo {
			t.Errorf("the channel is %s's now", e.Server)
		}
	}
}

func must(t testing.TB) func([]agent.Entry, error) []agent.Entry {
	return func(all []agent.Entry, err error) []agent.Entry {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
}

func TestEveryPathOfAnOriginIsTheSameShopAndAMovedOneIsWhereItsOwnerSays(t *testing.T) {
	for i, test := range []struct {
		a, b string
		same bool
	}{
		{"http://h.example/mcp", "http://H.example:80/v1", true}, {"https://h.example", "https://h.example:443/x", true},
		{"http://h.example/mcp", "https://h.example/mcp", false}, {"https://h.example", "https://h.example:8443", false}, {"stdio shop", "stdio shop", true}, {"a", "b", false},
	} {
		if naming.SameShop(test.a, test.b) != test.same {
			t.Error(i, test)
		}
	}
	_, url := stall(t)
	o := options(t)
	o.TopUp.Amount = usdc
	client := visit(t, url, o)
	if _, _, err := client.Do(t.Context(), agent.HTTPRequest{URL: url + "/paid"}); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	old := fmt.Sprint(url, "/other/path")
	if n, err := book.Moved(old, "https://new.example/mcp"); err != nil || n != 1 {
		t.Errorf("%d channels have moved, %v", n, err)
	}
	if all := must(t)(book.ChannelsTo("https://new.example")); len(all) != 1 || all[0].Charged != price {
		t.Errorf("the new place has %+v", all)
	}
}

func TestMoneyOfAShopIsCountedAtEveryOneOfItsPaths(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	o := options(t)
	o.TopUp.Amount = usdc
	client, err := agent.Dial(t.Context(), shop.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	_, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "abc"})
	if err := errors.Join(err, client.Close()); err != nil {
		t.Fatal(err)
	}
	if b, err := visit(t, shop.URL, o).Balance(t.Context()); err != nil || b.Channel != usdc-receipt.Charged {
		t.Errorf("for its pages the channel has %s, %v", b.Channel, err)
	}
}
