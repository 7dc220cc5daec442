package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func (s *shop) part(r *ledger.Reservation, amount vouchers.Amount, answer func(ledger.Charge) (ledger.Kept, error), puts ...vouchers.Put) ledger.Charge {
	s.t.Helper()
	charge, err := r.Part(context.Background(), amount, answer, puts...)
	if err != nil {
		s.t.Fatalf("a part of %d: %v", amount, err)
	}
	return charge
}

// wantMoney fails the test unless the channel stands so.
func (s *shop) wantMoney(p *payer, charged, reserved vouchers.Amount, inFlight int) {
	s.t.Helper()
	if c := s.channel(p); c.Charged != charged || c.Claimable() != charged || c.Reserved != reserved || c.InFlight != inFlight {
		s.t.Errorf("charged %d, reserved %d, %d in flight, want %d, %d, %d", c.Charged, c.Reserved, c.InFlight, charged, reserved, inFlight)
	}
}

func TestAPriceIsChargedInParts(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	payment := as(p.pays(100, 100), "id")
	r := s.reserve(payment)
	receipt := func(text string) vouchers.Put {
		return vouchers.Put{Bucket: "receipts", Key: []byte(text), Value: []byte(text)}
	}
	first := s.part(r, 30, func(c ledger.Charge) (ledger.Kept, error) {
		return ledger.Kept{Answer: []byte("so far"), Puts: []vouchers.Put{receipt("rendered")}}, nil
	}, receipt("given"))
	if first.Channel != p.id || first.Charged != 30 || first.Cumulative != 30 || first.State.Charged != 30 || first.State.Reserved != 70 || first.State.InFlight != 1 {
		t.Errorf("%+v", first)
	}
	s.wantMoney(p, 30, 70, 1)
	if second := s.part(r, 20, nil); second.Charged != 20 || second.Cumulative != 50 || second.State.Reserved != 50 {
		t.Errorf("%+v", second)
	}
	s.part(r, 0, nil)
	s.wantMoney(p, 50, 50, 1)
	s.refused(p.pays(200, 101), ledger.ErrCeilingMismatch) // what is left of the price stays reserved
	if last := s.commit(r, 25); last.Charged != 25 || last.Cumulative != 75 || last.State.Reserved != 0 {
		t.Errorf("%+v", last)
	}
	for range 2 {
		s.wantMoney(p, 75, 0, 0)
		if body, err := s.replayed(payment); body != "an answer" || err != nil {
			t.Errorf("the same payment gets %q, %v", body, err)
		}
		for _, name := range []string{"rendered", "given"} {
			if got, err := s.store.Bucket("receipts").Get([]byte(name)); string(got) != name || err != nil {
				t.Errorf("the receipt is %q, %v", got, err)
			}
		}
		s.restart()
	}
}

func TestWhatAPartHasChargedOutlivesItsCall(t *testing.T) {
	for name, end := range map[string]func(*shop, *ledger.Reservation, context.CancelFunc){
		"released":          func(_ *shop, r *ledger.Reservation, _ context.CancelFunc) { r.Release() },
		"an ended context":  func(_ *shop, _ *ledger.Reservation, cancel context.CancelFunc) { cancel() },
		"the process ended": func(s *shop, _ *ledger.Reservation, _ context.CancelFunc) { s.restart() },
		"an answer that fails": func(s *shop, r *ledger.Reservation, _ context.CancelFunc) {
			_, err := r.Commit(context.Background(), 1, func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{}, errors.New("no answer") })
			if err == nil {
				s.t.Error("committed")
			}
		},
		"more than is left": func(s *shop, r *ledger.Reservation, _ context.CancelFunc) {
			if _, err := r.Commit(context.Background(), 51, nil); !errors.Is(err, ledger.ErrOvercharge) {
				s.t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.endsWithParts(newPayer(t, "payer").deposits(s, 1000), end)
			})
		})
	}
}

