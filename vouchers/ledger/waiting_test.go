package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chitpay/chit/vouchers/ledger"
)

// outcome is what a call of Reserve that waits has come to.
type outcome struct {
	r   *ledger.Reservation
	err error
}

func (s *shop) reserveLater(ctx context.Context, p ledger.Payment) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		r, err := s.Reserve(ctx, p)
		done <- outcome{r, err}
	}()
	synctest.Wait()
	return done
}

// inBubble runs a test in which time passes only while everybody waits.
func inBubble(t *testing.T, test func(t *testing.T, s *shop, p *payer), opts ...ledger.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, opts...)
		test(t, s, newPayer(t, "payer").deposits(s, 1000))
	})
}

func TestTheSamePaymentWaitsForTheAnswerOfTheFirst(t *testing.T) {
	for _, identifier := range []string{"", "an identifier"} {
		inBubble(t, func(t *testing.T, s *shop, p *payer) {
			payment := as(p.pays(100, 100), identifier)
			first := s.reserve(payment)
			second := s.reserveLater(t.Context(), payment)
			time.Sleep(time.Hour) // of the bubble: a repeat is as patient as its context
			if len(second) != 0 {
				t.Fatalf("it did not wait: %+v", <-second)
			}
			s.commit(first, 100)
			got := <-second
			if got.err != nil {
				t.Fatal(got.err)
			}
			if body, replied := got.r.Answer(); !replied || string(body) != "an answer" {
				t.Errorf("answer %q, %t", body, replied)
			}
			if c := s.channel(p); c.Charged != 100 || c.InFlight != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestTheSamePaymentRunsOnceTheFirstHasFailed(t *testing.T) {
	for _, identifier := range []string{"", "an identifier"} {
		inBubble(t, func(t *testing.T, s *shop, p *payer) {
			payment := as(p.pays(100, 100), identifier)
			first := s.reserve(payment)
			second := s.reserveLater(t.Context(), payment)
			first.Release()
			got := <-second
			if got.err != nil {
				t.Fatal(got.err)
			}
			s.commit(got.r, 100)
		})
	}
}

func TestAVoucherThatDoesNotFitWaitsForTheCallsInFlight(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shop, p *payer) {
		first, second := s.reserve(p.pays(100, 100)), s.reserve(p.pays(200, 100))
		same := s.reserveLater(t.Context(), p.pays(100, 100))
		low := s.reserveLater(t.Context(), p.pays(150, 101))
		s.commit(second, 100) // the call that was admitted last ends first
		synctest.Wait()
		if len(same) != 0 || len(low) != 0 {
			t.Fatal("they do not wait for the call that is still in flight")
		}
		first.Release()
		if got := <-same; got.err == nil {
			s.commit(got.r, 100)
		} else {
			t.Errorf("the voucher that was free again: %v", got.err)
		}
		if got := <-low; !errors.Is(got.err, ledger.ErrCeilingMismatch) {
			t.Errorf("the voucher that is too low: %v", got.err)
		}
	})
}

func TestPatienceAndContextsEndTheWait(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shop, p *payer) {
		payment := as(p.pays(100, 100), "id")
		r := s.reserve(payment)
		start := time.Now()
		impatient := s.reserveLater(t.Context(), p.pays(100, 100))
		got := <-impatient
		var refusal *ledger.Refusal
		if !errors.As(got.err, &refusal) || !errors.Is(got.err, ledger.ErrCeilingMismatch) || refusal.State.Reserved != 100 {
			t.Errorf("out of patience: %v, %+v", got.err, refusal)
		}
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("waited %s", waited)
		}
		gone := errors.New("the caller has gone")
		for name, repeat := range map[string]ledger.Payment{"other": p.pays(100, 100), "repeat": as(payment, ""), "identified": payment} {
			ctx, cancel := context.WithCancelCause(t.Context())
			waiting := s.reserveLater(ctx, repeat)
			cancel(gone)
			if got := <-waiting; !errors.Is(got.err, gone) {
				t.Errorf("%s with an ended context: %v", name, got.err)
			}
		}
		s.commit(r, 100)
	}, ledger.WithPatience(3*time.Second))
}

func TestNoMoreThanAHandfulMayWait(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shop, p *payer) {
		payment := as(p.pays(100, 100), "id")
		first := s.reserve(payment)
		var waiting sync.WaitGroup
		for range maxInFlight {
			waiting.Go(func() {
				if r, err := s.Reserve(t.Context(), payment); err != nil {
					t.Error(err)
				} else if _, replied := r.Answer(); !replied {
					t.Error("no answer")
				}
			})
		}
		synctest.Wait()
		s.refused(payment, ledger.ErrTooManyInFlight)
		s.refused(p.pays(100, 100), ledger.ErrCeilingMismatch)
		s.commit(first, 100)
		waiting.Wait()
	}, ledger.WithMaxInFlight(maxInFlight))
}

func TestAReservationEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shop, p *payer) {
		ctx, cancel := context.WithCancel(t.Context())
		payment := p.pays(100, 100)
		r, err := s.Reserve(ctx, payment)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		if c := s.channel(p); c.InFlight != 0 || c.Reserved != 0 {
			t.Errorf("%+v", c)
		}
		if _, err := r.Commit(t.Context(), 100, nil); !errors.Is(err, ledger.ErrReservationEnded) {
			t.Errorf("commit: %v", err)
		}
		s.call(payment)

		ctx, cancel = context.WithCancel(t.Context())
		if r, err = s.Reserve(ctx, p.pays(200, 100)); err != nil {
			t.Fatal(err)
		}
		s.commit(r, 100)
		cancel()
		synctest.Wait()
		if c := s.channel(p); c.Charged != 200 || c.Reserved != 0 {
			t.Errorf("a context that ends after the commit changes %+v", c)
		}
	})
}
