package ledger_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestACallIsChargedWhatItCostAndNoMore(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	charge := s.commit(s.reserve(p.pays(100, 100)), 40)
	if charge.Channel != p.id || charge.Charged != 40 || charge.Cumulative != 40 || charge.State.Charged != 40 || charge.State.Reserved != 0 {
		t.Errorf("%+v", charge)
	}
	c := s.channel(p)
	if c.Charged != 40 || c.Reserved != 0 || c.InFlight != 0 || c.Ceiling != 100 || c.Claimable() != 40 || c.Spendable() != 960 || c.Updated.Unix() != 1_800_000_000 {
		t.Errorf("%+v", c)
	}
}

func TestAReservationEndsOnce(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	r := s.reserve(p.pays(100, 100))
	if r.Price() != 100 {
		t.Errorf("price %d", r.Price())
	}
	r.Release()
	r.Release()
	if _, err := r.Commit(t.Context(), 1, nil); !errors.Is(err, ledger.ErrReservationEnded) {
		t.Errorf("commit after release: %v", err)
	}
	r = s.reserve(p.pays(200, 100))
	s.commit(r, 100)
	r.Release()
	_, again := r.Commit(t.Context(), 1, nil)
	for _, err := range []error{again, r.SetAside(t.Context())} {
		if !errors.Is(err, ledger.ErrReservationEnded) {
			t.Errorf("after commit: %v", err)
		}
	}
	if c := s.channel(p); c.Charged != 100 || c.Reserved != 0 || c.InFlight != 0 {
		t.Errorf("%+v", c)
	}
}

func TestACommitThatCannotBeReleasesTheReservation(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the caller has gone")
	cancel(gone)
	badPut := vouchers.Put{Bucket: "Not A Name", Key: []byte("k")}
	for name, test := range map[string]struct {
		commit func(*ledger.Reservation) error
		want   error
	}{
		"more than the price": {func(r *ledger.Reservation) error { _, err := r.Commit(t.Context(), 101, nil); return err }, ledger.ErrOvercharge},
		"an ended context":    {func(r *ledger.Reservation) error { _, err := r.Commit(ended, 100, nil); return err }, gone},
		"a malformed put":     {func(r *ledger.Reservation) error { _, err := r.Commit(t.Context(), 100, nil, badPut); return err }, vouchers.ErrUpdate},
		"credit in an ended context": {func(r *ledger.Reservation) error {
			return r.SetAside(ended)
		}, gone},
		"credit with a malformed put": {func(r *ledger.Reservation) error {
			return r.SetAside(t.Context(), badPut)
		}, vouchers.ErrUpdate},
		"an answer that panics": {func(r *ledger.Reservation) (err error) {
			defer func() { err = recover().(error) }()
			_, err = r.Commit(t.Context(), 100, func(ledger.Charge) (ledger.Kept, error) { panic(gone) })
			return err
		}, gone},
		"an answer that fails": {func(r *ledger.Reservation) error {
			_, err := r.Commit(t.Context(), 100, func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{}, gone })
			return err
		}, gone},
		"an answer with a malformed put": {func(r *ledger.Reservation) error {
			_, err := r.Commit(t.Context(), 100, func(ledger.Charge) (ledger.Kept, error) {
				return ledger.Kept{Puts: []vouchers.Put{badPut}}, nil
			})
			return err
		}, vouchers.ErrUpdate},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			p := newPayer(t, "payer").deposits(s, 1000)
			payment := p.pays(100, 100)
			if err := test.commit(s.reserve(payment)); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if c := s.channel(p); c.Charged != 0 || c.Reserved != 0 || c.Aside != 0 || c.InFlight != 0 {
				t.Errorf("%+v", c)
			}
			s.call(payment) // the voucher is free again
		})
	}
}

func TestVouchersInFlightMayArriveInAnyOrder(t *testing.T) {
	const calls, price = 200, 10
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, calls*price)
	s.call(p.pays(price, price))
	var flying []*ledger.Reservation
	// The payer signs each over those before it; the one with the highest ceiling must
	// not come after all the others, since they build on it.
	order := rand.New(rand.NewPCG(3, 4)).Perm(calls - 2)
	for _, i := range append([]int{calls - 2}, order...) {
		flying = append(flying, s.reserve(p.pays(vouchers.Amount(i+2)*price, price)))
	}
	if c := s.channel(p); c.Reserved != (calls-1)*price || c.InFlight != calls-1 {
		t.Errorf("%+v", c)
	}
	seen := map[vouchers.Amount]bool{}
	for _, i := range rand.New(rand.NewPCG(5, 6)).Perm(len(flying)) {
		charge := s.commit(flying[i], price)
		if seen[charge.Cumulative] {
			t.Errorf("two charges say %d", charge.Cumulative)
		}
		seen[charge.Cumulative] = true
	}
	if c := s.channel(p); c.Charged != calls*price || c.Reserved != 0 {
		t.Errorf("%+v", c)
	}
}

