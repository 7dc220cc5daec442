package agent_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

type answers = func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult

// bentReceipt answers every call with an honest receipt that was bent.
func bentReceipt(bend func(*x402.SettlementResponse)) answers {
	return func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		receipt := l.receipt(price, vouchers.Amount(n+1)*price)
		bend(receipt)
		return serves(receipt)
	}
}

func TestALyingServerIsFoundOutAndGetsOnePriceAtMost(t *testing.T) {
	two, five := 2*price, 5*price
	for _, lie := range []struct {
		name string
		says answers
	}{
		{"charges more than the price", bentReceipt(func(r *x402.SettlementResponse) {
			r.Extra.ChargedAmount, r.Extra.ChannelState.ChargedCumulativeAmount = &two, &two
		})},
		{"charges more than the price and hides it in the total", bentReceipt(func(r *x402.SettlementResponse) { r.Extra.ChargedAmount = &two })},
		{"reports a total above all charges", bentReceipt(func(r *x402.SettlementResponse) { r.Extra.ChannelState.ChargedCumulativeAmount = &five })},
		{"reports the highest total there is", bentReceipt(func(r *x402.SettlementResponse) {
			most := vouchers.Amount(1<<64 - 1)
			r.Extra.ChannelState.ChargedCumulativeAmount = &most
		})},
		{"gives a receipt for another channel", bentReceipt(func(r *x402.SettlementResponse) { r.Extra.ChannelState.ChannelID = vouchers.ChannelID{1} })},
		{"gives a receipt without a charge", bentReceipt(func(r *x402.SettlementResponse) { r.Extra.ChargedAmount = nil })},
		{"gives a receipt without a state", bentReceipt(func(r *x402.SettlementResponse) { r.Extra.ChannelState = nil })},
		{"gives a receipt without a total", bentReceipt(func(r *x402.SettlementResponse) { r.Extra.ChannelState.ChargedCumulativeAmount = nil })},
		{"gives a receipt of a failure with the goods", bentReceipt(func(r *x402.SettlementResponse) { r.Success = false })},
		{"answers without a receipt", func(*liar, int, *x402.PaymentPayload) *mcp.CallToolResult { return serves(nil) }},
		{"gives a receipt that cannot be read", func(*liar, int, *x402.PaymentPayload) *mcp.CallToolResult { return serves("paid, thank you") }},
		{"shows a voucher that somebody else signed", func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return l.corrects(five, l.proof(five, shoptest.Key(l.t, "liar")))
		}},
		{"shows the client's signature under another amount", func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
			return l.corrects(five, &x402.VoucherState{SignedMaxClaimable: &five, Signature: p.Payload.(*x402.VoucherPayload).Voucher.Signature})
		}},
		{"says that more is charged than its proof allows", func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
			return l.corrects(five, l.proof(price, l.payer))
		}},
		{"says that more is charged than the chain knows, without a proof", func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return l.corrects(five, nil)
		}},
	} {
		t.Run(lie.name, func(t *testing.T) {
			o := options(t)
			l := newLiar(t, o, lie.says)
			client := dial(t, l.url, o)
			result, receipt, err := client.CallTool(t.Context(), "work", nil)
			if !errors.Is(err, agent.ErrDishonest) || result != nil || receipt.Paid {
				t.Errorf("the call gave %+v, %+v, %v", result, receipt, err)
			}
			if most := l.most(); most != price {
				t.Errorf("the client has signed up to %s", most)
			}
		})
	}
}

func TestTermsThatTheClientCannotTrustAreNotPaid(t *testing.T) {
	for _, test := range []struct {
		name string
		bend func(*x402.Requirements)
		want error
	}{
		{"an escrow of the server's own", func(r *x402.Requirements) { a := common.HexToAddress("0xbad"); r.Extra.Escrow = &a }, escrow.ErrUntrusted},
		{"another token", func(r *x402.Requirements) { r.Asset = common.HexToAddress("0xbad") }, agent.ErrTerms},
		{"another chain", func(r *x402.Requirements) { r.Network = "eip155:8453" }, agent.ErrTerms},
		{"no receiver", func(r *x402.Requirements) { r.PayTo = common.Address{} }, vouchers.ErrConfig},
		{"a withdraw delay of a year", func(r *x402.Requirements) { r.Extra.WithdrawDelay = 365 * 86400 }, vouchers.ErrWithdrawDelay},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options(t)
			l := newLiar(t, o, func(l *liar, n int, p *x402.PaymentPayload) *mcp.CallToolResult {
				return serves(l.receipt(price, price))
			})
			test.bend(&l.terms)
			client := dial(t, l.url, o)
			_, _, err := client.CallTool(t.Context(), "work", nil)
			if !errors.Is(err, agent.ErrTerms) || !errors.Is(err, test.want) {
				t.Errorf("the call: %v", err)
			}
			if _, err := client.Deposit(t.Context(), usdc); !errors.Is(err, agent.ErrTerms) || !errors.Is(err, test.want) {
				t.Errorf("the deposit: %v", err)
			}
			if n := len(l.seen()); n != 0 {
				t.Errorf("%d payments were signed", n)
			}
		})
	}
}

