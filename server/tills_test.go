package server_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/x402"
)

func TestAShopIsPaidThroughSeveralEscrowsOnSeveralChains(t *testing.T) {
	s := newStreet(t)
	work := new(tool)
	shop := shoptest.Open(t, s.options, work.add)
	customers := s.customers(t, shop, "payer")
	for i, c := range customers {
		if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)).receipt(); got.Extra.ChannelState.Balance != usdc || got.Network != c.terms.Network {
			t.Fatalf("after the deposit of customer %d: %+v", i, got)
		}
		c.buys(1)
	}
	shop.Stop(t)
	shop = shoptest.Open(t, s.reversed(), work.add)
	for _, c := range customers {
		c.url = shop.URL
		c.buys(2)
	}
	planned, batches := 0, 0
	done, err := shop.SettleAs(t.Context(), settle.Request{}, func(e settle.Event) {
		planned += len(e.Plan)
		if e.Batch != nil && e.Batch.Deployment != "" {
			batches++
		}
	})
	if err != nil || done.Channels != 3 || done.Claimed != 6*price || done.Settled != 6*price || planned != 3 || batches != 3 || done.Cost != nil {
		t.Errorf("settled %+v, %v; %d planned, %d batches", done, err, planned, batches)
	}
	parts := make(map[string]settle.Settlement)
	for _, part := range done.Deployments {
		parts[part.Deployment] = part
	}
	for _, c := range customers {
		if part := parts[c.domain.Deployment().String()]; part.Claimed != 2*price || part.Settled != 2*price || part.Cost.Sign() <= 0 {
			t.Errorf("of %s it settled %+v", c.domain.Deployment(), part)
		}
	}
	if customers[0].income() != 4*price || customers[2].income() != 2*price {
		t.Errorf("the receiver has %s and %s", customers[0].income(), customers[2].income())
	}
	for i, c := range customers {
		if got := c.call(onmcp.RefundTool, c.ordered(c.refunds(2*price, nil), 0)).receipt(); *got.Amount != usdc-2*price || c.wallet() != 100*usdc-2*price {
			t.Errorf("the refund of customer %d is %s; it has %s", i, *got.Amount, c.wallet())
		}
	}
	found, err := shop.Reconcile(t.Context())
	if err != nil || found.Channels != 3 || len(found.Differences) != 0 {
		t.Errorf("reconciled %+v, %v", found, err)
	}
}

func TestChargesInADeploymentThatWasTakenOutAreSetAsideUntilItIsBack(t *testing.T) {
	s := newStreet(t)
	work := new(tool)
	shop := shoptest.Open(t, s.options, work.add)
	c := s.customers(t, shop, "payer")[0]
	if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.result.IsError {
		t.Fatalf("the deposit: %s", got.raw)
	}
	c.buys(1)
	shop.Stop(t)
	without := s.options
	without.Also = nil
	shop = shoptest.Open(t, without, work.add)
	c.url = shop.URL
	if got := c.call("work", c.pays(2*price)).code(); got != x402.ErrPaymentRequirements {
		t.Errorf("a payment through it is refused with %q", got)
	}
	done, err := shop.SettleAs(t.Context(), settle.Request{}, nil)
	if err != nil || done.Channels != 0 || len(done.SetAside) != 1 || done.SetAside[0].Channel != c.id || done.SetAside[0].Value != price {
		t.Errorf("settled %+v, %v", done, err)
	}
	shop.Stop(t)
	shop = shoptest.Open(t, s.options, work.add)
	if done, err := shop.SettleAs(t.Context(), settle.Request{}, nil); err != nil || done.Settled != price || len(done.SetAside) != 0 {
		t.Errorf("settled %+v, %v", done, err)
	}
}

