package credit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestATokenIsSpentToItsBudgetAndNotBeyond(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	s.buy(token, 600)
	if r := s.refused(token, "search", 401, credit.CodeBudgetExhausted); r.Remaining != 400 || r.Required != 401 || r.Caveat != "budget=1000" {
		t.Errorf("%+v", r)
	}
	s.buy(token, 400)
	s.refused(token, "search", 1, credit.CodeBudgetExhausted)
	if ch := s.state(); ch.Charged != 1000 || ch.Aside != 0 || ch.Reserved != 0 {
		t.Errorf("charged %s, aside %s, reserved %s", ch.Charged, ch.Aside, ch.Reserved)
	}
}

func TestWhatACallDoesNotCostGoesBackToEveryLevel(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Calls: 3, Rate: macaroon.Rate{Amount: 900, Period: time.Hour}})
	sub := s.narrow(token, macaroon.Scope{Budget: 500})
	spend := s.spend(sub, "search", 500)
	s.left(sub, 500, 2, 400, 0)
	spend.Release()
	spend.Release()
	s.left(sub, 1000, 3, 900, 500)
	commit(t, s.spend(sub, "search", 500), 200)
	s.left(sub, 800, 2, 700, 300)
	commit(t, s.spend(sub, "search", 300), 0)
	s.left(sub, 800, 2, 700, 300)
	if _, err := s.spend(sub, "search", 300).Commit(context.Background(), 301, nil); !errors.Is(err, ledger.ErrOvercharge) {
		t.Errorf("more than the price: %v", err)
	}
	s.left(sub, 800, 2, 700, 300)
	if ch := s.state(); ch.Charged != 200 || ch.Aside != 800 || ch.Reserved != 0 {
		t.Errorf("charged %s, aside %s, reserved %s", ch.Charged, ch.Aside, ch.Reserved)
	}
}

func TestACallWhoseAnswerPanicsIsNotCharged(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Calls: 1})
	func() {
		defer func() { _ = recover() }()
		_, _ = s.spend(token, "search", 100).Commit(context.Background(), 100, func(ledger.Charge) (ledger.Kept, error) { panic("no answer") })
	}()
	s.left(token, 1000, 1)
	s.buy(token, 100)
	s.left(token, 900, 0)
}

func TestACallThatHasEndedIsNotCommittedAgain(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	spend := s.spend(token, "search", 100)
	commit(t, spend, 100)
	spend.Release()
	for _, again := range []*credit.Spend{spend, func() *credit.Spend { r := s.spend(token, "search", 100); r.Release(); return r }()} {
		if _, err := again.Commit(context.Background(), 100, nil); !errors.Is(err, ledger.ErrReservationEnded) {
			t.Errorf("committed again: %v", err)
		}
	}
	s.left(token, 900)
}

// during commits a call of 10, and runs do when its charge is decided and not yet on
// its way to the disk.
func (s *shop) during(token macaroon.Token, do func(*credit.Spend)) {
	s.t.Helper()
	spend := s.spend(token, "search", 10)
	_, err := spend.Commit(context.Background(), 10, func(ledger.Charge) (ledger.Kept, error) {
		do(spend)
		return ledger.Kept{}, nil
	})
	if err != nil {
		s.t.Error(err)
	}
}

func TestAReleaseComesTooLateForACallThatIsBeingCommitted(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	s.during(token, (*credit.Spend).Release)
	s.left(token, 990)
	s.restart()
	s.left(token, 990)
}

func TestAPeriodBeginsAtNothingAfterARestartToo(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Rate: macaroon.Rate{Amount: 100, Period: time.Minute}})
	var other sync.WaitGroup
	s.during(token, func(*credit.Spend) { other.Go(func() { s.buy(token, 20) }) }) // in a lane of its own
	other.Wait()
	s.clock.pass(time.Minute)
	s.buy(token, 5)
	s.left(token, 965, 95)
	s.restart()
	s.left(token, 965, 95)
}

