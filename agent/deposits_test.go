package agent_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// authorizations are the nonces of the deposits that a liar was sent.
func authorizations(l *liar) map[string]*x402.DepositPayload {
	all := map[string]*x402.DepositPayload{}
	for _, p := range l.seen() {
		if d, ok := p.Payload.(*x402.DepositPayload); ok {
			all[d.Deposit.Authorization.Erc3009.Salt.String()] = d
		}
	}
	return all
}

func TestARefusedDepositIsSentAgainAndNotSignedAgain(t *testing.T) {
	for name, hide := range map[string][]string{"by its tool": nil, "with a call": {"chit_deposit"}} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.TopUp = agent.TopUp{Amount: usdc, Below: 2 * usdc}
			l := newLiar(t, o, func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
				if c := ceilingOf(p); n%2 == 0 && c > 0 {
					return l.corrects(c, l.proof(c, l.payer))
				}
				return l.refuse("settlement_failed", l.terms)
			})
			l.hide = hide
			for range 3 { // processes
				client, err := agent.Dial(t.Context(), l.url, o)
				if err != nil {
					t.Fatal(err)
				}
				for range 4 {
					if _, _, err := client.CallTool(t.Context(), "work", nil); err == nil || !strings.Contains(err.Error(), "may still be made until 20") {
						t.Errorf("the call: %v", err)
					}
				}
				if err := client.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(authorizations(l)); n != 1 {
				t.Errorf("%d deposits were signed", n)
			}
		})
	}
}

func TestDepositsThatMayYetBeMadeCountAgainstTheMostThatOneMayMove(t *testing.T) {
	o := options(t)
	o.TopUp, o.Policy.MaxDeposit = agent.TopUp{Amount: usdc, Below: 2 * usdc}, 2*usdc-1
	signed := 0
	for n := range 2 {
		l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return l.refuse("settlement_failed", l.terms)
		})
		l.terms.PayTo = shoptest.Key(t, fmt.Sprint("receiver ", n)).Address() // another channel
		_, _, err := dial(t, l.url, o).CallTool(t.Context(), "work", nil)
		if n := len(authorizations(l)); n == 0 && !errors.Is(err, agent.ErrPolicy) {
			t.Errorf("no deposit was signed: %v", err)
		} else {
			signed += n
		}
	}
	if signed != 1 {
		t.Errorf("%d deposits were signed", signed)
	}
}

func TestADepositThatSomebodyTypedIsNotSignedBesideAnotherOne(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.refuse("settlement_failed", l.terms)
	})
	client := dial(t, l.url, o)
	for _, amount := range []vouchers.Amount{usdc, usdc, 2 * usdc} {
		if _, err := client.Deposit(t.Context(), amount); err == nil || !strings.Contains(err.Error(), "may still be made until 20") {
			t.Errorf("a deposit of %s: %v", amount, err)
		}
	}
	if n := len(authorizations(l)); n != 1 {
		t.Errorf("%d deposits were signed", n)
	}
}

func TestANodeThatForgetsABalanceDoesNotMakeAClientDepositAgain(t *testing.T) {
	var lies atomic.Bool
	o := options(t)
	o.RPC = lyingNode(t, &lies, 1, 0)
	o.TopUp = agent.TopUp{Amount: usdc}
	l := newLiar(t, o, func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
		return serves(l.receipt(price, ceilingOf(p)))
	})
	l.announce = true
	client := dial(t, l.url, o)
	buy(t, client, 1, price)
	lies.Store(true)
	if _, _, err := client.TopUp(t.Context()); !errors.Is(err, agent.ErrBalance) {
		t.Errorf("a top-up: %v", err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	other := dial(t, l.url, o)
	if _, _, err := other.TopUp(t.Context()); !errors.Is(err, agent.ErrBalance) {
		t.Errorf("a top-up by another process: %v", err)
	}
	if _, err := other.Recover(t.Context()); err != nil {
		t.Errorf("a recovery: %v", err)
	}
	if _, _, err := other.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrBalance) {
		t.Errorf("a call after a recovery: %v", err)
	}
	if n := len(authorizations(l)); n != 0 {
		t.Errorf("%d deposits were signed", n)
	}
}

func TestANodeThatShowsADepositAndForgetsItAgainGetsItOnce(t *testing.T) {
	for name, hide := range map[string][]string{"by its tool": nil, "with a call": {"chit_deposit"}} {
		t.Run(name, func(t *testing.T) {
			var shows atomic.Bool
			o := options(t)
			o.RPC = lyingNode(t, &shows, 2*usdc, 0)
			o.TopUp = agent.TopUp{Amount: usdc, Below: 2 * usdc}
			l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				return l.refuse("settlement_failed", l.terms)
			})
			l.hide = hide
			for round := range 12 { // each a new process
				client, err := agent.Dial(t.Context(), l.url, o)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					for _, seen := range []bool{round%2 == 1, round%2 == 0} {
						shows.Store(seen)
						_, _, _ = client.CallTool(t.Context(), "work", nil)
						_, _, _ = client.TopUp(t.Context())
					}
				}
				if err := client.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(authorizations(l)); n == 0 || n > 2 { // to keep 2 USDC and a price, of 1 that is there
				t.Errorf("%d deposits were signed", n)
			}
		})
	}
}