func TestTermsThatChangeUnderWayAreCheckedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		bend func(*x402.Requirements)
		want error
	}{
		"to a price above the policy":       {func(r *x402.Requirements) { r.Amount = 3 * price }, agent.ErrPolicy},
		"to a price that nobody can pay":    {func(r *x402.Requirements) { r.Amount = 1<<64 - 1 }, agent.ErrPolicy},
		"to an escrow of the server's own":  {func(r *x402.Requirements) { a := common.HexToAddress("0xbad"); r.Extra.Escrow = &a }, escrow.ErrUntrusted},
		"to another token":                  {func(r *x402.Requirements) { r.Asset = common.HexToAddress("0xbad") }, agent.ErrTerms},
		"to a receiver without any deposit": {func(r *x402.Requirements) { r.PayTo = common.HexToAddress("0xbad") }, agent.ErrTerms},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Policy.MaxPrice = 2 * price
			l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				terms := l.terms
				test.bend(&terms)
				return l.refuse(x402.ErrCumulativeAmountMismatch, terms)
			})
			client := dial(t, l.url, o)
			if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, test.want) {
				t.Errorf("the call: %v", err)
			}
			if n := len(l.seen()); n != 1 || l.most() != price {
				t.Errorf("%d payments up to %s were signed", n, l.most())
			}
		})
	}
}

func TestAPriceThatIsRaisedWithinThePolicyIsPaid(t *testing.T) {
	o := options(t)
	o.Policy.MaxPrice = 2 * price
	l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		if n == 0 {
			terms := l.terms
			terms.Amount = 2 * price
			return l.refuse(x402.ErrCumulativeAmountMismatch, terms)
		}
		return serves(l.receipt(2*price, 2*price))
	})
	client := dial(t, l.url, o)
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != 2*price {
		t.Errorf("the call: %+v, %v", receipt, err)
	}
	if n := len(l.seen()); n != 2 || l.most() != 2*price {
		t.Errorf("%d payments up to %s were signed", n, l.most())
	}
}

func TestAServerThatSaysThatTheVoucherItRefusesIsChargedIsFoundOut(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
		kept := ceilingOf(p)
		return l.corrects(kept, l.proof(kept, l.payer))
	})
	client := dial(t, l.url, o)
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrDishonest) {
		t.Errorf("the call: %v", err)
	}
	if n := len(l.seen()); n != 1 || l.most() != price {
		t.Errorf("%d payments up to %s were signed", n, l.most())
	}
}

func TestAServerThatRefusesForGoodIsNotAskedAgain(t *testing.T) {
	for _, code := range []x402.ErrorCode{x402.ErrVoucherSignature, x402.ErrChannelBusy, x402.ErrPayload, "free text from another server"} {
		o := options(t)
		l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult { return l.refuse(code, l.terms) })
		client := dial(t, l.url, o)
		for range 2 {
			var refused *agent.RefusedError
			if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.As(err, &refused) || refused.Code != code || refused.Price != price {
				t.Errorf("refused with %s: %v", code, err)
			}
		}
		if n := len(l.seen()); n != 2 || l.most() != price {
			t.Errorf("refused with %s: %d payments up to %s were signed", code, n, l.most())
		}
	}
}

func TestAServerThatForgetsChargesIsServedByTheClientsOwnBook(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return serves(l.receipt(price, price)) // an old state again and again: it harms the server alone
	})
	client := dial(t, l.url, o)
	for i := range 3 {
		_, receipt, err := client.CallTool(t.Context(), "work", nil)
		if want := vouchers.Amount(i+1) * price; err != nil || receipt.Cumulative != want || l.most() != want {
			t.Errorf("call %d: %+v, %v, signed %s", i, receipt, err, l.most())
		}
	}
}

func TestACallThatIsNotAnsweredIsInDoubtAndLaterOnesWork(t *testing.T) {
	o := options(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		if n == 0 {
			close(arrived)
			<-release
		}
		return serves(l.receipt(price, vouchers.Amount(max(n, 1))*price)) // it never charges the first
	})
	defer close(release)
	client := dial(t, l.url, o)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if _, _, err := client.CallTool(ctx, "work", nil); !errors.Is(err, agent.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("the call that is not answered: %v", err)
	}
	for i := 1; i <= 3; i++ {
		_, receipt, err := client.CallTool(t.Context(), "work", nil)
		if err != nil || receipt.Charged != price || receipt.Cumulative != vouchers.Amount(i)*price {
			t.Errorf("call %d after it: %+v, %v", i, receipt, err)
		}
	}
	ceilings := map[vouchers.Amount]bool{}
	for _, p := range l.seen() {
		ceilings[ceilingOf(p)] = true
	}
	if len(ceilings) != 4 || l.most() > 4*price {
		t.Errorf("four calls were paid under %v", ceilings)
	}
}

func TestAnAnswerThatGetsLostIsAskedForOnceMoreWithTheSamePayment(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return serves(l.receipt(price, price))
	})
	client := dial(t, l.url, o)
	l.cut = 1
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
		t.Errorf("the call: %+v, %v", receipt, err)
	}
	both := l.seen()
	if len(both) != 2 || ceilingOf(both[0]) != ceilingOf(both[1]) {
		t.Fatalf("%d payments came, up to %s", len(both), l.most())
	}
	first, _ := extension.PaymentIdentifier(both[0].Extensions)
	again, _ := extension.PaymentIdentifier(both[1].Extensions)
	if first == "" || first != again {
		t.Errorf("the payments have the identifiers %q and %q", first, again)
	}
	l.mu.Lock()
	l.cut = 2
	l.mu.Unlock()
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrUnknownOutcome) {
		t.Errorf("a call that is never answered: %v", err)
	}
	if n := len(l.seen()); n != 4 || l.most() != 2*price {
		t.Errorf("%d payments up to %s came", n, l.most())
	}
}
