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
)

// TestACrowdNeverSpendsOneUnitTooMuch lets 400 goroutines spend through a tree of
// tokens until nothing more is taken, and adds up what they were charged.
func TestACrowdNeverSpendsOneUnitTooMuch(t *testing.T) {
	s := newShop(t)
	const budget, calls = 50_000, 300
	_, root := s.grant(macaroon.Scope{Budget: budget, Calls: calls, Rate: macaroon.Rate{Amount: 40_000, Period: time.Hour}})
	limits := []vouchers.Amount{budget, 9_000, 20_000, 4_000}
	tokens := []macaroon.Token{root, s.narrow(root, macaroon.Scope{Budget: 9_000}), s.narrow(root, macaroon.Scope{Budget: 20_000})}
	tokens = append(tokens, s.narrow(tokens[2], macaroon.Scope{Budget: 4_000}))
	above := [][]int{{0}, {0, 1}, {0, 2}, {0, 2, 3}}
	var spent [4]atomic.Int64
	var charged, count atomic.Int64
	var crowd sync.WaitGroup
	for i := range 400 {
		crowd.Go(func() {
			dice := rand.New(rand.NewPCG(1, uint64(i)))
			for range 8 {
				which, price := dice.IntN(len(tokens)), vouchers.Amount(1+dice.IntN(300))
				spend, err := s.Spend(context.Background(), tokens[which].Text(), credit.Call{Tool: "search", Price: price})
				if err != nil {
					continue
				}
				if dice.IntN(4) == 0 {
					spend.Release()
					continue
				}
				actual := price - vouchers.Amount(dice.IntN(int(price)))
				if _, err := spend.Commit(context.Background(), actual, nil); err != nil {
					t.Error(err)
				}
				count.Add(1)
				charged.Add(int64(actual))
				for _, level := range above[which] {
					spent[level].Add(int64(actual))
				}
			}
		})
	}
	crowd.Wait()
	for level, limit := range limits {
		if got := vouchers.Amount(spent[level].Load()); got > limit {
			t.Errorf("level %d: %s spent of %s", level, got, limit)
		}
	}
	if charged.Load() > 40_000 || count.Load() > calls {
		t.Errorf("%d charged in %d calls", charged.Load(), count.Load())
	}
	if ch := s.state(); ch.Charged != vouchers.Amount(charged.Load()) || ch.Aside != budget-ch.Charged || ch.Reserved != 0 {
		t.Errorf("charged %s of %d, aside %s, reserved %s", ch.Charged, charged.Load(), ch.Aside, ch.Reserved)
	}
	left := func() {
		all, calls := vouchers.Amount(charged.Load()), vouchers.Amount(calls-count.Load())
		two, three := vouchers.Amount(spent[2].Load()), vouchers.Amount(spent[3].Load())
		s.left(tokens[3], budget-all, calls, 40_000-all, 20_000-two, 4_000-three)
	}
	left()
	s.restart()
	left()
}

// TestExactlyAsManyCallsPassAsTheLimitHas starts 300 equal calls at one moment.
func TestExactlyAsManyCallsPassAsTheLimitHas(t *testing.T) {
	for name, scope := range map[string]macaroon.Scope{
		"budget": {Budget: 100 * 7},
		"calls":  {Budget: 10_000, Calls: 100},
		"rate":   {Budget: 10_000, Rate: macaroon.Rate{Amount: 100*7 + 6, Period: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			_, token := s.grant(scope)
			var passed atomic.Int64
			var crowd sync.WaitGroup
			gate := make(chan struct{})
			for range 300 {
				crowd.Go(func() {
					<-gate
					spend, err := s.Spend(context.Background(), token.Text(), credit.Call{Tool: "search", Price: 7})
					if err == nil {
						passed.Add(1)
						_, err = spend.Commit(context.Background(), 7, nil)
					}
					var refusal *credit.Refusal
					if err != nil && !errors.As(err, &refusal) {
						t.Error(err)
					}
				})
			}
			close(gate)
			crowd.Wait()
			if passed.Load() != 100 {
				t.Errorf("%d calls passed, want 100", passed.Load())
			}
		})
	}
}
