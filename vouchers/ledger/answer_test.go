package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// replayed returns the answer that a payment got before, if it is kept.
func (s *shop) replayed(p ledger.Payment) (string, error) {
	s.t.Helper()
	r, err := s.Reserve(context.Background(), p)
	if err != nil {
		return "", err
	}
	body, replied := r.Answer()
	if !replied {
		r.Release()
		return "", errors.New("not answered before")
	}
	return string(body), nil
}

func TestAnIdentifierNamesOnePaymentAndItsAnswer(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	payment := as(p.pays(100, 100), "id")
	free := as(p.pays(200, 100), "free")
	s.call(payment)
	s.commit(s.reserve(free), 0)
	for range 3 {
		for _, again := range []ledger.Payment{payment, free} {
			if body, err := s.replayed(again); body != "an answer" || err != nil {
				t.Errorf("%s: %q, %v", again.Identifier, body, err)
			}
		}
		otherRequest, otherCeiling := payment, as(p.pays(300, 100), "id")
		otherRequest.Fingerprint[31]++
		otherCeiling.Fingerprint = payment.Fingerprint
		s.refused(otherRequest, ledger.ErrIdentifierConflict)
		s.refused(otherCeiling, ledger.ErrIdentifierConflict)
		if c := s.channel(p); c.Charged != 100 || c.InFlight != 0 {
			t.Errorf("%+v", c)
		}
		s.restart()
	}
	another := newPayer(t, "another").deposits(s, 1000)
	s.call(as(another.pays(100, 100), "id")) // an identifier is its channel's own
}

func TestWhatAPaymentWasAnsweredIsToldWithoutAReservation(t *testing.T) {
	s := newShop(t, ledger.WithAnswerTTL(time.Minute))
	p := newPayer(t, "payer").deposits(s, 1000)
	named, nameless := as(p.pays(100, 100), "id"), p.pays(200, 100)
	s.call(named)
	s.call(nameless)
	before := s.channel(p)
	for _, payment := range []ledger.Payment{named, nameless} {
		payment.Price = 500
		if body, ok := s.Answered(t.Context(), payment); string(body) != "an answer" || !ok {
			t.Errorf("%q: %q, %t", payment.Identifier, body, ok)
		}
		for name, bend := range map[string]func(*ledger.Payment){
			"another request": func(p *ledger.Payment) { p.Fingerprint[31]++ },
			"another ceiling": func(q *ledger.Payment) {
				q.Voucher, q.Signature = p.pays(300, 100).Voucher, p.pays(300, 100).Signature
			},
			"another identifier":   func(p *ledger.Payment) { p.Identifier += "x" },
			"too long a name":      func(p *ledger.Payment) { p.Identifier = strings.Repeat("x", ledger.MaxIdentifier+1) },
			"a stranger's":         func(q *ledger.Payment) { q.Signature = p.pays(300, 100).Signature },
			"another config":       func(p *ledger.Payment) { p.Config.WithdrawDelay++ },
			"a channel of nowhere": func(p *ledger.Payment) { p.Voucher.Channel[0]++ },
		} {
			bent := payment
			bend(&bent)
			if body, ok := s.Answered(t.Context(), bent); ok {
				t.Errorf("%s of %q: %q", name, payment.Identifier, body)
			}
		}
	}
	if after := s.channel(p); after.Ceiling != before.Ceiling || after.InFlight != 0 || after.Reserved != 0 || after.Charged != before.Charged {
		t.Errorf("the channel was %+v and is %+v", before, after)
	}
	s.clock.advance(time.Minute)
	if body, ok := s.Answered(t.Context(), named); ok {
		t.Errorf("past its time: %q", body)
	}
}

func TestAnIdentifierIsFreeAgainWhenItsTimeIsOver(t *testing.T) {
	s := newShop(t, ledger.WithAnswerTTL(time.Minute))
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(as(p.pays(100, 100), "id"))
	s.clock.advance(time.Minute - time.Second)
	refusal := s.refused(as(p.pays(200, 100), "id"), ledger.ErrIdentifierConflict)
	if !strings.Contains(refusal.Error(), "free again at 2027-01-15T08:01:00Z") {
		t.Errorf("it reads %q", refusal)
	}
	s.clock.advance(time.Second)
	s.call(as(p.pays(200, 100), "id"))
}

func TestACallThatFailedLeavesItsIdentifierFree(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.reserve(as(p.pays(100, 100), "id")).Release()
	s.refused(as(p.pays(100, 101), "id"), ledger.ErrCeilingMismatch)
	s.call(as(p.pays(200, 100), "id"))
}

func TestAnswersWithoutAnIdentifierAreKeptForAWhileInMemory(t *testing.T) {
	const shards = 16
	s := newShop(t, ledger.WithAnswerTTL(time.Minute), ledger.WithAnswerMemory(shards*3000), ledger.WithMaxAnswer(2000))
	p := newPayer(t, "payer").deposits(s, 100_000)
	answered := func(ceiling vouchers.Amount, length int) ledger.Payment {
		payment := p.pays(ceiling, 100)
		if _, err := s.reserve(payment).Commit(t.Context(), 100, saying(strings.Repeat("x", length))); err != nil {
			t.Fatal(err)
		}
		return payment
	}
	first := answered(100, 900)
	second := answered(200, 900)
	if _, err := s.replayed(first); err != nil {
		t.Errorf("the first of two: %v", err)
	}
	large := answered(300, 2001)
	third := answered(400, 900)
	for name, gone := range map[string]ledger.Payment{"the oldest of too many": first, "too large": large} {
		if _, err := s.replayed(gone); !errors.Is(err, ledger.ErrCeilingMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, kept := range []ledger.Payment{second, third} {
		if body, err := s.replayed(kept); len(body) != 900 || err != nil {
			t.Errorf("%d bytes, %v", len(body), err)
		}
	}
	s.clock.advance(time.Minute)
	if _, err := s.replayed(third); !errors.Is(err, ledger.ErrCeilingMismatch) {
		t.Errorf("past its time: %v", err)
	}
}

func TestTheAnswerOfACallThatCostNothingIsKeptIfItIsSmallAndNotForLong(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	paid, free, large := as(p.pays(100, 100), "paid"), as(p.pays(200, 100), "free"), as(p.pays(300, 100), "large")
	s.call(paid)
	s.commit(s.reserve(free), 0)
	if _, err := s.reserve(large).Commit(t.Context(), 0, saying(strings.Repeat("x", 64<<10+1))); err != nil {
		t.Fatal(err)
	}
	s.refused(large, ledger.ErrAnswerGone)
	s.clock.advance(9 * time.Minute)
	if body, err := s.replayed(free); body != "an answer" || err != nil {
		t.Errorf("after 9 minutes: %q, %v", body, err)
	}
	s.clock.advance(time.Minute)
	if body, err := s.replayed(free); err == nil {
		t.Errorf("after 10 minutes: %q", body)
	}
	if body, err := s.replayed(paid); body != "an answer" || err != nil {
		t.Errorf("what was paid for: %q, %v", body, err)
	}
}
