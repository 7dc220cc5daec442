package agent_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// bare takes the tool for deposits from a shop, as other servers of the scheme have none.
func bare(s *mcpserver.MCPServer) { s.DeleteTools("chit_deposit") }

// holds checks what the only channel of a shop has.
func holds(t testing.TB, shop *shoptest.Shop, balance, charged vouchers.Amount) {
	t.Helper()
	n := 0
	for channel := range shop.Ledger.Channels() {
		n++
		if channel.Balance != balance || channel.Charged != charged {
			t.Errorf("the channel holds %s and was charged %s, want %s and %s", channel.Balance, channel.Charged, balance, charged)
		}
	}
	if n != 1 {
		t.Errorf("there are %d channels", n)
	}
}

func TestAServerWithoutADepositToolIsFundedWithTheFirstCall(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work, bare)
	o := options(t)
	client := dial(t, shop.URL, o)
	if _, err := client.Deposit(t.Context(), usdc); !errors.Is(err, agent.ErrTerms) || !strings.Contains(err.Error(), "--deposit") {
		t.Errorf("a deposit apart from a call: %v", err)
	}
	o.TopUp.Amount = 2 * usdc
	client = dial(t, shop.URL, o)
	buy(t, client, 1, price)
	holds(t, shop, 2*usdc, price)
	buy(t, client, 2, 0)
	holds(t, shop, 2*usdc, 3*price)
	back, err := client.Refund(t.Context(), 0)
	if err != nil || back.Amount != 2*usdc-3*price {
		t.Errorf("refunded %+v, %v", back, err)
	}
	if have, err := client.WalletBalance(t.Context()); err != nil || have != 100*usdc-3*price {
		t.Errorf("the wallet has %s, %v", have, err)
	}
}

func TestCallsAtOnceOnAnEmptyChannelDepositOnce(t *testing.T) {
	for name, more := range map[string]func(*mcpserver.MCPServer){"with a deposit tool": work, "with a call": func(s *mcpserver.MCPServer) { work(s); bare(s) }} {
		t.Run(name, func(t *testing.T) {
			shop := shoptest.Open(t, selling(t, "0.001"), more)
			o := options(t)
			o.TopUp.Amount = usdc
			client := dial(t, shop.URL, o)
			const calls = 8
			var all sync.WaitGroup
			for range calls {
				all.Go(func() {
					if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
						t.Errorf("the call: %+v, %v", receipt, err)
					}
				})
			}
			all.Wait()
			holds(t, shop, usdc, calls*price)
		})
	}
}

func TestTopUpsAtOnceDepositOnce(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	o.TopUp.Amount = usdc
	clients := []*agent.Client{dial(t, shop.URL, o), dial(t, shop.URL, o), dial(t, shop.URL, o)}
	for range 5 { // from the second time on all have the channel open and start at one moment
		var all sync.WaitGroup
		var deposits atomic.Int64
		for _, client := range clients {
			all.Go(func() {
				moved, needed, err := client.TopUp(t.Context())
				if err != nil || moved.Balance != usdc {
					t.Errorf("topped up %+v, %v", moved, err)
				}
				if needed {
					deposits.Add(1)
				}
			})
		}
		all.Wait()
		if n := deposits.Load(); n != 1 {
			t.Errorf("%d deposits", n)
		}
		holds(t, shop, usdc, 0)
		if _, err := clients[0].Refund(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAChannelIsToppedUpBeforeItIsEmpty(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.25"), work)
	o := options(t)
	o.TopUp, o.Policy.MaxPrice = agent.TopUp{Below: usdc / 2, Amount: usdc}, usdc
	client := dial(t, shop.URL, o)
	for call, balance := range []vouchers.Amount{usdc, usdc, 2 * usdc} { // 0.75, 0.5, and then 0.25 would be left
		if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
			t.Fatal(err)
		}
		holds(t, shop, balance, vouchers.Amount(call+1)*usdc/4)
	}
	if moved, needed, err := client.TopUp(t.Context()); err != nil || needed || moved.Balance != 2*usdc {
		t.Errorf("topped up %+v, %v, %v", moved, needed, err)
	}
	o.TopUp.Below = 2 * usdc
	if moved, needed, err := dial(t, shop.URL, o).TopUp(t.Context()); err != nil || !needed || moved.Amount != usdc || moved.Balance != 3*usdc {
		t.Errorf("topped up %+v, %v, %v", moved, needed, err)
	}
}

func TestATopUpMovesNoMoreThanItSaysWhateverACallOrTheServerTakes(t *testing.T) {
	least := selling(t, "0.001")
	least.MinDeposit = 95 * usdc
	for name, shop := range map[string]*shoptest.Shop{
		"a call that takes more":               shoptest.Open(t, selling(t, "3"), work, bare),
		"a least deposit, with a call":         shoptest.Open(t, least, work, bare),
		"a least deposit, apart from the call": shoptest.Open(t, reopened(t, least), work),
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.TopUp.Amount, o.Policy.MaxPrice = usdc, 5*usdc
			client := dial(t, shop.URL, o)
			var refused *agent.PolicyError
			if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.As(err, &refused) || refused.Code != agent.CodeDepositExceeded || refused.Remaining != usdc || refused.Required < 3*usdc {
				t.Errorf("the call: %v", err)
			}
			if left, err := client.WalletBalance(t.Context()); err != nil || left != 100*usdc {
				t.Errorf("the wallet has %s, %v", left, err)
			}
		})
	}
	o := options(t)
	o.TopUp.Amount = usdc
	if _, _, err := dial(t, shoptest.Open(t, reopened(t, least), work).URL, o).TopUp(t.Context()); !errors.Is(err, agent.ErrPolicy) {
		t.Errorf("a top-up by hand: %v", err)
	}
}

