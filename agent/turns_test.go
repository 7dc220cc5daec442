package agent_test

import (
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// strict answers as the stock servers of the scheme do: one request of a channel at a
// time, and a ceiling of exactly what was charged and the price. The first request
// that is served takes until another one was refused, if there are others.
type strict struct {
	busy x402.ErrorCode // what a request is refused with that comes during another

	mu       sync.Mutex // guards what follows
	serving  bool
	charged  vouchers.Amount
	refused  int
	collided chan struct{} // nil, or closed with the first refusal
}

func (s *strict) answer(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
	s.mu.Lock()
	if s.serving || ceilingOf(p) != s.charged+price {
		defer s.mu.Unlock()
		if s.refused++; s.refused == 1 && s.collided != nil {
			close(s.collided)
		}
		if s.serving && s.busy == x402.ErrChannelBusy {
			return l.refuse(x402.ErrChannelBusy, l.terms)
		}
		return l.corrects(s.charged, l.proof(s.charged, l.payer))
	}
	s.serving = true
	s.mu.Unlock()
	if s.collided != nil {
		<-s.collided
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = false
	s.charged += price
	return serves(l.receipt(price, s.charged))
}

func TestCallsAtOnceAtAServerThatTakesOneAtATimeAreMadeInTurns(t *testing.T) {
	for _, busy := range []x402.ErrorCode{x402.ErrChannelBusy, x402.ErrCumulativeAmountMismatch} {
		t.Run(string(busy), func(t *testing.T) {
			s := &strict{busy: busy}
			o := options(t)
			l := newLiar(t, o, s.answer)
			client := dial(t, l.url, o)
			buy(t, client, 1, price)
			s.mu.Lock()
			s.collided = make(chan struct{})
			s.mu.Unlock()
			const callers, calls = 8, 10
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for range calls {
						if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
							t.Errorf("the call: %+v, %v", receipt, err)
							return
						}
					}
				})
			}
			all.Wait()
			if want := (callers*calls + 1) * price; s.charged != want || l.most() > want+callers*price {
				t.Errorf("charged %s and signed %s, want %s", s.charged, l.most(), want)
			}
			if s.refused == 0 || s.refused > 3*callers {
				t.Errorf("%d payments were refused", s.refused)
			}
		})
	}
}

func TestACeilingThatBoughtACallIsSignedAgainWhereTheServerTakesNoOther(t *testing.T) {
	o := options(t)
	charged := vouchers.Amount(0)
	l := newLiar(t, o, func(l *liar, _ int, p *x402.PaymentPayload) *mcp.CallToolResult {
		asked := p.Accepted.Amount
		if charged > 0 && asked == price || ceilingOf(p) != charged+asked {
			no := l.corrects(charged, l.proof(price, l.payer))
			no.StructuredContent.(*x402.PaymentRequired).Accepts[0].Amount = price / 2
			return no
		}
		charged += price / 2
		return serves(l.receipt(price/2, charged))
	})
	client := dial(t, l.url, o)
	for range 2 {
		if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price/2 {
			t.Fatalf("the call: %+v, %v", receipt, err)
		}
	}
}
