package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// work adds a tool that answers "done".
func work(s *mcpserver.MCPServer) {
	s.AddTool(mcp.NewTool("work"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
}

// selling are the options of a shop whose tool "work" has this price.
func selling(t testing.TB, price string) server.Options {
	o := shoptest.Options(t)
	o.Prices = server.Prices{"work": price, "hash": "0.0005", "unreliable": "0.01", "*": server.Free}
	return o
}

func TestThePolicyLimitsWhatIsPaidWithoutAsking(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.002"), work)
	o := options(t)
	o.Policy = agent.Policy{MaxPrice: 1_999, MaxDeposit: 5 * usdc}
	client := dial(t, shop.URL, o)
	if _, err := client.Deposit(t.Context(), 5*usdc+1); !errors.Is(err, agent.ErrPolicy) {
		t.Errorf("a deposit above the limit: %v", err)
	}
	if moved, err := client.Deposit(t.Context(), 5*usdc); err != nil || moved.Balance != 5*usdc {
		t.Errorf("a deposit of the limit: %+v, %v", moved, err)
	}
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrPolicy) || !strings.Contains(err.Error(), "work") {
		t.Errorf("a price above the limit: %v", err)
	}
	if _, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "x"}); err != nil || receipt.Charged != 500 {
		t.Errorf("a price below the limit: %+v, %v", receipt, err)
	}
	o.Policy.MaxPrice = 2_000
	client = dial(t, shop.URL, o)
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != 2_000 {
		t.Errorf("a price of the limit: %+v, %v", receipt, err)
	}
}

func TestABalanceThatIsTooLowIsSaidAndADepositHelps(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "20"), work)
	o := options(t)
	o.Policy.MaxPrice = agent.Unlimited
	client := dial(t, shop.URL, o)
	for _, balance := range []vouchers.Amount{0, 15 * usdc} {
		if balance > 0 {
			if _, err := client.Deposit(t.Context(), balance); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := client.CallTool(t.Context(), "work", nil)
		if !errors.Is(err, agent.ErrBalance) || !strings.Contains(err.Error(), "20 USDC") || !strings.Contains(err.Error(), balance.String()) || !strings.Contains(err.Error(), "deposit") {
			t.Errorf("a call of 20 USDC with %s: %v", balance, err)
		}
	}
	if _, err := client.Deposit(t.Context(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != 20*usdc {
		t.Errorf("the call: %+v, %v", receipt, err)
	}
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrBalance) {
		t.Errorf("a second call: %v", err)
	}
}

func TestADepositThatIsNotPossibleIsRefusedBeforeItIsSigned(t *testing.T) {
	o := selling(t, "0.001")
	o.MinDeposit = usdc
	shop := shoptest.Open(t, o, work)
	client := dial(t, shop.URL, options(t))
	for _, test := range []struct {
		amount vouchers.Amount
		want   error
	}{{100*usdc + 1, agent.ErrFunds}, {1<<64 - 1, agent.ErrFunds}, {usdc - 1, agent.ErrTerms}, {0, agent.ErrTerms}} {
		if _, err := client.Deposit(t.Context(), test.amount); !errors.Is(err, test.want) {
			t.Errorf("a deposit of %s: %v", test.amount, err)
		}
	}
	if have, err := client.WalletBalance(t.Context()); err != nil || have != 100*usdc || shop.Ledger.Len() != 0 {
		t.Errorf("the wallet has %s, %v; the shop %d channels", have, err, shop.Ledger.Len())
	}
}

func TestAServerThatOnlySaysThatMoneyMovedIsFoundOut(t *testing.T) {
	for name, test := range map[string]struct {
		says vouchers.Amount
		move func(*agent.Client) (agent.Moved, error)
	}{
		"into the channel":   {5 * usdc, func(c *agent.Client) (agent.Moved, error) { return c.Deposit(t.Context(), 5*usdc) }},
		"out of the channel": {usdc / 2, func(c *agent.Client) (agent.Moved, error) { return c.Refund(t.Context(), usdc/2) }},
		"more than there is": {5 * usdc, func(c *agent.Client) (agent.Moved, error) { return c.Refund(t.Context(), 0) }},
		"all of it":          {usdc, func(c *agent.Client) (agent.Moved, error) { return c.Refund(t.Context(), 0) }},
		"nothing of it all":  {0, func(c *agent.Client) (agent.Moved, error) { return c.Refund(t.Context(), 0) }},
		"nothing of a part":  {0, func(c *agent.Client) (agent.Moved, error) { return c.Refund(t.Context(), usdc/2) }},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Limits.Behind = time.Millisecond // the node is not: there is no such transaction
			l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				receipt := l.receipt(0, 0)
				receipt.Amount, receipt.Transaction = &test.says, common.Hash{1}.Hex()
				return serves(receipt)
			})
			if moved, err := test.move(dial(t, l.url, o)); !errors.Is(err, agent.ErrDishonest) {
				t.Errorf("moved %+v, %v", moved, err)
			}
			if l.most() != 0 {
				t.Errorf("the client has signed up to %s", l.most())
			}
		})
	}
}

func TestADepositIsAuthorizedForTheCollectorThatTheClientKnows(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.refuse(x402.ErrDepositTransactionFailed, l.terms)
	})
	l.terms.Extra.Collectors = &x402.Collectors{EIP3009: common.HexToAddress("0xbad")}
	client := dial(t, l.url, o)
	var refused *agent.RefusedError
	if _, err := client.Deposit(t.Context(), 2*usdc); !errors.As(err, &refused) || refused.Code != x402.ErrDepositTransactionFailed {
		t.Errorf("the deposit: %v", err)
	}
	p := l.seen()[0].Payload.(*x402.DepositPayload)
	a := p.Deposit.Authorization.Erc3009
	d := funding.Deposit{Config: p.ChannelConfig, Amount: p.Deposit.Amount, ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Salt: a.Salt}
	signer, err := vouchers.Recover(d.Digest(client.Token(), escrow.Own.Collectors.EIP3009, l.id()), a.Signature)
	if err != nil || signer != o.Key.Address() {
		t.Errorf("the authorization is not for the trusted collector: it recovers to %s, %v", signer, err)
	}
	if p.ChannelConfig != l.config() || p.Deposit.Amount != 2*usdc || p.Voucher.MaxClaimableAmount != 0 {
		t.Errorf("the deposit is %+v", p)
	}
}

func TestARefundComesBackInPartsAndThenWhole(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	client := funded(t, shop.URL, options(t))
	if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
		t.Fatal(err)
	}
	moved, err := client.Refund(t.Context(), 4*usdc)
	if err != nil || moved.Amount != 4*usdc || moved.Balance != 6*usdc || moved.Tx == (common.Hash{}) {
		t.Errorf("a part: %+v, %v", moved, err)
	}
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Cumulative != 2*price {
		t.Errorf("a call after it: %+v, %v", receipt, err)
	}
	var refused *agent.RefusedError
	if _, err := client.Refund(t.Context(), 6*usdc); !errors.As(err, &refused) || refused.Code != x402.ErrRefundAmountInvalid {
		t.Errorf("more than is left: %v", err)
	}
	if moved, err = client.Refund(t.Context(), 0); err != nil || moved.Amount != 6*usdc-2*price || moved.Balance != 2*price {
		t.Errorf("the rest: %+v, %v", moved, err)
	}
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrBalance) {
		t.Errorf("a call of an empty channel: %v", err)
	}
	if _, err := client.Refund(t.Context(), 0); !errors.As(err, &refused) || refused.Code != x402.ErrRefundNoBalance {
		t.Errorf("a refund of an empty channel: %v", err)
	}
}
