package agent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// lyingNode passes everything on, but says while it lies that the liar's channel of 1 USDC
// has such a balance, and that so much is claimed.
func lyingNode(t testing.TB, lies *atomic.Bool, balance, claimed vouchers.Amount) string {
	t.Helper()
	truth, lie := fmt.Sprintf("%064x%064x", uint64(usdc), 0), fmt.Sprintf("%064x%064x", uint64(balance), uint64(claimed))
	return nodeThat(t, func(_, answer []byte) []byte {
		if lies.Load() {
			return bytes.ReplaceAll(answer, []byte(truth), []byte(lie))
		}
		return answer
	})
}

// nodeThat is a node that says of the chain what a test makes of each answer.
func nodeThat(t testing.TB, says func(question, answer []byte) []byte) string {
	t.Helper()
	return nodeOf(t, shoptest.Net.Anvil.URL(), says)
}

// nodeOf is nodeThat for the chain behind another node.
func nodeOf(t testing.TB, node string, says func(question, answer []byte) []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		truth, err := http.Post(node, "application/json", bytes.NewReader(question))
		if err != nil {
			t.Error(err)
			return
		}
		defer truth.Body.Close()
		answer, err := io.ReadAll(truth.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(says(question, answer))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAServerAndANodeThatAgreeDoNotMakeAClientSignMoreThanItsBookKnows(t *testing.T) {
	const claimed = 990_000
	var lies atomic.Bool
	agree := func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult { return l.corrects(claimed, nil) }
	o := options(t)
	o.RPC = lyingNode(t, &lies, usdc, claimed)
	l := newLiar(t, o, agree)
	l.announce = true
	lies.Store(true)
	steps := map[string]func(*agent.Client) error{
		"a call":     func(c *agent.Client) error { _, _, err := c.CallTool(t.Context(), "work", nil); return err },
		"a recovery": func(c *agent.Client) error { _, err := c.Recover(t.Context()); return err },
		"a refund":   func(c *agent.Client) error { _, err := c.Refund(t.Context(), 0); return err },
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			o := o
			o.Book = filepath.Join(t.TempDir(), "agent.db")
			for range 2 {
				if err := step(dial(t, l.url, o)); !errors.Is(err, agent.ErrOldBook) {
					t.Errorf("with an empty book: %v", err)
				}
			}
			if l.most() != 0 {
				t.Errorf("signed %s", l.most())
			}
		})
	}
	t.Run("without a book", func(t *testing.T) {
		o := o
		o.Book = ""
		for name, step := range steps {
			if err := step(dial(t, l.url, o)); err == nil || l.most() > price {
				t.Errorf("%s: %v, signed %s", name, err, l.most())
			}
		}
	})
	t.Run("with a book that knows the channel", func(t *testing.T) {
		lies.Store(false)
		o := o
		o.Book = filepath.Join(t.TempDir(), "agent.db")
		client := dial(t, l.url, o)
		_, _, _ = client.CallTool(t.Context(), "work", nil)
		lies.Store(true)
		for name, step := range steps {
			if err := step(client); err == nil || l.most() > price {
				t.Errorf("%s: %v, signed %s", name, err, l.most())
			}
		}
	})
}

