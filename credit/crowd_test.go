package credit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
)

// TestACrowdNeverSpendsOneUnitTooMuch lets 400 goroutines spend through a tree of
// tokens until nothing more is taken, and adds up what they were charged.
func TestACrowdNeverSpendsOneUnitTooMuch(t *testing.T) {
	s := newShop(t)
	const budget, calls = 50_000, 300
	_, root := s.grant(credit.Scope{Budget: budget, Calls: calls, Rate: credit.Rate{Amount: 40_000, Period: time.Hour}})
	limits := []vouchers.Amount{budget, 9_000, 20_000, 4_000}
	tokens := []credit.Token{root, s.narrow(root, credit.Scope{Budget: 9_000}), s.narrow(root, credit.Scope{Budget: 20_000})}
	tokens = append(tokens, s.narrow(tokens[2], credit.Scope{Budget: 4_000}))
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
	for name, scope := range map[string]credit.Scope{
		"budget": {Budget: 100 * 7},
		"calls":  {Budget: 10_000, Calls: 100},
		"rate":   {Budget: 10_000, Rate: credit.Rate{Amount: 100*7 + 6, Period: time.Second}},
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

// TestCountersFollowAModel plays random spends, releases, restarts and times
// against a plain model of a token and its sub-token.
func TestCountersFollowAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newShop(t)
		defer s.close()
		const budget, subBudget, rate, period = 1000, 500, 300, 60
		_, root := s.grant(credit.Scope{Budget: budget, Rate: credit.Rate{Amount: rate, Period: period * time.Second}})
		sub := s.narrow(root, credit.Scope{Budget: subBudget})
		var spent, subSpent, inWindow, window, now int64
		window = -1
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0:
				s.restart()
				if inWindow == 0 { // a period in which nothing was charged is not on disk
					window = -1
				}
				continue
			case 1:
				wait := rapid.Int64Range(1, 90).Draw(rt, "wait")
				s.clock.pass(time.Duration(wait) * time.Second)
				now += wait
				continue
			}
			price, isSub := rapid.Int64Range(1, 400).Draw(rt, "price"), rapid.Bool().Draw(rt, "sub")
			if window >= 0 && now >= window+period {
				window, inWindow = -1, 0
			}
			fits := spent+price <= budget && inWindow+price <= rate && (!isSub || subSpent+price <= subBudget)
			token := root
			if isSub {
				token = sub
			}
			spend, err := s.Spend(context.Background(), token.Text(), credit.Call{Tool: "search", Price: vouchers.Amount(price)})
			if (err == nil) != fits {
				rt.Fatalf("a call of %d: %v, with %d, %d and %d spent", price, err, spent, subSpent, inWindow)
			}
			if err != nil {
				continue
			}
			if window < 0 {
				window = now
			}
			actual := rapid.Int64Range(0, price).Draw(rt, "actual")
			if _, err := spend.Commit(context.Background(), vouchers.Amount(actual), nil); err != nil {
				rt.Fatal(err)
			}
			spent, inWindow = spent+actual, inWindow+actual
			if isSub {
				subSpent += actual
			}
		}
		if got := s.state().Charged; got != vouchers.Amount(spent) {
			rt.Fatalf("%s charged, want %d", got, spent)
		}
	})
}
