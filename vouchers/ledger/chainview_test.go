package ledger_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestTheEscrowsViewIsTakenOverAndKept(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(300, 300))
	state := vouchers.ChainState{Balance: 2000, Claimed: 100, Withdrawal: vouchers.Withdrawal{Amount: 5, FinalizeAfter: 1_900_000_000}, RefundNonce: 7, Block: 50}
	if err := s.SetChain(t.Context(), p.id, state); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c := s.channel(p)
		if c.Balance != 2000 || c.Claimed != 100 || c.Charged != 300 || c.Ceiling != 300 || c.Withdrawal != state.Withdrawal || c.RefundNonce != 7 || c.Block != 50 {
			t.Errorf("%+v", c)
		}
		if c.Spendable() != 2000-5-300 || c.Claimable() != 200 {
			t.Errorf("spendable %d, claimable %d", c.Spendable(), c.Claimable())
		}
		s.restart()
	}
}

func TestAnOlderViewChangesNothingUnlessTheChainWasReorganized(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").is(s, vouchers.ChainState{Balance: 1000, Block: 50})
	set := func(balance vouchers.Amount, block uint64) {
		t.Helper()
		if err := s.SetChain(t.Context(), p.id, vouchers.ChainState{Balance: balance, Block: block}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(balance vouchers.Amount, block uint64) {
		t.Helper()
		if c := s.channel(p); c.Balance != balance || c.Block != block {
			t.Errorf("balance %d at block %d, want %d at %d", c.Balance, c.Block, balance, block)
		}
	}
	set(1, 49)
	want(1000, 50)
	set(2000, 0)
	want(2000, 50)
	set(1, 49)
	want(2000, 50)
	set(3000, 50)
	want(3000, 50)
	if err := s.Reorganized(t.Context(), p.id, vouchers.ChainState{Balance: 500, Block: 48}); err != nil {
		t.Fatal(err)
	}
	want(500, 48)
}

func TestClaimsOnlyRise(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(300, 300))
	for _, step := range []struct{ total, want vouchers.Amount }{{200, 200}, {100, 200}, {300, 300}} {
		if err := s.Claimed(t.Context(), p.id, step.total); err != nil {
			t.Fatal(err)
		}
		if c := s.channel(p); c.Claimed != step.want || c.Charged != 300 || len(c.Signature) == 0 {
			t.Errorf("%+v", c)
		}
	}
}

func TestALedgerWithoutMemoryCountsClaimsAsCharged(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").is(s, vouchers.ChainState{Balance: 1000, Claimed: 400})
	for range 2 {
		if c := s.channel(p); c.Charged != 400 || c.Ceiling != 400 || c.Signature != nil || c.Claimable() != 0 {
			t.Errorf("%+v", c)
		}
		s.refused(p.pays(450, 100), ledger.ErrCeilingMismatch)
		s.restart()
	}
	s.call(p.pays(500, 100))
}

// Two servers on one channel are a mistake; still no charge may rise above what
// the payer has signed.
func TestAClaimBySomebodyElseNeverLiftsAChargeAboveTheCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t)
		s := on(t, g)
		p := newPayer(t, "payer").deposits(s, 10_000)
		submitted, waiting := s.reserve(p.pays(1000, 100)), s.reserve(p.pays(900, 100))
		g.shut()
		done := make(chan error, 2)
		go func() {
			_, err := submitted.Commit(t.Context(), 100, nil)
			done <- err
		}()
		synctest.Wait()
		go func() { done <- s.Claimed(t.Context(), p.id, 1000) }()
		synctest.Wait()
		if _, err := waiting.Commit(t.Context(), 100, nil); !errors.Is(err, ledger.ErrCeilingMismatch) {
			t.Errorf("the charge that came later: %v", err)
		}
		g.open()
		if err := errors.Join(<-done, <-done); err != nil {
			t.Error(err)
		}
		for range 2 {
			if c := s.channel(p); c.Charged != 1000 || c.Ceiling != 1000 || c.Reserved != 0 || c.InFlight != 0 {
				t.Errorf("%+v", c)
			}
			s.load() // what is on disk
		}
	})
}

func TestAFreezeKeepsEverybodyOut(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	r := s.reserve(p.pays(100, 100))
	if _, err := s.Freeze(p.id); !errors.Is(err, ledger.ErrChannelBusy) {
		t.Errorf("with a call in flight: %v", err)
	}
	s.commit(r, 100)
	unfreeze, err := s.Freeze(p.id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Freeze(p.id); !errors.Is(err, ledger.ErrChannelFrozen) {
		t.Errorf("twice: %v", err)
	}
	if !s.channel(p).Frozen {
		t.Error("the channel does not say so")
	}
	s.refused(p.pays(200, 100), ledger.ErrChannelFrozen)
	unfreeze()
	again, err := s.Freeze(p.id)
	if err != nil {
		t.Fatal(err)
	}
	unfreeze() // the first one's is used up
	s.refused(p.pays(200, 100), ledger.ErrChannelFrozen)
	again()
	s.call(p.pays(200, 100))
}

func TestChannelsAreAllThere(t *testing.T) {
	s := newShop(t)
	want := map[vouchers.ChannelID]bool{}
	for i := range 1000 {
		p := newPayer(t, "payer")
		p.config.Salt[0], p.config.Salt[1] = byte(i), byte(i>>8)
		p.id = domain.ChannelID(p.config)
		want[p.deposits(s, vouchers.Amount(i)).id] = true
	}
	for range 2 {
		if s.Len() != len(want) {
			t.Errorf("%d channels", s.Len())
		}
		seen := map[vouchers.ChannelID]bool{}
		for c := range s.Channels() {
			if !want[c.ID] || seen[c.ID] || domain.ChannelID(c.Config) != c.ID {
				t.Errorf("%+v", c)
			}
			seen[c.ID] = true
		}
		if len(seen) != len(want) {
			t.Errorf("%d channels are listed", len(seen))
		}
		for range s.Channels() {
			break
		}
		s.restart()
	}
}
