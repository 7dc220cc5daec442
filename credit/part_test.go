package credit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func part(t testing.TB, spend *credit.Spend, amount vouchers.Amount) {
	t.Helper()
	if charge, err := spend.Part(context.Background(), amount, nil); err != nil || charge.Charged != amount {
		t.Fatalf("charged %s, %v, want %s", charge.Charged, err, amount)
	}
}

func TestACallThatIsChargedInPartsIsOneCallAtEveryLevel(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Calls: 3, Rate: macaroon.Rate{Amount: 900, Period: time.Hour}})
	sub := s.narrow(token, macaroon.Scope{Budget: 500})
	spend := s.spend(sub, "search", 400)
	part(t, spend, 0)
	part(t, spend, 100)
	part(t, spend, 50)
	s.left(sub, 600, 2, 500, 100) // the rest stays reserved
	if ch := s.state(); ch.Charged != 150 || ch.Reserved != 250 || ch.Aside != 600 {
		t.Errorf("charged %s, reserved %s, aside %s", ch.Charged, ch.Reserved, ch.Aside)
	}
	if _, err := spend.Part(context.Background(), 251, nil); !errors.Is(err, ledger.ErrOvercharge) {
		t.Errorf("more than is left: %v", err)
	}
	if spend.Price() != 250 {
		t.Errorf("%s are set aside", spend.Price())
	}
	commit(t, spend, 30)
	for range 2 {
		s.left(sub, 820, 2, 720, 320)
		if ch := s.state(); ch.Charged != 180 || ch.Reserved != 0 || ch.Aside != 820 {
			t.Errorf("charged %s, reserved %s, aside %s", ch.Charged, ch.Reserved, ch.Aside)
		}
		s.restart()
	}
	if _, err := spend.Part(context.Background(), 1, nil); !errors.Is(err, ledger.ErrReservationEnded) {
		t.Errorf("a part after the end: %v", err)
	}
}

func TestWhatWasChargedInPartsIsNeitherGivenBackNorChargedAgain(t *testing.T) {
	for name, end := range map[string]func(*shop, *credit.Spend){
		"released":          func(_ *shop, spend *credit.Spend) { spend.Release() },
		"the process ended": func(s *shop, _ *credit.Spend) { s.restart() },
		"an answer that panics": func(s *shop, spend *credit.Spend) {
			defer func() { _ = recover() }()
			_, _ = spend.Commit(context.Background(), 10, func(ledger.Charge) (ledger.Kept, error) { panic("no answer") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			_, token := s.grant(macaroon.Scope{Budget: 1000, Calls: 5, Rate: macaroon.Rate{Amount: 900, Period: time.Hour}})
			spend, err := s.Spend(context.Background(), token.Text(), named("a", 1))
			if err != nil {
				t.Fatal(err)
			}
			part(t, spend, 30)
			part(t, spend, 20)
			end(s, spend)
			for range 2 {
				s.left(token, 950, 4, 850)
				s.callRefused(token, named("a", 1), credit.CodeAnswerGone)
				s.callRefused(token, named("a", 2), credit.CodeIdentifierConflict)
				if ch := s.state(); ch.Charged != 50 || ch.Reserved != 0 || ch.Aside != 950 {
					t.Errorf("charged %s, reserved %s, aside %s", ch.Charged, ch.Reserved, ch.Aside)
				}
				s.restart()
			}
		})
	}
}

func TestAPartThatFailsLeavesTheCallAsItWas(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Calls: 1})
	spend := s.spend(token, "search", 100)
	gone := errors.New("no answer")
	if _, err := spend.Part(context.Background(), 40, func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{}, gone }); !errors.Is(err, gone) {
		t.Error(err)
	}
	s.left(token, 900, 0)
	part(t, spend, 60)
	part(t, spend, 40)
	spend.Release()
	s.left(token, 900, 0)
	if ch := s.state(); ch.Charged != 100 || ch.Reserved != 0 {
		t.Errorf("charged %s, reserved %s", ch.Charged, ch.Reserved)
	}
}