func TestTheGapOfAFailedCallIsNeverCharged(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	first, failed, third := s.reserve(p.pays(100, 100)), s.reserve(p.pays(200, 100)), s.reserve(p.pays(300, 100))
	failed.Release()
	s.commit(third, 100)
	s.commit(first, 100)
	if c := s.channel(p); c.Charged != 200 || c.Ceiling != 300 || c.Claimable() != 200 {
		t.Errorf("%+v", c)
	}
	// What the payer has signed beyond it pays for the next call, once.
	s.call(p.pays(200, 100))
	s.refused(p.pays(250, 100), ledger.ErrCeilingMismatch)
}

func TestAFreeOutcomeFreesTheVoucher(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	payment := p.pays(100, 100)
	s.commit(s.reserve(payment), 0)
	if c := s.channel(p); c.Charged != 0 || c.Reserved != 0 {
		t.Errorf("%+v", c)
	}
	s.call(payment)
}

// A stock client signs exactly what was charged plus the price, one call at a time.
func TestTheStrictFormOfAStockClientAlwaysFits(t *testing.T) {
	const price = 100
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1_000_000)
	random := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		charged := s.channel(p).Charged
		r := s.reserve(p.pays(charged+price, price))
		switch random.IntN(4) {
		case 0:
			r.Release()
		case 1:
			s.restart()
		default:
			s.commit(r, vouchers.Amount(random.IntN(price+1)))
		}
	}
}

func TestAPayerMayComeBackToAnEqualCeilingAfterACheaperCall(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.commit(s.reserve(p.pays(100, 100)), 40)
	for range 2 { // what failed leaves it as it was
		s.reserve(p.pays(100, 60)).Release()
	}
	s.refused(p.pays(100, 50), ledger.ErrCeilingMismatch) // it has bought a call, and this is not the exact sum
	s.call(p.pays(100, 60))
	s.refused(p.pays(100, 60), ledger.ErrCeilingMismatch)
}

func TestAnyoneMayReplayAVoucherAndNobodyIsServedTwice(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 100_000)
	var payments []ledger.Payment
	for i := range vouchers.Amount(100) {
		payment := p.pays((i+1)*10, 10)
		payments = append(payments, payment)
		s.call(payment)
	}
	for _, payment := range payments {
		other := payment
		other.Fingerprint[31]++
		s.refused(other, ledger.ErrCeilingMismatch)
		r, err := s.Reserve(t.Context(), payment)
		if err != nil {
			t.Fatal(err)
		}
		if body, replied := r.Answer(); !replied || string(body) != "an answer" {
			t.Errorf("the same payment for the same request gets %q, %t", body, replied)
		}
		r.Release()
	}
	s.restart()
	for _, payment := range payments {
		refusal := s.refused(payment, ledger.ErrCeilingMismatch)
		if refusal.State.Charged != 1000 {
			t.Errorf("%+v", refusal.State)
		}
	}
	if c := s.channel(p); c.Charged != 1000 {
		t.Errorf("charged %d", c.Charged)
	}
}

// carefree is a store that says at once that everything is durable.
type carefree struct{ vouchers.Store }

func (carefree) Submit(vouchers.Update) vouchers.Ticket { return carefree{} }
func (carefree) Wait(context.Context) error             { return nil }

// However long a call runs and however many others overtake it, no ceiling that
// is forgotten buys a second call.
func TestAForgottenCeilingStaysUsed(t *testing.T) {
	const calls, price = 3000, 10
	for name, busy := range map[string]bool{"with the first call in flight": true, "with nothing in flight": false} {
		t.Run(name, func(t *testing.T) {
			s := on(t, carefree{newGate(t)}, ledger.WithPatience(0))
			p := newPayer(t, "payer").deposits(s, 1_000_000)
			first := s.reserve(p.pays(price, price))
			if !busy {
				s.commit(first, 1)
			}
			for i := range vouchers.Amount(calls) {
				s.commit(s.reserve(p.pays((i+2)*price, price)), 1)
			}
			for i := range vouchers.Amount(calls + 1) {
				s.refused(p.pays((i+1)*price, price), ledger.ErrCeilingMismatch)
			}
			if busy {
				s.commit(first, 1)
			}
			if c := s.channel(p); c.Charged != calls+1 || c.Reserved != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}