func TestAWithdrawalIsDefendedInEveryDeployment(t *testing.T) {
	s := newStreet(t)
	work := new(tool)
	shop := shoptest.Open(t, s.options, work.add)
	customers := s.customers(t, shop, "payer")
	for i, c := range customers {
		if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.result.IsError {
			t.Fatalf("the deposit of customer %d: %s", i, got.raw)
		}
		c.buys(1)
	}
	_, stop, stopped := serve(t, shop, work, 0)
	for _, c := range customers {
		c.announces(usdc)
		until(t, "the charge is claimed", func() bool { return c.ledger(shop).Claimed == price })
	}
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestEveryWayToPayIsOfferedAndTheCanonicalOneFirst(t *testing.T) {
	s := newStreet(t)
	shop := shoptest.Open(t, s.options, new(tool).add)
	required := send(t.Context(), t, shop.URL, "work", nil, nil).refusal()
	want := []string{"eip155:31337 canonical", "eip155:31337 " + escrow.Own.Escrow.Hex(), "eip155:31338 " + escrow.Own.Escrow.Hex()}
	check := func(accepts []x402.Requirements) {
		t.Helper()
		var got []string
		for _, entry := range accepts {
			at := "canonical"
			if entry.Extra.Escrow != nil {
				at = entry.Extra.Escrow.Hex()
			}
			got = append(got, entry.Network+" "+at)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("offered %q, want %q", got, want)
		}
	}
	check(required.Accepts)
	check(announced(t, shop.URL, "work").Accepts)
	// Who has to recover finds its own channel's entry first.
	c := s.customers(t, shop, "payer")[2]
	if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.result.IsError {
		t.Fatalf("the deposit: %s", got.raw)
	}
	c.buys(1)
	refused := c.call("work", c.pays(price+1)).refusal()
	if first := refused.Accepts[0]; first.Network != c.terms.Network || first.Extra.ChannelState == nil || len(refused.Accepts) != 3 || refused.Accepts[1].Extra.ChannelState != nil {
		t.Errorf("a low ceiling is answered with %+v", refused.Accepts)
	}
}

func TestTermsThatAreMixedFromSeveralOffersAreRefused(t *testing.T) {
	s := newStreet(t)
	work := new(tool)
	shop := shoptest.Open(t, s.options, work.add)
	all := s.customers(t, shop, "payer")
	for i, c := range all {
		if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.result.IsError {
			t.Fatalf("the deposit of customer %d: %s", i, got.raw)
		}
	}
	canonical, own, other := all[0], all[1], all[2]
	stray := escrow.Own.Collectors.EIP3009
	for name, c := range map[string]struct {
		payer *customer
		bend  func(*x402.Requirements)
		want  x402.ErrorCode
	}{
		"the other chain with the canonical escrow":            {canonical, func(r *x402.Requirements) { r.Network = other.terms.Network }, x402.ErrNetworkMismatch},
		"the other chain's terms without their escrow":         {other, func(r *x402.Requirements) { r.Extra.Escrow = nil }, x402.ErrNetworkMismatch},
		"a chain that the shop is not on":                      {own, func(r *x402.Requirements) { r.Network = "eip155:1" }, x402.ErrNetworkMismatch},
		"an escrow that the shop does not have":                {own, func(r *x402.Requirements) { r.Extra.Escrow = &stray }, x402.ErrPaymentRequirements},
		"our escrow's channel on the canonical terms":          {own, func(r *x402.Requirements) { *r = canonical.terms }, x402.ErrChannelIDMismatch},
		"the canonical channel on our escrow's terms":          {canonical, func(r *x402.Requirements) { *r = own.terms }, x402.ErrChannelIDMismatch},
		"the first chain's channel on the other chain's terms": {own, func(r *x402.Requirements) { *r = other.terms }, x402.ErrChannelIDMismatch},
	} {
		payment := c.payer.pays(price)
		c.bend(&payment.Accepted)
		if got := c.payer.call("work", payment).code(); got != c.want {
			t.Errorf("%s: refused with %q, want %q", name, got, c.want)
		}
		deposit := c.payer.deposits(usdc, 0)
		c.bend(&deposit.Accepted)
		if got := c.payer.call(onmcp.DepositTool, deposit).code(); got != c.want {
			t.Errorf("%s: the deposit is refused with %q, want %q", name, got, c.want)
		}
	}
	if n := work.runs.Load(); n != 0 {
		t.Errorf("the tool ran %d times", n)
	}
	for i, c := range all {
		if got := c.ledger(shop); got.Charged != 0 || got.Balance != usdc {
			t.Errorf("the channel of customer %d is %+v", i, got)
		}
	}
}

func TestDepositsIntoTwoEscrowsOfOneChainDoNotCollide(t *testing.T) {
	s := newStreet(t)
	shop := shoptest.Open(t, s.options, new(tool).add)
	var all []*customer
	for i := range 4 {
		three := s.customers(t, shop, fmt.Sprintf("payer %d", i))
		all = append(all, three[0], three[1])
	}
	var group errgroup.Group
	for _, c := range all {
		payment := c.deposits(usdc, 0)
		group.Go(func() error {
			if got := c.call(onmcp.DepositTool, payment); got.result == nil || got.result.IsError {
				return fmt.Errorf("a deposit into %s: %s", c.domain.Deployment(), got.raw)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n, err := eth(t).NonceAt(t.Context(), s.options.Key.Address(), nil); err != nil || n != uint64(len(all)) {
		t.Errorf("the seller has sent %d transactions for %d deposits, %v", n, len(all), err)
	}
}

func TestAShopIsNotOpenedOnDeploymentsThatCannotBe(t *testing.T) {
	s := newStreet(t)
	for name, c := range map[string]struct {
		also server.Accepts
		want error
	}{
		"the same again":                   {server.Accepts{}, till.ErrDeployment},
		"another id of the chain":          {server.Accepts{ChainID: 5, Escrow: escrow.Canonical.Escrow}, till.ErrDeployment},
		"other confirmations on the chain": {server.Accepts{Confirmations: 7, Escrow: escrow.Canonical.Escrow}, till.ErrDeployment},
		"the chain by another RPC":         {server.Accepts{RPC: s.options.RPC + "/", Escrow: escrow.Canonical.Escrow, Token: s.options.Token}, till.ErrDeployment},
		"another chain without a token":    {server.Accepts{RPC: s.other.Anvil.URL()}, till.ErrDeployment},
		"a chain with another id":          {server.Accepts{RPC: s.other.Anvil.URL(), ChainID: 5, Token: s.other.Token}, chain.ErrChainID},
		"an escrow that is not there":      {server.Accepts{RPC: s.other.Anvil.URL(), Token: s.other.Token, Escrow: escrow.Canonical.Escrow}, chain.ErrNoContract},
		"an escrow that nobody trusts":     {server.Accepts{Escrow: s.options.Token}, escrow.ErrUntrusted},
	} {
		o := s.options
		o.Also = []server.Accepts{c.also}
		shop, err := server.Open(t.Context(), o)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil {
			_ = shop.Close()
		}
	}
}
