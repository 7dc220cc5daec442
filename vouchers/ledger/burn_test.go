package ledger_test

import (
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// burn publishes what a claim would, and returns it.
func (s *shop) burn(p *payer, newest bool) ledger.Redemption {
	s.t.Helper()
	r, ok := s.Redeem(p.id, newest)
	if !ok {
		s.t.Fatalf("nothing to claim with newest=%t of %+v", newest, s.channel(p))
	}
	if err := s.Burn(s.t.Context(), p.id, r.Ceiling); err != nil {
		s.t.Fatal(err)
	}
	return r
}

func TestAClaimKeepsTheNewestVoucherBackAndGivesAwayNothing(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	if r, ok := s.Redeem(p.id, false); ok {
		t.Errorf("without a call it is %+v", r)
	}
	s.call(p.pays(100, 100))
	if r, ok := s.Redeem(p.id, false); ok {
		t.Errorf("of the only voucher it is %+v", r)
	}
	s.call(p.pays(200, 100))
	s.call(p.pays(300, 100))
	if r := s.burn(p, false); r.Ceiling != 200 || r.Total != 200 || r.Claimed != 0 {
		t.Errorf("%+v", r)
	}
	if c := s.channel(p); c.Burnt != 200 || c.Offset != 0 || c.Count() != 300 {
		t.Errorf("%+v", c)
	}
	s.reserve(p.pays(400, 100)).Release() // 400 would give a whole call away
	if r := s.burn(p, false); r.Ceiling != 300 || r.Total != 300 {
		t.Errorf("after a call that failed it is %+v", r)
	}
	s.call(p.pays(400, 100))
}

func TestOfVouchersInFlightTheOneNearestToTheChargesIsClaimedWith(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 100_000)
	var calls []*ledger.Reservation
	for i := range vouchers.Amount(64) {
		calls = append(calls, s.reserve(p.pays(100*(i+1), 100)))
	}
	for _, call := range calls[:60] {
		s.commit(call, 100)
	}
	if r, ok := s.Redeem(p.id, false); !ok || r.Ceiling > 6000 || r.Ceiling < 1600 {
		t.Errorf("of 60 calls charged and 4 in flight it is %+v, %t", r, ok)
	}
	for _, call := range calls[60:] {
		call.Release()
	}
}

func TestABurntVoucherBuysReplaysAndReadsNothing(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	named, nameless := as(p.pays(100, 100), "id"), p.pays(200, 100)
	s.call(named)
	s.call(nameless)
	s.reserve(p.pays(300, 100)).Release()
	s.burn(p, true) // with a whole call to spare
	for range 2 {
		for _, again := range []ledger.Payment{named, nameless} {
			s.refused(again, ledger.ErrCeilingBurnt)
			if body, told := s.Answered(t.Context(), again); told {
				t.Errorf("it tells %q", body)
			}
		}
		s.refused(p.pays(300, 100), ledger.ErrCeilingBurnt)
		s.refused(p.pays(250, 10), ledger.ErrCeilingBurnt)
		if c := s.channel(p); c.Burnt != 300 || c.Charged != 200 || c.Offset != 100 || c.Count() != 300 {
			t.Errorf("%+v", c)
		}
		s.restart()
	}
	s.call(p.pays(400, 100))
	if c := s.channel(p); c.Charged != 300 || c.Count() != 400 {
		t.Errorf("%+v", c)
	}
	s.commit(s.reserve(p.pays(500, 100)), 30)
	s.call(p.pays(500, 70)) // the strict form: the count and the price
	if c := s.channel(p); c.Charged != 400 || c.Count() != 500 {
		t.Errorf("%+v", c)
	}
}

func TestAnOffsetCostsThePayerNothing(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.commit(s.reserve(p.pays(1000, 1000)), 100)
	s.burn(p, true)
	for i := range vouchers.Amount(9) {
		s.call(p.pays(1100+100*i, 100)) // above the balance, as far as the offset reaches
	}
	s.refused(p.pays(2000, 100), ledger.ErrCeilingAboveBalance)
	if r := s.burn(p, true); r.Total != 1000 || r.Ceiling != 1900 {
		t.Errorf("%+v", r)
	}
}

func TestAClaimOfSomebodyElseBurnsWhatWasSigned(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(100, 100))
	s.reserve(p.pays(200, 100)).Release()
	p.is(s, vouchers.ChainState{Balance: 10_000, Claimed: 100})
	s.refused(p.pays(200, 100), ledger.ErrCeilingBurnt)
	s.call(p.pays(300, 100))
}

