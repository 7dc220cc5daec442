package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers/ledger"
)

func TestNothingIsSoldToAChannelWhosePayerMightHaveWithdrawnUnseen(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := newShop(t, ledger.WithClock(func() time.Time { return now }))
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(500, 500))
	d := s.channel(p).Deployment
	half := time.Duration(s.channel(p).Config.WithdrawDelay/2) * time.Second
	now = now.Add(10 * half)
	s.commit(s.draw(p, 1), 1) // nobody says when the views are of
	s.Watched(d, now)
	s.Watched(d, now.Add(-time.Hour)) // changes nothing
	now = now.Add(half)
	s.commit(s.reserve(p.pays(511, 10)), 10)
	s.commit(s.draw(p, 1), 1)
	now = now.Add(time.Second)
	if _, err := s.Reserve(context.Background(), p.pays(521, 10)); !errors.Is(err, ledger.ErrUnwatched) {
		t.Errorf("a voucher: %v", err)
	}
	if _, err := s.Draw(context.Background(), p.id, 1); !errors.Is(err, ledger.ErrUnwatched) {
		t.Errorf("a token: %v", err)
	}
	if unseen := s.Unseen(d); unseen != half+time.Second {
		t.Errorf("it is unseen for %s", unseen)
	}
	s.Watched(d, now)
	s.commit(s.reserve(p.pays(521, 10)), 10)
	if terms := s.Terms(); len(terms) != 1 || terms[0].Deployment != d {
		t.Errorf("the terms are %+v", terms)
	}
}