// While a part is on its way a release ends the call with it, and nothing else is charged.
func TestAReleaseWhileAPartIsChargedEndsTheCallWithIt(t *testing.T) {
	s := newShop(t)
	id, token := s.grant(macaroon.Scope{Budget: 1000})
	spend := s.spend(token, "search", 100)
	_, err := spend.Part(context.Background(), 30, func(ledger.Charge) (ledger.Kept, error) {
		if _, err := spend.Part(context.Background(), 1, nil); err == nil {
			t.Error("two parts at once")
		}
		spend.Release()
		return ledger.Kept{}, nil
	})
	if err != nil {
		t.Error(err)
	}
	s.left(token, 970)
	if _, err := s.Revoke(context.Background(), id, credit.ByPayer); err != nil {
		t.Fatal(err)
	}
	s.sweep()
	if ch := s.state(); ch.Charged != 30 || ch.Aside != 0 || ch.Reserved != 0 || ch.InFlight != 0 {
		t.Errorf("%+v", ch)
	}
}

func TestAPartThatAFailedStoreMayHaveKeptStaysReserved(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 100})
	spend := s.spend(token, "search", 60)
	part(t, spend, 10)
	s.close()
	if _, err := spend.Part(context.Background(), 10, nil); !errors.Is(err, vouchers.ErrStoreClosed) {
		t.Errorf("charged: %v", err)
	}
	spend.Release()
	for price, fits := range map[vouchers.Amount]bool{40: true, 41: false} {
		if err := s.Allows(token.Text(), credit.Call{Tool: "search", Price: price}); (err == nil) != fits {
			t.Errorf("a call of %s: %v", price, err)
		}
	}
}

// TestACrowdInPartsNeverSpendsOneUnitTooMuch lets 200 goroutines spend in parts through two
// levels until nothing more is taken, while some release at any moment.
func TestACrowdInPartsNeverSpendsOneUnitTooMuch(t *testing.T) {
	s := newShop(t)
	const budget, subBudget, calls = 20_000, 9_000, 300
	_, root := s.grant(macaroon.Scope{Budget: budget, Calls: calls, Rate: macaroon.Rate{Amount: budget, Period: time.Hour}})
	sub := s.narrow(root, macaroon.Scope{Budget: subBudget})
	var charged, subCharged, count atomic.Int64
	var crowd sync.WaitGroup
	for i := range 200 {
		crowd.Go(func() {
			dice := rand.New(rand.NewPCG(2, uint64(i)))
			token, sums := root, []*atomic.Int64{&charged}
			if i%2 == 0 {
				token, sums = sub, append(sums, &subCharged)
			}
			for range 4 {
				price := vouchers.Amount(1 + dice.IntN(300))
				spend, err := s.Spend(context.Background(), token.Text(), credit.Call{Tool: "search", Price: price})
				if err != nil {
					continue
				}
				if dice.IntN(4) == 0 {
					crowd.Go(spend.Release)
				}
				if inParts(t, spend, price, dice, sums) {
					count.Add(1)
				}
			}
		})
	}
	crowd.Wait()
	all, under := vouchers.Amount(charged.Load()), vouchers.Amount(subCharged.Load())
	if all > budget || under > subBudget || count.Load() > calls {
		t.Errorf("%s charged, %s under the sub-token, in %d calls", all, under, count.Load())
	}
	if ch := s.state(); ch.Charged != all || ch.Aside != budget-all || ch.Reserved != 0 || ch.InFlight != 0 {
		t.Errorf("%s charged, the channel is %+v", all, ch)
	}
	for range 2 {
		s.left(sub, budget-all, calls-vouchers.Amount(count.Load()), budget-all, subBudget-under)
		s.restart()
	}
}

// inParts charges some of a price in parts, adds them up, and reports whether anything was
// charged.
func inParts(t *testing.T, spend *credit.Spend, price vouchers.Amount, dice *rand.Rand, sums []*atomic.Int64) (charged bool) {
	defer spend.Release()
	for left := price; left > 0; {
		amount := vouchers.Amount(1 + dice.IntN(int(left)))
		left -= amount
		pay := spend.Part
		if left == 0 {
			pay = spend.Commit
		}
		if _, err := pay(context.Background(), amount, nil); errors.Is(err, ledger.ErrReservationEnded) {
			return charged
		} else if err != nil {
			t.Error(err)
			return charged
		}
		charged = true
		for _, sum := range sums {
			sum.Add(int64(amount))
		}
	}
	return charged
}
