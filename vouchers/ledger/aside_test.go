package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func (s *shop) setAside(p ledger.Payment, puts ...vouchers.Put) {
	s.t.Helper()
	if err := s.reserve(p).SetAside(context.Background(), puts...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) draw(p *payer, price vouchers.Amount) *ledger.Reservation {
	s.t.Helper()
	r, err := s.Draw(context.Background(), p.id, price)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *shop) wantAside(p *payer, aside, charged, reserved vouchers.Amount) {
	s.t.Helper()
	if c := s.channel(p); c.Aside != aside || c.Charged != charged || c.Reserved != reserved {
		s.t.Errorf("aside %d, charged %d, reserved %d, want %d, %d, %d", c.Aside, c.Charged, c.Reserved, aside, charged, reserved)
	}
}

func TestCreditIsDrawnFromWhatIsSetAside(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(500, 500), vouchers.Put{Bucket: "credit", Key: []byte("token"), Value: []byte("500")})
	s.wantAside(p, 500, 0, 0)
	r := s.draw(p, 100)
	s.wantAside(p, 400, 0, 100)
	if charge := s.commit(r, 30); charge.Charged != 30 || charge.Cumulative != 30 || charge.State.Aside != 470 {
		t.Errorf("%+v", charge)
	}
	s.wantAside(p, 470, 30, 0)
	s.draw(p, 100).Release()
	s.commit(s.draw(p, 100), 0)
	s.wantAside(p, 470, 30, 0)
	if got, err := s.store.Bucket("credit").Get([]byte("token")); string(got) != "500" || err != nil {
		t.Errorf("the put has %q, %v", got, err)
	}
	s.restart()
	s.wantAside(p, 470, 30, 0)
	s.draw(p, 300)
	p.deposits(s, 2000) // it writes the channel while the draw is in flight
	s.restart()
	s.wantAside(p, 470, 30, 0)
	s.commit(s.draw(p, 470), 470)
	s.wantAside(p, 0, 500, 0)
}

func TestWhatIsSetAsideIsNoVouchers(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(600, 600))
	refusal := s.refused(p.pays(1000, 401), ledger.ErrInsufficientBalance)
	if refusal.Required != 1001 || refusal.State.Spendable() != 400 {
		t.Errorf("required %d, spendable %d", refusal.Required, refusal.State.Spendable())
	}
	s.refused(p.pays(999, 400), ledger.ErrCeilingMismatch)
	s.call(p.pays(1000, 400))
	s.commit(s.draw(p, 600), 600)
	if c := s.channel(p); c.Charged != 1000 || c.Spendable() != 0 {
		t.Errorf("%+v", c)
	}
}

func TestWhatIsGivenBackIsVouchersAgain(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(600, 600))
	r := s.draw(p, 100)
	if err := s.GiveBack(t.Context(), p.id, 10_000, vouchers.Put{Bucket: "credit", Key: []byte("k"), Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	s.wantAside(p, 0, 0, 100)
	s.commit(r, 60)
	s.wantAside(p, 40, 60, 0)
	if err := s.GiveBack(t.Context(), p.id, 10, vouchers.Put{Bucket: "No"}); !errors.Is(err, vouchers.ErrUpdate) {
		t.Errorf("with a malformed put: %v", err)
	}
	s.restart()
	s.wantAside(p, 40, 60, 0)
	s.call(p.pays(1000, 900))
}

func TestADrawIsRefusedByItsRule(t *testing.T) {
	for name, rule := range map[string]struct {
		want  error
		given func(*shop, *payer)
	}{
		"more than is set aside": {ledger.ErrInsufficientBalance, func(s *shop, p *payer) { s.draw(p, 401) }},
		"a frozen channel": {ledger.ErrChannelFrozen, func(s *shop, p *payer) {
			if _, err := s.Freeze(p.id); err != nil {
				p.t.Fatal(err)
			}
		}},
		"a withdrawal that leaves too little": {ledger.ErrWithdrawalPending, func(s *shop, p *payer) {
			p.is(s, vouchers.ChainState{Balance: 1000, Withdrawal: vouchers.Withdrawal{Amount: 901, FinalizeAfter: uint64(s.clock.time().Add(time.Hour).Unix())}})
		}},
		"a withdrawal that may come before a claim": {ledger.ErrWithdrawalPending, func(s *shop, p *payer) {
			p.is(s, vouchers.ChainState{Balance: 1000, Withdrawal: vouchers.Withdrawal{Amount: 1, FinalizeAfter: uint64(s.clock.time().Add(time.Minute).Unix())}})
		}},
		"a balance that is gone, without a withdrawal": {ledger.ErrInsufficientBalance, func(s *shop, p *payer) { p.is(s, vouchers.ChainState{Balance: 99}) }},
		"a ceiling that was claimed by somebody else": {ledger.ErrCeilingMismatch, func(s *shop, p *payer) {
			p.is(s, vouchers.ChainState{Balance: 1000, Claimed: 401})
		}},
		"too many in flight": {ledger.ErrTooManyInFlight, func(s *shop, p *payer) {
			for range maxInFlight {
				s.draw(p, 1)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, ledger.WithMaxInFlight(maxInFlight))
			p := newPayer(t, "payer").deposits(s, 1000)
			s.setAside(p.pays(500, 500))
			rule.given(s, p)
			before := s.channel(p)
			r, err := s.Draw(t.Context(), p.id, 100)
			var refusal *ledger.Refusal
			if !errors.Is(err, rule.want) || !errors.As(err, &refusal) || !sameMoney(refusal.State, before) {
				t.Errorf("%v, %+v, want %v", r, err, rule.want)
			}
			if after := s.channel(p); !sameMoney(after, before) {
				t.Errorf("the refusal changed %+v to %+v", before, after)
			}
		})
	}
}

func TestCreditIsNotSetAsideTwice(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(500, 500))
	r := s.draw(p, 100)
	if err := r.SetAside(t.Context()); !errors.Is(err, ledger.ErrReservationEnded) {
		t.Errorf("of what was drawn: %v", err)
	}
	s.wantAside(p, 400, 0, 100)
}
