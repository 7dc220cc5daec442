package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

const otherChain = 31338

// street is where a shop is paid in three ways: through the canonical escrow and our
// own on the chain of all tests, and through our own on another chain.
type street struct {
	options server.Options
	other   *devnet.Net
}

func newStreet(t testing.TB) *street {
	t.Helper()
	if err := shoptest.Net.PlaceCanonical(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := devnet.Start(t.Context(), 0, func(string, ...any) {}, "--chain-id", fmt.Sprint(otherChain))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Stop(); err != nil {
			t.Errorf("stop the other chain: %v", err)
		}
	})
	s := &street{options: selling(t), other: other}
	s.options.Key = shoptest.Key(t, "seller")
	for _, net := range []*devnet.Net{shoptest.Net, other} {
		if err := net.Control(t.Context(), "anvil_setBalance", s.options.Key.Address(), "0xde0b6b3a7640000"); err != nil {
			t.Fatal(err)
		}
	}
	s.options.Also = []server.Accepts{{Escrow: escrow.Canonical.Escrow}, {RPC: other.Anvil.URL(), ChainID: otherChain, Token: other.Token}}
	return s
}

// reversed are the options with the other chain's deployment as their own.
func (s *street) reversed() server.Options {
	o := s.options
	o.RPC, o.Token = s.other.Anvil.URL(), s.other.Token
	o.Also = []server.Accepts{
		{RPC: s.options.RPC, Token: s.options.Token},
		{RPC: s.options.RPC, Token: s.options.Token, Escrow: escrow.Canonical.Escrow},
	}
	return o
}

// customers pay through the canonical escrow, our own, and our own on the other chain.
func (s *street) customers(t testing.TB, shop *shoptest.Shop, role string) [3]*customer {
	t.Helper()
	accepts := send(t.Context(), t, shop.URL, "work", nil, nil).refusal().Accepts
	if len(accepts) != 3 {
		t.Fatalf("the shop offers %+v", accepts)
	}
	var all [3]*customer
	for i, net := range []*devnet.Net{shoptest.Net, shoptest.Net, s.other} {
		c := &customer{t: t, url: shop.URL, key: shoptest.Payer(t, fmt.Sprintf("%s %d", role, i)), net: net}
		if net == s.other {
			if err := errors.Join(net.Mint(t.Context(), c.key.Address(), 100*usdc), net.Control(t.Context(), "anvil_setBalance", c.key.Address(), "0xde0b6b3a7640000")); err != nil {
				t.Fatal(err)
			}
		}
		c.agree(accepts[i])
		all[i] = c
	}
	return all
}

// announced are the terms of a tool in the list of tools.
func announced(t testing.TB, url, name string) *x402.PaymentRequired {
	t.Helper()
	var list struct {
		Tools []struct {
			Name string
			Meta map[string]json.RawMessage `json:"_meta"`
		}
	}
	if err := json.Unmarshal(postRaw(t, url, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`)), &list); err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		if tool.Name == name {
			required, err := x402.DecodePaymentRequired(tool.Meta[onmcp.MetaPrice])
			if err != nil {
				t.Fatal(err)
			}
			return required
		}
	}
	t.Fatalf("the tool %s is not listed", name)
	return nil
}

// income is what the receiver has on the customer's chain.
func (c *customer) income() vouchers.Amount {
	c.t.Helper()
	token, err := funding.ReadToken(c.t.Context(), c.net.Client, c.terms.Asset)
	if err != nil {
		c.t.Fatal(err)
	}
	have, err := token.Balance(c.t.Context(), c.net.Client, c.terms.PayTo)
	if err != nil {
		c.t.Fatal(err)
	}
	return have
}

// still stops both chains' mining until mine is called.
func (s *street) still(t testing.TB) (mine func()) {
	t.Helper()
	control := func(method string, args ...any) {
		for _, net := range []*devnet.Net{shoptest.Net, s.other} {
			if err := net.Control(context.WithoutCancel(t.Context()), method, args...); err != nil {
				t.Error(err)
			}
		}
	}
	control("evm_setAutomine", false)
	mine = sync.OnceFunc(func() {
		control("evm_setAutomine", true)
		control("anvil_mine", 1)
	})
	t.Cleanup(mine)
	return mine
}
