package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// sees lets a ledger take over a view of a payer's channel in which something changed.
func (s *shop) sees(p *payer, change func(*vouchers.ChainState)) {
	s.t.Helper()
	c := s.channel(p)
	state := vouchers.ChainState{Balance: c.Balance, Claimed: c.Claimed, Withdrawal: c.Withdrawal, RefundNonce: c.RefundNonce, Block: c.Block}
	change(&state)
	if err := s.SetChain(context.Background(), p.id, state); err != nil {
		s.t.Fatal(err)
	}
}

// watchful is a shop that stops at what others do, and what it was told.
func watchful(t *testing.T) (s *shop, told *[]ledger.Stop) {
	told = new([]ledger.Stop)
	return newShop(t, ledger.StopForeign(func(stop ledger.Stop) { *told = append(*told, stop) })), told
}

// claims is a claim of the ledger's own, in which so much was claimed.
func (s *shop) claims(p *payer, total vouchers.Amount) {
	s.t.Helper()
	if err := s.Burn(context.Background(), p.id, s.channel(p).Ceiling); err != nil {
		s.t.Fatal(err)
	}
	s.sees(p, func(c *vouchers.ChainState) { c.Claimed = total; c.Block++ })
}

func TestAClaimThatThisLedgerDidNotMakeStopsTheChannelUntilItsOwnerGoesOn(t *testing.T) {
	s, told := watchful(t)
	p, other := newPayer(t, "payer").deposits(s, 1000), newPayer(t, "other").deposits(s, 1000)
	s.setAside(p.pays(100, 100))
	s.commit(s.reserve(p.pays(130, 30)), 30)
	s.sees(p, func(c *vouchers.ChainState) { c.Claimed = 20; c.Block = 5 })
	if len(*told) != 1 || (*told)[0].Channel != p.id || (*told)[0].Claimed != 20 || (*told)[0].Ours != 0 || (*told)[0].Lost != 20 {
		t.Fatalf("told %+v", *told)
	}
	for range 2 { // before and after a restart
		if _, err := s.Reserve(context.Background(), p.pays(400, 10)); !errors.Is(err, ledger.ErrChannelStopped) {
			t.Errorf("a voucher: %v", err)
		}
		if _, err := s.Draw(context.Background(), p.id, 1); !errors.Is(err, ledger.ErrChannelStopped) {
			t.Errorf("a token: %v", err)
		}
		if stops := s.Stops(); len(stops) != 1 || stops[0].Lost != 20 || !s.channel(p).Stopped {
			t.Errorf("stopped are %+v", stops)
		}
		s.commit(s.reserve(other.pays(s.channel(other).Count()+10, 10)), 10)
		s.restart()
	}
	if err := s.Resume(context.Background(), p.id); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.commit(s.reserve(p.pays(s.channel(p).Count()+10, 10)), 10)
		if stops := s.Stops(); len(stops) != 0 {
			t.Errorf("stopped are %+v", stops)
		}
		s.restart()
	}
}

func TestNoClaimOfTheLedgersOwnStopsAChannel(t *testing.T) {
	s, told := watchful(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.commit(s.reserve(p.pays(30, 30)), 30)
	if err := s.Burn(context.Background(), p.id, 30); err != nil {
		t.Fatal(err)
	}
	s.restart() // the claim is mined while nobody looks, and booked by nobody
	s.sees(p, func(c *vouchers.ChainState) { c.Claimed = 30; c.Block = 5 })
	reorganized := vouchers.ChainState{Balance: 1000, Block: 4}
	if err := s.Reorganized(context.Background(), p.id, reorganized); err != nil {
		t.Fatal(err)
	}
	s.sees(p, func(c *vouchers.ChainState) { c.Claimed = 30; c.Block = 6 })
	s.commit(s.reserve(p.pays(40, 10)), 10)
	s.claims(p, 40)
	if len(*told) != 0 {
		t.Errorf("told %+v", *told)
	}
}

func TestARefundThatThisLedgerDidNotGiveStopsTheChannel(t *testing.T) {
	s, told := watchful(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	unfreeze, err := s.Freeze(p.id)
	if err != nil {
		t.Fatal(err)
	}
	s.sees(p, func(c *vouchers.ChainState) { c.RefundNonce, c.Balance, c.Block = 1, 900, 5 })
	unfreeze()
	if err := s.Reorganized(context.Background(), p.id, vouchers.ChainState{Balance: 1000, Block: 4}); err != nil {
		t.Fatal(err)
	}
	s.sees(p, func(c *vouchers.ChainState) { c.RefundNonce, c.Balance, c.Block = 1, 900, 6 }) // mined again
	s.sees(p, func(c *vouchers.ChainState) {
		c.Withdrawal = vouchers.Withdrawal{Amount: 100, FinalizeAfter: uint64(s.clock.time().Unix())}
		c.Block = 7
	})
	s.sees(p, func(c *vouchers.ChainState) {
		c.Withdrawal, c.RefundNonce, c.Balance, c.Block = vouchers.Withdrawal{}, 2, 800, 8
	})
	s.Watched(s.channel(p).Deployment, s.clock.time())
	s.clock.advance(time.Duration(s.channel(p).Config.WithdrawDelay) * time.Second) // a withdrawal may come and go unseen
	s.sees(p, func(c *vouchers.ChainState) { c.RefundNonce, c.Balance, c.Block = 3, 700, 9 })
	if len(*told) != 0 {
		t.Fatalf("told %+v", *told)
	}
	s.Watched(s.channel(p).Deployment, s.clock.time())
	s.sees(p, func(c *vouchers.ChainState) { c.RefundNonce, c.Balance, c.Block = 4, 600, 10 })
	if len(*told) != 1 || (*told)[0].Refunds != 1 || !s.channel(p).Stopped {
		t.Errorf("told %+v", *told)
	}
}

func TestAnOlderCopyOfALedgerIsToldOfItsLaterClaimsAndGoesOn(t *testing.T) {
	s, told := watchful(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.commit(s.reserve(p.pays(30, 30)), 30)
	s.Forgive(true)
	s.sees(p, func(c *vouchers.ChainState) { c.Claimed = 50; c.Block = 5 })
	if len(*told) != 1 || !(*told)[0].Forgiven || s.channel(p).Stopped {
		t.Errorf("told %+v", *told)
	}
	s.Forgive(false)
	s.sees(p, func(c *vouchers.ChainState) { c.Claimed = 60; c.Block = 6 })
	if len(*told) != 2 || !s.channel(p).Stopped {
		t.Errorf("told %+v", *told)
	}
}

func TestMoneyThatLeavesAChannelBeforeItIsClaimedIsToldOnce(t *testing.T) {
	var told []ledger.Loss
	s := newShop(t, ledger.OnLoss(func(l ledger.Loss) { told = append(told, l) }))
	p := newPayer(t, "payer").deposits(s, 1000)
	s.commit(s.reserve(p.pays(300, 300)), 300)
	s.sees(p, func(c *vouchers.ChainState) { c.Balance = 250; c.Block = 5 })
	s.sees(p, func(c *vouchers.ChainState) { c.Block = 6 })
	if len(told) != 1 || told[0].Amount != 50 || told[0].Payer != s.channel(p).Config.Payer || s.channel(p).Missing() != 50 {
		t.Errorf("told %+v", told)
	}
	s.sees(p, func(c *vouchers.ChainState) { c.Balance = 0; c.Block = 7 })
	if len(told) != 2 || told[1].Amount != 300 {
		t.Errorf("told %+v", told)
	}
}
