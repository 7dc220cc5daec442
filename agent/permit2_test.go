package agent_test

import (
	"errors"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestATokenWithoutEIP3009IsDepositedByPermit2OnceItIsApproved(t *testing.T) {
	o, payer := shoptest.Options(t), options(t)
	o.Token = shoptest.PlainToken(t, payer.Key.Address())
	payer.Token = o.Token
	payer.TopUp = agent.TopUp{Amount: 2 * usdc}
	shop := shoptest.Open(t, o)
	client := dial(t, shop.URL, payer)
	if moved, err := client.Deposit(t.Context(), usdc); !errors.Is(err, agent.ErrFunds) {
		t.Errorf("without an approval it deposited %+v, %v", moved, err)
	}
	shoptest.ApprovePermit2(t, payer.Key, o.Token, (3 * usdc).Big())
	if moved, err := client.Deposit(t.Context(), usdc); err != nil || moved.Balance != usdc {
		t.Fatalf("deposited %+v, %v", moved, err)
	}
	hash(t, client)
	if back, err := client.Refund(t.Context(), 0); err != nil || back.Amount != usdc-500 {
		t.Errorf("refunded %+v, %v", back, err)
	}
	hash(t, client) // tops up
	if moved, err := client.Deposit(t.Context(), usdc); !errors.Is(err, agent.ErrFunds) {
		t.Errorf("beyond the approval it deposited %+v, %v", moved, err)
	}
	if have, err := client.WalletBalance(t.Context()); err != nil || have != 98*usdc-500 {
		t.Errorf("the payer has %s, %v", have, err)
	}
}

func TestEIP3009IsChosenWhereBothAreOffered(t *testing.T) {
	o := shoptest.Options(t)
	o.Permit2 = true
	shop := shoptest.Open(t, o)
	client := dial(t, shop.URL, options(t)) // has approved nothing
	tools, err := client.MCP().ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	offered := 0
	for _, tool := range tools.Tools {
		if tool.Name == "hash" {
			required, err := x402.DecodeValue[x402.PaymentRequired](tool.Meta.AdditionalFields["x402/payment-required"])
			if err != nil {
				t.Fatal(err)
			}
			offered = len(required.Accepts)
		}
	}
	if moved, err := client.Deposit(t.Context(), usdc); err != nil || moved.Balance != usdc || offered != 2 {
		t.Errorf("of %d offers it deposited %+v, %v", offered, moved, err)
	}
	hash(t, client)
}