// endsWithParts charges two calls in parts, ends them, and sends their payments again.
func (s *shop) endsWithParts(p *payer, end func(*shop, *ledger.Reservation, context.CancelFunc)) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	kept, gone, nameless := as(p.pays(100, 100), "kept"), as(p.pays(200, 100), "gone"), p.pays(300, 100)
	var calls []*ledger.Reservation
	for _, payment := range []ledger.Payment{kept, gone, nameless} {
		r, err := s.Reserve(ctx, payment)
		if err != nil {
			s.t.Fatal(err)
		}
		calls = append(calls, r)
	}
	s.part(calls[0], 10, nil)
	s.part(calls[0], 40, saying("so far"))
	s.part(calls[1], 50, nil)
	s.part(calls[2], 50, saying("so far"))
	s.wantMoney(p, 150, 150, 3)
	process := s.Ledger
	for _, r := range calls {
		end(s, r, cancel)
	}
	synctest.Wait()
	for range 2 {
		s.wantMoney(p, 150, 0, 0)
		if body, err := s.replayed(kept); body != "so far" || err != nil {
			s.t.Errorf("what its last part kept is %q, %v", body, err)
		}
		s.refused(gone, ledger.ErrAnswerGone)
		other := kept
		other.Fingerprint[31]++
		s.refused(other, ledger.ErrIdentifierConflict)
		if s.Ledger == process {
			s.refused(nameless, ledger.ErrAnswerGone)
		} else {
			s.refused(nameless, ledger.ErrCeilingMismatch)
		}
		s.restart()
	}
	s.call(p.pays(400, 100))
}

// The payer of two calls in flight has signed over both, and only the second was charged: its
// ceiling is then the exact sum for another call, and its payment still begins none.
func TestThePaymentOfACallThatBrokeOffIsNotRunAgainWhereItsCeilingFits(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	first, payment := s.reserve(p.pays(100, 100)), p.pays(200, 100)
	second := s.reserve(payment)
	s.part(second, 100, saying("so far"))
	first.Release()
	second.Release()
	s.refused(payment, ledger.ErrAnswerGone)
	if body, told := s.Answered(t.Context(), payment); told {
		t.Errorf("it is told %q", body)
	}
	s.call(p.pays(200, 100)) // another call may take what was signed
	s.wantMoney(p, 200, 0, 0)
}

func TestAPartThatCannotBeLeavesTheReservationAsItWas(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the caller has gone")
	cancel(gone)
	badPut := vouchers.Put{Bucket: "Not A Name", Key: []byte("k")}
	for name, test := range map[string]struct {
		part func(*ledger.Reservation) error
		want error
	}{
		"more than is left": {func(r *ledger.Reservation) error { _, err := r.Part(t.Context(), 61, nil); return err }, ledger.ErrOvercharge},
		"an ended context":  {func(r *ledger.Reservation) error { _, err := r.Part(ended, 10, nil); return err }, gone},
		"a malformed put":   {func(r *ledger.Reservation) error { _, err := r.Part(t.Context(), 10, nil, badPut); return err }, vouchers.ErrUpdate},
		"an answer that panics": {func(r *ledger.Reservation) (err error) {
			defer func() { err = recover().(error) }()
			_, err = r.Part(t.Context(), 10, func(ledger.Charge) (ledger.Kept, error) { panic(gone) })
			return err
		}, gone},
		"an answer that fails": {func(r *ledger.Reservation) error {
			_, err := r.Part(t.Context(), 10, func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{}, gone })
			return err
		}, gone},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			p := newPayer(t, "payer").deposits(s, 1000)
			r := s.reserve(p.pays(100, 100))
			s.part(r, 40, nil)
			if err := test.part(r); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			s.wantMoney(p, 40, 60, 1)
			s.part(r, 60, nil)
			s.commit(r, 0)
			s.wantMoney(p, 100, 0, 0)
		})
	}
}

func TestAPartThatWasNotChargedLeavesTheVoucherFree(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	payment := as(p.pays(100, 100), "id")
	r := s.reserve(payment)
	if _, err := r.Part(t.Context(), 10, func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{}, errors.New("no answer") }); err == nil {
		t.Error("charged without an answer")
	}
	s.part(r, 0, saying("nothing to pay"))
	r.Release()
	s.wantMoney(p, 0, 0, 0)
	s.call(payment)
	for _, again := range []func() error{
		func() error { _, err := r.Part(t.Context(), 1, nil); return err },
		func() error { return r.SetAside(t.Context()) },
	} {
		if err := again(); !errors.Is(err, ledger.ErrReservationEnded) {
			t.Errorf("after its end: %v", err)
		}
	}
}

func TestWhatWasChargedInPartsIsNotSetAside(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	r := s.reserve(p.pays(100, 100))
	s.part(r, 10, nil)
	if err := r.SetAside(t.Context()); !errors.Is(err, ledger.ErrReservationEnded) {
		t.Errorf("set aside: %v", err)
	}
	s.wantMoney(p, 10, 90, 1)
	s.commit(r, 90)
}