func TestWhatAFailedStoreMayHaveKeptStaysReserved(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 100})
	spend := s.spend(token, "search", 60)
	s.close()
	if _, err := spend.Commit(context.Background(), 60, nil); !errors.Is(err, vouchers.ErrStoreClosed) {
		t.Errorf("committed: %v", err)
	}
	spend.Release()
	for price, fits := range map[vouchers.Amount]bool{40: true, 41: false} {
		if err := s.Allows(token.Text(), credit.Call{Tool: "search", Price: price}); (err == nil) != fits {
			t.Errorf("a call of %s: %v", price, err)
		}
	}
}

func TestAGrantHasSoManyTokensInUse(t *testing.T) {
	s := newShop(t, credit.WithLimits(credit.Limits{Counters: 3}, nil))
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	short, long := macaroon.Scope{Budget: 10, Expires: start.Add(time.Minute)}, macaroon.Scope{Budget: 10}
	s.buy(s.narrow(token, short), 1)
	s.buy(s.narrow(token, long), 1)
	third := s.narrow(token, macaroon.Scope{Budget: 11})
	s.refused(third, "search", 1, credit.CodeTooManyTokens)
	s.buy(token, 1)
	s.clock.pass(time.Minute)
	s.sweep()
	s.buy(third, 1)
}

func TestAContextThatEndsGivesTheCallBack(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	ctx, cancel := context.WithCancel(context.Background())
	spend, err := s.Spend(ctx, token.Text(), credit.Call{Tool: "search", Price: 100})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := spend.Commit(ctx, 100, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("committed: %v", err)
	}
	s.left(token, 1000)
	if ch := s.state(); ch.Aside != 1000 || ch.Charged != 0 {
		t.Errorf("aside %s, charged %s", ch.Aside, ch.Charged)
	}
}

func TestASubTokenSpendsFromEveryBudgetAboveIt(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	one, two := s.narrow(token, macaroon.Scope{Budget: 600}), s.narrow(token, macaroon.Scope{Budget: 700})
	s.buy(one, 500)
	s.buy(two, 400)
	s.left(one, 100, 100)
	s.left(two, 100, 300)
	s.refused(two, "search", 101, credit.CodeBudgetExhausted)
	s.buy(token, 60)
	s.refused(one, "search", 41, credit.CodeBudgetExhausted)
	s.buy(one, 40)
	s.left(one, 0, 60)
}

func TestTenLevelsSpendFromTenCounters(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Tools: []string{"s*"}})
	chain := []macaroon.Token{token}
	for level := 1; level < 10; level++ {
		scope := macaroon.Scope{Tools: []string{"s*"}, Budget: vouchers.Amount(1000 - 10*level), PerCall: 900, Expires: start.Add(time.Hour)}
		chain = append(chain, s.narrow(chain[level-1], scope))
	}
	s.buy(chain[9], 100)
	for level, token := range chain {
		var want []vouchers.Amount
		for above := range level + 1 {
			want = append(want, vouchers.Amount(900-10*above))
		}
		s.left(token, want...)
	}
	s.restart()
	s.buy(chain[9], 810)
	s.refused(chain[9], "search", 1, credit.CodeBudgetExhausted)
	s.buy(chain[8], 10)
}

// hourly is a rate.
var hourly = macaroon.Rate{Amount: 100, Period: time.Hour}