func TestARecoveryBeyondTheBookIsShownAndAskedForAndCountsAsSpent(t *testing.T) {
	shop, _ := counting(t)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 3, 0)
	if _, err := shop.Settler.Settle(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	o.Book = filepath.Join(t.TempDir(), "lost.db")
	o.Policy.Total = 4 * price
	var asked []agent.Finding
	says := false
	o.Agree = func(_ context.Context, f agent.Finding) (bool, error) { asked = append(asked, f); return says, nil }
	lost := dial(t, shop.URL, o)
	if _, err := lost.Recover(t.Context()); !errors.Is(err, agent.ErrOldBook) {
		t.Errorf("nobody agreed: %v", err)
	}
	if spent, err := lost.Spent(); err != nil || spent.Total != 0 {
		t.Errorf("what nobody agreed to is spent: %+v, %v", spent, err)
	}
	says = true
	if entry, err := lost.Recover(t.Context()); err != nil || entry.Charged != 3*price || entry.Signed != 3*price {
		t.Errorf("recovered %+v, %v", entry, err)
	}
	if len(asked) != 2 || asked[1].Known != 0 || asked[1].Charged != 3*price || asked[1].Signed != 3*price || asked[1].Claimed != 3*price || !asked[1].Proven {
		t.Errorf("asked about %+v", asked)
	}
	if spent, err := lost.Spent(); err != nil || spent.Total != 3*price || spent.Today != 0 {
		t.Errorf("spent %+v, %v", spent, err)
	}
	buy(t, lost, 1, 4*price)
	refusal(t, lost)
	if _, err := lost.Recover(t.Context()); err != nil || len(asked) != 2 {
		t.Errorf("what the book knows is asked for: %v", err)
	}
}

func TestWhatANodeAloneSaysIsClaimedIsSignedForNothingBeyondTheBudget(t *testing.T) {
	const claimed = 500_000
	var lies atomic.Bool
	o := options(t)
	o.RPC = lyingNode(t, &lies, usdc, claimed)
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult { return l.corrects(claimed, nil) })
	l.announce = true
	lies.Store(true)
	o.Book = filepath.Join(t.TempDir(), "lost.db")
	o.Policy.Total = 4 * price
	o.Agree = func(context.Context, agent.Finding) (bool, error) { return true, nil }
	client := dial(t, l.url, o)
	entry, err := client.Recover(t.Context())
	if err != nil || entry.Signed != claimed || entry.Unvouched != claimed {
		t.Fatalf("recovered %+v, %v", entry, err)
	}
	deposit := 10 * price
	steps := map[string]func(*agent.Client) error{
		"a call":   func(c *agent.Client) error { _, _, err := c.CallTool(t.Context(), "work", nil); return err },
		"a refund": func(c *agent.Client) error { _, err := c.Refund(t.Context(), 0); return err },
		"a deposit": func(c *agent.Client) error {
			deposit++ // one that was not sent is not waited for
			_, err := c.Deposit(t.Context(), deposit)
			return err
		},
	}
	for range 2 {
		for name, step := range steps {
			if err := step(client); !errors.Is(err, agent.ErrPolicy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		client = dial(t, l.url, o) // with what the book has of it
	}
	if l.most() != 0 {
		t.Errorf("signed %s", l.most())
	}
}

func TestWhatAServerProvesAboveTheBudgetComesBackByARefund(t *testing.T) {
	shop, _ := counting(t)
	o := options(t)
	buy(t, funded(t, shop.URL, o), 3, 0)
	o.Book = filepath.Join(t.TempDir(), "lost.db")
	o.Policy.Total = 2 * price
	lost := dial(t, shop.URL, o)
	if entry, err := lost.Recover(t.Context()); err != nil || entry.Signed != 3*price || entry.Unvouched != 0 {
		t.Fatalf("recovered %+v, %v", entry, err)
	}
	refusal(t, lost)
	if moved, err := lost.Refund(t.Context(), 0); err != nil || moved.Balance != 3*price {
		t.Errorf("refunded %+v, %v", moved, err)
	}
}

func TestARecoveryAsksEveryEndpoint(t *testing.T) {
	var lies atomic.Bool
	o := options(t)
	o.RPC += "," + lyingNode(t, &lies, usdc, 500_000)
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.refuse(x402.ErrChannelNotFound, l.terms)
	})
	l.announce = true
	client := dial(t, l.url, o)
	lies.Store(true)
	if _, err := client.Recover(t.Context()); !errors.Is(err, agent.ErrTerms) {
		t.Errorf("the endpoints disagree: %v", err)
	}
	lies.Store(false)
	if entry, err := client.Recover(t.Context()); err != nil || entry.Charged != 0 {
		t.Errorf("recovered %+v, %v", entry, err)
	}
}
