package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestAChargeCountsOnceItIsOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t)
		s := on(t, g)
		p := newPayer(t, "payer").deposits(s, 1000)
		r := s.reserve(p.pays(100, 100))
		g.shut()
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := r.Commit(ctx, 70, saying("an answer"))
			done <- err
		}()
		synctest.Wait()
		cancel() // the disk decides, not the caller
		synctest.Wait()
		if c := s.channel(p); c.Charged != 0 || c.Claimable() != 0 || c.Reserved != 70 || c.InFlight != 1 || len(done) != 0 {
			t.Errorf("before: %+v", c)
		}
		if _, err := s.Freeze(p.id); !errors.Is(err, ledger.ErrChannelBusy) {
			t.Errorf("freeze: %v", err)
		}
		if err := s.Close(); !errors.Is(err, ledger.ErrChannelBusy) {
			t.Errorf("close: %v", err)
		}
		g.open()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if c := s.channel(p); c.Charged != 70 || c.Reserved != 0 || c.InFlight != 0 {
			t.Errorf("after: %+v", c)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

func TestWhatTheDiskRefusedIsNeverClaimed(t *testing.T) {
	full := fmt.Errorf("%w: no space left on device", vouchers.ErrStoreFailed)
	g := newGate(t)
	s := on(t, g)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(100, 100))
	s.setAside(p.pays(200, 100))
	charge, credit, third := s.reserve(p.pays(300, 100)), s.reserve(p.pays(400, 100)), s.draw(p, 50)
	g.fail(full)
	_, charged := charge.Commit(t.Context(), 100, saying("an answer"))
	_, drawn := third.Commit(t.Context(), 50, nil)
	_, reserved := s.Reserve(t.Context(), p.pays(500, 100))
	_, fresh := s.Draw(t.Context(), p.id, 1)
	_, opened := s.Open(t.Context(), deployment, newPayer(t, "another").config, vouchers.ChainState{})
	for name, err := range map[string]error{
		"commit": charged, "drawn": drawn, "set aside": credit.SetAside(t.Context()), "reserve": reserved, "draw": fresh, "open": opened,
		"set chain": s.SetChain(t.Context(), p.id, vouchers.ChainState{Balance: 2000}), "give back": s.GiveBack(t.Context(), p.id, 1),
		"close": s.Close(),
	} {
		if !errors.Is(err, vouchers.ErrStoreFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := s.channel(p); c.Charged != 100 || c.Claimable() != 100 {
		t.Errorf("%+v", c)
	}
	if _, err := charge.Commit(t.Context(), 100, nil); !errors.Is(err, ledger.ErrReservationEnded) {
		t.Errorf("commit again: %v", err)
	}
}

func TestALedgerThatCannotReadItsStoreDoesNotOpen(t *testing.T) {
	s := newShop(t)
	s.close()
	_, err := ledger.Open(t.Context(), s.store)
	if !errors.Is(err, vouchers.ErrStoreClosed) {
		t.Errorf("%v", err)
	}
	s.open()
}

// twice is a store that has a channel twice.
type twice struct{ vouchers.Store }

func (s twice) Load(ctx context.Context, visit func(*vouchers.Record) error) error {
	return errors.Join(s.Store.Load(ctx, visit), s.Store.Load(ctx, visit))
}

func TestALedgerRefusesAChannelThatIsStoredTwice(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	if _, err := ledger.Open(t.Context(), twice{s.store}); err == nil || err.Error() != fmt.Sprintf("open the ledger: channel %s is stored twice", p.id) {
		t.Errorf("%v", err)
	}
}

// counted is a store that counts what is submitted.
type counted struct {
	vouchers.Store
	updates int
}

func (c *counted) Submit(u vouchers.Update) vouchers.Ticket {
	c.updates++
	return c.Store.Submit(u)
}

func TestACallIsWrittenOnceAndOneThatFailsNotAtAll(t *testing.T) {
	c := &counted{Store: newGate(t)}
	s := on(t, c)
	p := newPayer(t, "payer").deposits(s, 1000)
	c.updates = 0
	s.reserve(p.pays(100, 100)).Release()
	if c.updates != 0 {
		t.Errorf("a call that was not charged is written %d times", c.updates)
	}
	s.call(p.pays(200, 100))
	if c.updates != 1 {
		t.Errorf("a call is written %d times", c.updates)
	}
}

func TestAVoucherThatIsPublishedIsOnDiskBefore(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(100, 100))
	s.reserve(p.pays(200, 100)).Release() // nothing of this is written
	s.burn(p, true)
	s.restart()
	if c := s.channel(p); c.Ceiling != 200 || c.Burnt != 200 || c.Offset != 100 {
		t.Errorf("%+v", c)
	}
	s.refused(p.pays(200, 100), ledger.ErrCeilingBurnt)
}

func TestAVoucherIsNotPublishedWhileItsBurningIsOnTheWayToTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t)
		s := on(t, g)
		p := newPayer(t, "payer").deposits(s, 1000)
		s.call(p.pays(100, 100))
		g.shut()
		done := make(chan error, 2)
		for range 2 {
			go func() { done <- s.Burn(t.Context(), p.id, 100) }()
			synctest.Wait()
		}
		if len(done) != 0 {
			t.Errorf("%d of two claims may publish it already", len(done))
		}
		g.open()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestAVoucherWhoseCallWasNotChargedMayBeForgottenAndPaysAgain(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(100, 100))
	failed := as(p.pays(200, 100), "again")
	s.reserve(failed).Release()
	s.restart()
	if c := s.channel(p); c.Ceiling != 100 || c.Charged != 100 {
		t.Errorf("%+v", c)
	}
	s.call(failed)
}
