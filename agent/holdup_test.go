package agent_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

// trickle stands in front of a server. Requests that trickles picks are answered with
// bytes that say nothing, for as long as anybody reads them.
func trickle(t testing.TB, url string, trickles func(body []byte) bool) string {
	t.Helper()
	onward := split(t, url, http.NotFoundHandler())
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if !trickles(body) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			onward.ServeHTTP(w, r)
			return
		}
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for send := stream(w); send(": still here\n\n"); <-tick.C {
		}
	}))
	t.Cleanup(front.Close)
	t.Cleanup(front.CloseClientConnections)
	return front.URL
}

// first picks the first request that holds a text, and tells when it has come.
func first(text string) (picks func(body []byte) bool, came chan struct{}) {
	came = make(chan struct{})
	return func(body []byte) bool {
		select {
		case <-came:
			return false
		default:
		}
		if !bytes.Contains(body, []byte(text)) {
			return false
		}
		close(came)
		return true
	}, came
}

func TestACallThatATrickleKeepsAliveHoldsNoOtherCallOfItsChannelForLong(t *testing.T) {
	o := options(t)
	o.Limits.Hold, o.Policy.Total = 300*time.Millisecond, 100*price
	l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		if n == 0 { // a correction, while the call that trickles is in flight
			return l.corrects(0, l.proof(0, l.payer))
		}
		return serves(l.receipt(price, price))
	})
	picks, came := first("maxClaimableAmount")
	url := l.behind(trickle(t, l.url, picks))
	ended := make(chan error, 1)
	go func() {
		_, _, err := dial(t, url, o).CallTool(t.Context(), "work", nil)
		ended <- err
	}()
	<-came
	other := dial(t, url, o) // as another process does
	if _, receipt, err := other.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
		t.Errorf("the call beside it: %+v, %v", receipt, err)
	}
	if err := <-ended; !errors.Is(err, agent.ErrUnknownOutcome) || !errors.Is(err, agent.ErrLimit) || !strings.Contains(err.Error(), "Limits.Hold") {
		t.Errorf("the call that trickles: %v", err)
	}
	if spent, err := other.Spent(); err != nil || spent.Total+spent.AtRisk < l.most() {
		t.Errorf("%s can be taken, and %+v is counted, %v", l.most(), spent, err)
	}
}

func TestACallThatNobodyWaitsForMayTakeAsLongAsItsServerGoesOnSending(t *testing.T) {
	o := options(t)
	o.Limits.Hold = 20 * time.Millisecond
	l := newLiar(t, o, bentReceipt(func(*x402.SettlementResponse) {}))
	picks, came := first("maxClaimableAmount")
	url := l.behind(trickle(t, l.url, picks))
	client := dial(t, url, o)
	ended := make(chan error, 1)
	go func() {
		_, _, err := client.CallTool(t.Context(), "work", nil)
		ended <- err
	}()
	<-came
	for range 5 { // others go on beside it
		if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil && !errors.Is(err, agent.ErrDishonest) {
			t.Error(err)
		}
	}
	select {
	case err := <-ended:
		t.Errorf("the call was given up: %v", err)
	case <-time.After(10 * o.Limits.Hold):
	}
}

func TestADepositThatATrickleKeepsAliveHoldsNoOtherDepositForLong(t *testing.T) {
	for name, more := range map[string]func(*mcpserver.MCPServer){"with a deposit tool": work, "with a call": func(s *mcpserver.MCPServer) { work(s); bare(s) }} {
		t.Run(name, func(t *testing.T) {
			shop := shoptest.Open(t, selling(t, "0.001"), more)
			o := options(t)
			o.Limits.Hold, o.TopUp.Amount = 300*time.Millisecond, usdc
			picks, came := first("erc3009Authorization")
			url := trickle(t, shop.URL, picks)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, _, err := dial(t, url, o).CallTool(ctx, "work", nil)
				ended <- err
			}()
			<-came
			if _, receipt, err := dial(t, url, o).CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
				t.Errorf("the call beside it: %+v, %v", receipt, err)
			}
			cancel()
			if err := <-ended; !errors.Is(err, agent.ErrUnknownOutcome) {
				t.Errorf("the call that trickles: %v", err)
			}
			holds(t, shop, usdc, price)
		})
	}
}

func TestAListAndAGreetingThatATrickleKeepsAliveAreGivenUp(t *testing.T) {
	o := options(t)
	o.Limits.Hold = 100 * time.Millisecond
	l := newLiar(t, o, bentReceipt(func(*x402.SettlementResponse) {}))
	for method, ask := range map[string]func(url string) error{
		"server/discover": func(url string) error {
			_, err := agent.Dial(t.Context(), url, o)
			return err
		},
		"tools/list": func(url string) error {
			_, err := dial(t, url, o).Tools(t.Context())
			return err
		},
		"prompts/list": func(url string) error {
			_, err := through(t, url, o).ListPrompts(t.Context(), mcp.ListPromptsRequest{})
			if err != nil && strings.Contains(err.Error(), agent.ErrLimit.Error()) {
				err = errors.Join(err, agent.ErrLimit) // it came through the proxy as text
			}
			return err
		},
	} {
		url := trickle(t, l.url, func(body []byte) bool {
			return bytes.Contains(body, []byte(method)) && !bytes.Contains(body, []byte("notifications/"))
		})
		if err := ask(url); !errors.Is(err, agent.ErrLimit) || !strings.Contains(err.Error(), "Limits.Hold") {
			t.Errorf("%s: %v", method, err)
		}
	}
}
