package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

var drawKey, drawn = vouchers.AnswerKey{1}, [32]byte{2}

// recall begins a call under the key.
func (s *shop) recall(p *payer, fingerprint [32]byte) (*ledger.Reservation, error) {
	return s.Recall(context.Background(), p.id, drawKey, fingerprint)
}

// drawAgain begins the call, which must not have been answered, and draws for it.
func (s *shop) drawAgain(p *payer, price vouchers.Amount) *ledger.Reservation {
	s.t.Helper()
	r, err := s.recall(p, drawn)
	if err == nil {
		if body, answered := r.Answer(); answered {
			s.t.Fatalf("answered %q already", body)
		}
		err = r.Draw(context.Background(), price)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func TestACallWithAKeyIsDrawnForOnce(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(500, 500))
	s.drawAgain(p, 100).Release() // a call that fails leaves the key
	if err := func() error {
		r, err := s.recall(p, drawn)
		if err != nil {
			return err
		}
		return r.Draw(context.Background(), 501)
	}(); !errors.Is(err, ledger.ErrInsufficientBalance) {
		t.Errorf("more than there is: %v", err)
	}
	s.commit(s.drawAgain(p, 100), 30)
	for range 2 {
		r, err := s.recall(p, drawn)
		if err != nil {
			t.Fatal(err)
		}
		if body, answered := r.Answer(); !answered || string(body) != "an answer" {
			t.Errorf("the same call got %q, %v", body, answered)
		}
		if err := r.Draw(context.Background(), 100); !errors.Is(err, ledger.ErrReservationEnded) {
			t.Errorf("drew for a call that was answered: %v", err)
		}
		if _, err := s.recall(p, [32]byte{3}); !errors.Is(err, ledger.ErrIdentifierConflict) {
			t.Errorf("another call under the key: %v", err)
		}
		s.wantAside(p, 470, 30, 0)
		s.restart()
	}
}

func TestTheSameDrawnCallWaitsForTheOneInFlight(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(500, 500))
	first := s.drawAgain(p, 100)
	if _, err := s.recall(p, [32]byte{3}); !errors.Is(err, ledger.ErrIdentifierConflict) {
		t.Errorf("another call under the key: %v", err)
	}
	impatient, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := s.Recall(impatient, p.id, drawKey, drawn); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the same call while the first is in flight: %v", err)
	}
	answers := make(chan string)
	for range 3 {
		go func() {
			r, err := s.recall(p, drawn)
			if err != nil {
				answers <- err.Error()
				return
			}
			body, _ := r.Answer()
			answers <- string(body)
		}()
	}
	s.commit(first, 100)
	for range 3 {
		if got := <-answers; got != "an answer" {
			t.Errorf("the same call got %q", got)
		}
	}
	s.wantAside(p, 400, 100, 0)
}

func TestACallIsDrawnForAtMostOnceAtATime(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.setAside(p.pays(500, 500))
	r := s.drawAgain(p, 100)
	if err := r.Draw(context.Background(), 200); !errors.Is(err, ledger.ErrReservationEnded) {
		t.Errorf("drew twice: %v", err)
	}
	s.wantAside(p, 500, 0, 0)
}
