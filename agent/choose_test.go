package agent_test

import (
	"context"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// escrows are those of the channels that the client has with the shop, with what
// they hold.
func escrows(t testing.TB, shop *shoptest.Shop) map[vouchers.Deployment]vouchers.Amount {
	t.Helper()
	all := make(map[vouchers.Deployment]vouchers.Amount)
	for ch := range shop.Ledger.Channels() {
		all[ch.Deployment] += ch.Balance
	}
	return all
}

func hash(t testing.TB, client *agent.Client) {
	t.Helper()
	if _, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "x"}); err != nil || receipt.Charged != 500 {
		t.Errorf("the call: %+v, %v", receipt, err)
	}
}

func TestOurOwnEscrowIsChosenUnlessMoneyIsInTheOther(t *testing.T) {
	if err := shoptest.Net.PlaceCanonical(t.Context()); err != nil {
		t.Fatal(err)
	}
	own := vouchers.Deployment{ChainID: 31337, Escrow: escrow.Own.Escrow}
	canonical := vouchers.Deployment{ChainID: 31337, Escrow: escrow.Canonical.Escrow}
	o := shoptest.Options(t)
	o.Escrow = escrow.Canonical.Escrow
	alone := shoptest.Open(t, o)
	payer := options(t)
	early := funded(t, alone.URL, payer)
	hash(t, early)
	if err := early.Close(); err != nil {
		t.Fatal(err)
	}
	alone.Stop(t)

	o.Also = []server.Accepts{{Escrow: escrow.Own.Escrow}}
	shop := shoptest.Open(t, o)
	moved := payer
	moved.Book = rename(t, payer.Book, alone.URL, shop.URL)
	again := dial(t, shop.URL, moved)
	hash(t, again)
	if got := escrows(t, shop); len(got) != 1 || got[canonical] != 10*usdc {
		t.Errorf("who has money in the canonical escrow has %v", got)
	}
	if back, err := again.Refund(t.Context(), 0); err != nil || back.Amount != 10*usdc-1_000 {
		t.Errorf("refunded %+v, %v", back, err)
	}
	if _, err := dial(t, shop.URL, moved).Deposit(t.Context(), usdc); err != nil {
		t.Fatal(err)
	}
	if got := escrows(t, shop); got[own] != usdc {
		t.Errorf("after the refund a deposit goes to %v", got)
	}

	late := options(t)
	late.Key, late.Book = shoptest.Payer(t, "late"), ""
	hash(t, funded(t, shop.URL, late))
	if got := escrows(t, shop); got[own] != 11*usdc {
		t.Errorf("with a new payer's deposit the escrows hold %v", got)
	}
}

// rename gives what the book knows of a server another URL, under which it is now.
func rename(t testing.TB, path, from, to string) string {
	t.Helper()
	book, err := book.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := book.Channels()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Server == from {
			e.Server = to
			if err := book.Put(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	return path
}

func TestAPayerPaysOnItsOwnChain(t *testing.T) {
	other, err := devnet.Start(t.Context(), 0, func(string, ...any) {}, "--chain-id", "31338")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
	}()
	o := shoptest.Options(t)
	o.Key = shoptest.Key(t, "seller")
	for _, net := range []*devnet.Net{shoptest.Net, other} {
		if err := net.Control(t.Context(), "anvil_setBalance", o.Key.Address(), "0xde0b6b3a7640000"); err != nil {
			t.Fatal(err)
		}
	}
	o.Also = []server.Accepts{{RPC: other.Anvil.URL(), Token: other.Token}}
	shop := shoptest.Open(t, o)
	there := options(t)
	there.RPC, there.Token = other.Anvil.URL(), other.Token
	if err := other.Mint(context.WithoutCancel(t.Context()), there.Key.Address(), 100*usdc); err != nil {
		t.Fatal(err)
	}
	here := options(t)
	here.Key = shoptest.Payer(t, "another payer")
	for chainID, payer := range map[uint64]agent.Options{31337: here, 31338: there} {
		client := funded(t, shop.URL, payer)
		hash(t, client)
		if got := escrows(t, shop)[vouchers.Deployment{ChainID: chainID, Escrow: escrow.Own.Escrow}]; got != 10*usdc {
			t.Errorf("on chain %d the channel holds %s", chainID, got)
		}
		if back, err := client.Refund(t.Context(), 0); err != nil || back.Amount != 10*usdc-500 {
			t.Errorf("on chain %d it refunded %+v, %v", chainID, back, err)
		}
	}
}

func TestDustInOneEscrowDoesNotHideTheMoneyInAnother(t *testing.T) {
	if err := shoptest.Net.PlaceCanonical(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, payer := shoptest.Options(t), options(t)
	o.Limits.LeastDeposit = 1
	url := ""
	visit := func(deposit vouchers.Amount) {
		t.Helper()
		shop := shoptest.Open(t, o)
		if url != "" {
			payer.Book = rename(t, payer.Book, url, shop.URL)
		}
		url = shop.URL
		client := dial(t, url, payer)
		if deposit > 0 {
			if _, err := client.Deposit(t.Context(), deposit); err != nil {
				t.Fatal(err)
			}
		}
		hash(t, client)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		shop.Stop(t)
	}
	visit(900) // 400 are left, which buy nothing
	o.Escrow = escrow.Canonical.Escrow
	visit(10 * usdc)
	o.Also = []server.Accepts{{Escrow: escrow.Own.Escrow}}
	visit(0)
}