func TestCreditThatComesBackLeavesTheCountAboveWhatIsBurnt(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(100, 100))
	s.setAside(p.pays(600, 500))
	s.burn(p, true)
	if err := s.GiveBack(t.Context(), p.id, 500); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if c := s.channel(p); c.Aside != 0 || c.Burnt != 600 || c.Count() != 600 {
			t.Errorf("%+v", c)
		}
		s.restart()
	}
	s.refused(p.pays(200, 100), ledger.ErrCeilingBurnt)
	s.call(p.pays(700, 100))
}

func TestWhenAChannelWasUsedIsDelayedNeitherByDepositsNorByRestarts(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(100, 100))
	called := s.clock.time()
	for n := range 4 { // anybody deposits a little each time that the shop was restarted
		s.clock.advance(time.Hour)
		p.is(s, vouchers.ChainState{Balance: vouchers.Amount(20_000 + n)})
		if c := s.channel(p); !c.Used.Equal(called) || !c.Updated.Equal(s.clock.time()) {
			t.Errorf("%d: used %s, updated %s", n, c.Used, c.Updated)
		}
		if n > 0 {
			s.restart()
		}
		if c := s.channel(p); !c.Used.Equal(called) {
			t.Errorf("%d: after a restart, used %s", n, c.Used)
		}
	}
}

func TestACallInFlightWhoseVoucherIsPublishedLeavesNoOffsetWhenItIsCharged(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(100, 100))
	r := s.reserve(p.pays(200, 100))
	s.burn(p, true)
	if c := s.commit(r, 100); c.State.Count() != 200 {
		t.Errorf("the payer signed 200, was charged 200 and is told to count %d", c.State.Count())
	}
	s.burn(p, true)
	s.reserve(p.pays(300, 100)).Release()
	if c := s.channel(p); c.Offset != 0 || c.Count() != 200 {
		t.Errorf("%+v", c)
	}
}

func TestACallInFlightWhoseVoucherIsPublishedAndThatFailsIsCountedFrom(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(100, 100))
	r := s.reserve(p.pays(200, 100))
	s.burn(p, true)
	r.Release()
	if c := s.channel(p); c.Offset != 100 || c.Count() != 200 || c.Burnt != 200 {
		t.Errorf("%+v", c)
	}
}

func TestAClaimFromAChannelInUsePublishesNoVoucherOfACallInFlight(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(100, 100))
	slow := as(p.pays(200, 100), "slow")
	r := s.reserve(slow)
	s.call(p.pays(300, 100))
	s.call(p.pays(400, 100))
	if got := s.burn(p, false); got.Ceiling != 100 {
		t.Errorf("it publishes %d while 200 is in flight", got.Ceiling)
	}
	s.commit(r, 100)
	if body, err := s.replayed(slow); err != nil || body != "an answer" {
		t.Errorf("its answer again: %q, %v", body, err)
	}
}

func TestAPayerWhoSignsHighAndThenLowIsClaimedFrom(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1_000_000)
	s.call(p.pays(1_000_000, 100))
	for i := range vouchers.Amount(1000) {
		s.call(p.pays(i+1, 100))
	}
	if r, ok := s.Redeem(p.id, false); !ok || r.Total < 1000 {
		t.Errorf("of %+v it claims %+v, %t", s.channel(p), r, ok)
	}
}

func TestANewestVoucherThatIsOnChainAlreadyIsClaimedWithAgain(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(100, 100))
	s.setAside(p.pays(5100, 5000))
	s.burn(p, true)
	drawn, err := s.Draw(t.Context(), p.id, 4000)
	if err != nil {
		t.Fatal(err)
	}
	s.commit(drawn, 4000)
	if r, ok := s.Redeem(p.id, false); !ok || r.Total != 4100 {
		t.Errorf("%+v, %t", r, ok)
	}
}

func TestNoCallIsTakenThatWouldBringTheCountAboveWhatIsSigned(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10_000)
	s.call(p.pays(1000, 1000))
	s.reserve(p.pays(1501, 500)).Release()
	s.burn(p, true) // the count is 1501 now, which the payer does not know
	s.refused(p.pays(2000, 500), ledger.ErrCeilingMismatch)
	if c := s.channel(p); c.Count() > c.Ceiling {
		t.Errorf("the payer is told to count %s, and has signed %s", c.Count(), c.Ceiling)
	}
	s.call(p.pays(2001, 500))
}
