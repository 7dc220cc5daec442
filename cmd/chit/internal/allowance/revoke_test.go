package allowance_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestAGrantThatGaveEverythingBackIsNotSpent(t *testing.T) {
	const budget = vouchers.Amount(10_000)
	shop := shoptest.Open(t, shoptest.Options(t))
	o := agent.Options{
		Key: shoptest.Payer(t, "payer"), RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token, Book: filepath.Join(t.TempDir(), "agent.db"),
		Policy: agent.Policy{MaxPrice: agent.Unlimited, Total: 5 * shoptest.USDC},
	}
	client, err := agent.Dial(t.Context(), shop.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	moved, err := client.Deposit(t.Context(), 5*shoptest.USDC)
	if err != nil {
		t.Fatal(err)
	}
	owner := allowance.Owner{Client: client, Key: o.Key, Channel: moved.Channel, Book: bookOf(t, o)}
	granted, err := owner.Grant(t.Context(), macaroon.Scope{Budget: budget, Expires: time.Now().Add(time.Hour)}, "swarm")
	if err != nil {
		t.Fatal(err)
	}
	holdsFunds(t, client, o, treasury.ChannelFunds{WithTokens: budget, Available: 5*shoptest.USDC - budget})
	if _, err := owner.Revoke(t.Context(), granted.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if spent, err := client.Spent(); err != nil || spent != (agent.Spent{AtRisk: budget}) {
		t.Errorf("spent %+v, %v", spent, err)
	}
	holdsFunds(t, client, o, treasury.ChannelFunds{Available: 5 * shoptest.USDC})
}

// holdsFunds checks what the payer's table of money says of its one channel.
func holdsFunds(t testing.TB, client *agent.Client, o agent.Options, want treasury.ChannelFunds) {
	t.Helper()
	if _, err := client.Spent(); err != nil { // writes the book
		t.Fatal(err)
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, o.Token)
	if err != nil {
		t.Fatal(err)
	}
	funds, err := treasury.Read(t.Context(), shoptest.Net.Client, token, o.Key.Address(), book)
	if err != nil || len(funds.Channels) != 1 {
		t.Fatalf("the funds are %+v, %v", funds, err)
	}
	got := funds.Channels[0]
	if got.WithTokens != want.WithTokens || got.Available != want.Available || got.Spent() != 0 || got.OnItsWay != 0 ||
		got.Balance != got.Spent()+got.WithTokens+got.OnItsWay+got.Available {
		t.Errorf("the channel has %s: %s spent, %s with tokens, %s on its way, %s left", got.Balance, got.Spent(), got.WithTokens, got.OnItsWay, got.Available)
	}
}