func TestAReleaseLeavesAPartThatIsOnItsWay(t *testing.T) {
	for name, drawn := range map[string]bool{"of a voucher": false, "of credit": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(t)
				s := on(t, g)
				p := newPayer(t, "payer").deposits(s, 1000)
				reserve := func() *ledger.Reservation { return s.reserve(p.pays(200, 100)) }
				s.call(p.pays(50, 50))
				if drawn {
					s.setAside(p.pays(200, 150))
					reserve = func() *ledger.Reservation { return s.draw(p, 100) }
				}
				r := reserve()
				g.shut()
				done := make(chan error)
				go func() {
					_, err := r.Part(t.Context(), 30, nil)
					done <- err
				}()
				synctest.Wait()
				r.Release()
				s.wantMoney(p, 50, 30, 1)
				if _, err := s.Freeze(p.id); !errors.Is(err, ledger.ErrChannelBusy) {
					t.Errorf("freeze: %v", err)
				}
				if _, err := r.Part(t.Context(), 1, nil); !errors.Is(err, ledger.ErrReservationEnded) {
					t.Errorf("another part: %v", err)
				}
				g.open()
				if err := <-done; err != nil {
					t.Error(err)
				}
				s.wantMoney(p, 80, 0, 0)
				if c := s.channel(p); drawn && c.Aside != 120 {
					t.Errorf("%d aside", c.Aside)
				}
			})
		})
	}
}

func TestARetryWaitsForTheEndOfACallThatIsChargedInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := on(t, newGate(t))
		p := newPayer(t, "payer").deposits(s, 1000)
		named, nameless := as(p.pays(100, 100), "id"), p.pays(200, 100)
		for _, payment := range []ledger.Payment{named, nameless} {
			r := s.reserve(payment)
			s.part(r, 50, saying("so far"))
			again := make(chan string)
			go func() {
				body, err := s.replayed(payment)
				if err != nil {
					body = err.Error()
				}
				again <- body
			}()
			synctest.Wait()
			s.commit(r, 0)
			if got := <-again; got != "an answer" {
				t.Errorf("it gets %q", got)
			}
		}
		s.wantMoney(p, 100, 0, 0)
	})
}

func TestAPartThatTheDiskRefusedIsNeverClaimed(t *testing.T) {
	g := newGate(t)
	s := on(t, g)
	p := newPayer(t, "payer").deposits(s, 1000)
	r := s.reserve(p.pays(100, 100))
	s.part(r, 10, nil)
	g.fail(vouchers.ErrStoreFailed)
	if _, err := r.Part(t.Context(), 20, nil); !errors.Is(err, vouchers.ErrStoreFailed) {
		t.Error(err)
	}
	r.Release()
	s.wantMoney(p, 10, 20, 0)
}

// Many calls of one channel are charged in parts at once, and many parts of one call.
func TestPartsOfManyCallsAddUp(t *testing.T) {
	const calls, parts, each, price = 50, 8, 5, 100
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 10*calls*price)
	s.setAside(p.pays(calls*price, calls*price))
	sums := &tab{payer: p, sums: map[vouchers.Amount]bool{}}
	var crowd sync.WaitGroup
	for i := range vouchers.Amount(2 * calls) {
		var r *ledger.Reservation
		if i%2 == 0 {
			r = s.reserve(p.pays((calls+i/2+1)*price, price))
		} else {
			r = s.draw(p, price)
		}
		pay := func() {
			charge, err := r.Part(context.Background(), each, nil)
			switch {
			case err == nil:
				sums.answered(charge)
			case i%4 < 2 || !errors.Is(err, ledger.ErrReservationEnded):
				t.Error(err)
			}
		}
		for range parts / 2 {
			crowd.Go(func() {
				pay()
				pay()
			})
		}
		crowd.Go(func() {
			switch {
			case i%4 < 2:
			case i%8 < 4:
				r.Release()
			default:
				charge, err := r.Commit(context.Background(), each, nil)
				if err != nil {
					t.Error(err)
				}
				sums.answered(charge)
			}
		})
		defer r.Release()
	}
	crowd.Wait()
	if c := s.channel(p); c.Charged != sums.charged || c.Charged < calls*parts*each || c.InFlight != calls {
		t.Errorf("answered %d, the ledger has %+v", sums.charged, c)
	}
	s.restart()
	s.wantMoney(p, sums.charged, 0, 0)
}