// reopened are options with a store of their own.
func reopened(t testing.TB, o server.Options) server.Options {
	o.Store = filepath.Join(t.TempDir(), "server.db")
	return o
}

func TestWithoutAPolicyATopUpHasALimit(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	o.TopUp.Amount = agent.DefaultMaxDeposit + 1
	var refused *agent.PolicyError
	if _, _, err := dial(t, shop.URL, o).CallTool(t.Context(), "work", nil); !errors.As(err, &refused) || refused.Remaining != agent.DefaultMaxDeposit || !strings.Contains(err.Error(), "budget.deposit") {
		t.Errorf("the call: %v", err)
	}
	o.TopUp.Amount--
	buy(t, dial(t, shop.URL, o), 1, price)
}

func TestMoneyIsNotLockedForLongerThanThePolicyAllows(t *testing.T) {
	for name, test := range map[string]struct {
		delay uint64
		most  time.Duration
		pays  bool
	}{
		"a day by default":     {24 * 3600, 0, true},
		"a week by default":    {7 * 24 * 3600, 0, true},
		"more than a week":     {7*24*3600 + 1, 0, false},
		"30 days, if allowed":  {30 * 24 * 3600, 30 * 24 * time.Hour, true},
		"an hour, if less may": {3600, 59 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			selling := selling(t, "0.001")
			selling.WithdrawDelay = test.delay
			shop := shoptest.Open(t, selling, work)
			o := options(t)
			o.TopUp.Amount, o.Policy.MaxWithdrawDelay = usdc, test.most
			_, _, err := dial(t, shop.URL, o).CallTool(t.Context(), "work", nil)
			if test.pays != (err == nil) || err != nil && (!errors.Is(err, agent.ErrTerms) || !strings.Contains(err.Error(), "budget.withdrawDelay")) {
				t.Errorf("the call: %v", err)
			}
		})
	}
}

func TestATopUpKeepsToThePolicyAndTheWallet(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work, bare)
	o := options(t)
	o.TopUp.Amount, o.Policy.MaxDeposit = 2*usdc, usdc
	var refused *agent.PolicyError
	if _, _, err := dial(t, shop.URL, o).CallTool(t.Context(), "work", nil); !errors.As(err, &refused) || refused.Code != agent.CodeDepositExceeded || refused.Required != 2*usdc || refused.Remaining != usdc {
		t.Errorf("a deposit above the limit: %v", err)
	}
	o.TopUp.Amount, o.Policy.MaxDeposit = 101*usdc, agent.Unlimited
	if _, _, err := dial(t, shop.URL, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrFunds) {
		t.Errorf("a deposit above the wallet's balance: %v", err)
	}
	if shop.Ledger.Len() != 0 {
		t.Error("a channel was opened")
	}
}

func TestADepositWithoutAnAnswerIsSentAgainAndNotSignedAgain(t *testing.T) {
	o := options(t)
	o.TopUp = agent.TopUp{Below: 2 * usdc, Amount: usdc} // the liar's channel has 1 USDC
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return serves(l.receipt(price, 2*price))
	})
	l.hide = []string{"chit_deposit"}
	client := dial(t, l.url, o)
	l.cut = 2
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrUnknownOutcome) {
		t.Errorf("a deposit that is not answered: %v", err)
	}
	if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
		t.Errorf("the call after it: %v", err)
	}
	nonces := map[string]bool{}
	for _, p := range l.seen() {
		deposit, ok := p.Payload.(*x402.DepositPayload)
		if !ok {
			t.Fatalf("a %T came", p.Payload)
		}
		nonces[deposit.Deposit.Authorization.Erc3009.Salt.String()] = true
	}
	if len(l.seen()) != 3 || len(nonces) != 1 {
		t.Errorf("%d deposits with %d authorizations came, want 3 with 1", len(l.seen()), len(nonces))
	}
}