// caveatRefusals are calls that a caveat, or the channel, refuses. What is not said is a
// search for 100 with a budget of 1000.
var caveatRefusals = []struct {
	name          string
	scope, narrow macaroon.Scope
	before        func(*shop, macaroon.Token)
	tool          string
	price         vouchers.Amount
	want          credit.Refusal
}{
	{name: "another tool", scope: macaroon.Scope{Tools: []string{"search*", "fetch"}}, tool: "delete",
		want: credit.Refusal{Code: credit.CodeToolNotAllowed, Caveat: "tools=search*,fetch"}},
	{name: "a tool that only the wider token has", scope: macaroon.Scope{Tools: []string{"search*"}}, narrow: macaroon.Scope{Tools: []string{"search_web"}}, tool: "search_files",
		want: credit.Refusal{Code: credit.CodeToolNotAllowed, Caveat: "tools=search_web"}},
	{name: "too dear", scope: macaroon.Scope{PerCall: 99},
		want: credit.Refusal{Code: credit.CodePerCallExceeded, Caveat: "per_call=99", Required: 100, Remaining: 99}},
	{name: "too dear for the narrower", scope: macaroon.Scope{PerCall: 200}, narrow: macaroon.Scope{PerCall: 50},
		want: credit.Refusal{Code: credit.CodePerCallExceeded, Caveat: "per_call=50", Required: 100, Remaining: 50}},
	{name: "above the budget", price: 1001,
		want: credit.Refusal{Code: credit.CodeBudgetExhausted, Caveat: "budget=1000", Required: 1001, Remaining: 1000, Granted: true}},
	{name: "above the narrower budget", narrow: macaroon.Scope{Budget: 99},
		want: credit.Refusal{Code: credit.CodeBudgetExhausted, Caveat: "budget=99", Required: 100, Remaining: 99}},
	{name: "no calls left", scope: macaroon.Scope{Calls: 1}, before: func(s *shop, t macaroon.Token) { s.buy(t, 1) },
		want: credit.Refusal{Code: credit.CodeCallsExhausted, Caveat: "calls=1", Required: 1, Remaining: 0}},
	{name: "too fast", scope: macaroon.Scope{Rate: hourly}, before: func(s *shop, t macaroon.Token) { s.buy(t, 1); s.clock.pass(15 * time.Minute) },
		want: credit.Refusal{Code: credit.CodeRateLimited, Caveat: "rate=100/3600", Required: 100, Remaining: 99, RetryAfter: 45 * time.Minute}},
	{name: "never within the rate", scope: macaroon.Scope{Rate: hourly}, price: 101,
		want: credit.Refusal{Code: credit.CodeRateLimited, Caveat: "rate=100/3600", Required: 101, Remaining: 100}},
	{name: "too late", scope: macaroon.Scope{Expires: start.Add(time.Minute)}, before: func(s *shop, _ macaroon.Token) { s.clock.pass(time.Minute) },
		want: credit.Refusal{Code: credit.CodeExpired, Caveat: "expires=1800000060"}},
	{name: "too early", scope: macaroon.Scope{NotBefore: start.Add(time.Minute)},
		want: credit.Refusal{Code: credit.CodeNotYetValid, Caveat: "not_before=1800000060", RetryAfter: time.Minute}},
	{name: "revoked", before: func(s *shop, t macaroon.Token) { _, _ = s.RevokeToken(context.Background(), t.Text()) },
		want: credit.Refusal{Code: credit.CodeRevoked}},
	{name: "the channel is about to be emptied", before: func(s *shop, _ macaroon.Token) {
		state := vouchers.ChainState{Balance: balance, Withdrawal: vouchers.Withdrawal{Amount: balance, FinalizeAfter: uint64(start.Add(time.Hour).Unix())}}
		if _, err := s.ledger.Open(context.Background(), deployment, s.config, state); err != nil {
			s.t.Fatal(err)
		}
	}, want: credit.Refusal{Code: credit.CodeBalanceExhausted, Required: 100}},
	{name: "the channel is being refunded", before: func(s *shop, _ macaroon.Token) {
		if _, err := s.ledger.Freeze(s.channel); err != nil {
			s.t.Fatal(err)
		}
	}, want: credit.Refusal{Code: credit.CodeBusy, RetryAfter: time.Second}},
}

func TestEveryCaveatRefusesWithItsCode(t *testing.T) {
	for _, c := range caveatRefusals {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t)
			c.scope.Budget = 1000
			_, token := s.grant(c.scope)
			if _, err := c.narrow.Caveats(); err == nil && (c.narrow.Budget != 0 || c.narrow.PerCall != 0 || len(c.narrow.Tools) > 0) {
				token = s.narrow(token, c.narrow)
			}
			if c.before != nil {
				c.before(s, token)
			}
			if c.tool == "" {
				c.tool = "search"
			}
			if c.price == 0 {
				c.price = 100
			}
			got := s.refused(token, c.tool, c.price, c.want.Code)
			got.Err = nil
			if *got != c.want {
				t.Errorf("refused with %+v, want %+v", *got, c.want)
			}
			if c.want.RetryAfter > time.Second {
				s.clock.pass(c.want.RetryAfter)
				s.buy(token, 100)
			}
		})
	}
}
