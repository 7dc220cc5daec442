package credit_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestARestartRestoresWhatIsLeftAtEveryLevel(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Calls: 5, Rate: macaroon.Rate{Amount: 900, Period: time.Hour}})
	sub := s.narrow(token, macaroon.Scope{Budget: 300, Calls: 4})
	s.buy(sub, 100)
	s.spend(sub, "search", 50) // in flight when the process ends
	s.restart()
	s.left(sub, 900, 4, 800, 200, 3)
	s.buy(sub, 150)
	s.restart()
	s.left(sub, 750, 3, 650, 50, 2)
	s.refused(sub, "search", 51, credit.CodeBudgetExhausted)
}

// TestACopyTakenAtAnyMomentHasWhatWasAnswered copies the file while calls are
// committed, as a crash would leave it, and opens the copies.
func TestACopyTakenAtAnyMomentHasWhatWasAnswered(t *testing.T) {
	s := newShop(t)
	const budget = 100_000
	_, token := s.grant(macaroon.Scope{Budget: budget, Calls: 100_000})
	sub := s.narrow(token, macaroon.Scope{Budget: budget / 2})
	var answered atomic.Int64
	var crowd sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	for range 64 {
		crowd.Go(func() {
			for ctx.Err() == nil {
				spend, err := s.Spend(context.Background(), sub.Text(), credit.Call{Tool: "search", Price: 3})
				if err != nil {
					return
				}
				if _, err := spend.Commit(context.Background(), 2, nil); err != nil {
					t.Error(err)
					return
				}
				answered.Add(2)
			}
		})
	}
	type snapshot struct {
		answered vouchers.Amount
		file     []byte
	}
	var copies []snapshot
	for range 8 {
		for before := answered.Load(); answered.Load() < before+200; {
			runtime.Gosched() // the calls go on
		}
		c := snapshot{answered: vouchers.Amount(answered.Load())}
		var file bytes.Buffer
		if _, err := s.store.Backup(&file); err != nil {
			t.Fatal(err)
		}
		c.file = file.Bytes()
		copies = append(copies, c)
	}
	stop()
	crowd.Wait()
	for i, c := range copies {
		path := filepath.Join(t.TempDir(), "copy.db")
		if _, err := restore.From(bytes.NewReader(c.file), path, nil); err != nil {
			t.Fatal(err)
		}
		s.restartFrom(path)
		charged := s.state().Charged
		if charged < c.answered {
			t.Errorf("copy %d: %s charged, %s were answered", i, charged, c.answered)
		}
		s.left(sub, budget-charged, 100_000-charged/2, budget/2-charged)
		if aside := s.state().Aside; aside != budget-charged {
			t.Errorf("copy %d: %s aside, %s charged", i, aside, charged)
		}
	}
}

func (s *shop) restartFrom(path string) {
	s.t.Helper()
	s.close()
	s.open(path)
}

func TestAClockThatIsSetAnewDoesNotResetARate(t *testing.T) {
	for name, set := range map[string]func(*shop){
		"forward":            func(s *shop) { s.clock.set(start.Add(10 * time.Hour)) },
		"back":               func(s *shop) { s.clock.set(start.Add(-10 * time.Hour)) },
		"back and a restart": func(s *shop) { s.clock.set(start.Add(-10 * time.Hour)); s.restart() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			_, token := s.grant(macaroon.Scope{Budget: 1000, Rate: macaroon.Rate{Amount: 100, Period: time.Hour}})
			s.clock.pass(2 * time.Hour)
			s.buy(token, 100)
			set(s)
			if r := s.refused(token, "search", 1, credit.CodeRateLimited); r.RetryAfter != time.Hour {
				t.Errorf("try again in %s", r.RetryAfter)
			}
			s.clock.pass(59 * time.Minute)
			s.refused(token, "search", 1, credit.CodeRateLimited)
			s.clock.pass(time.Minute)
			s.buy(token, 100)
		})
	}
}

func TestAClockThatIsSetAnewRevivesNothingAndEndsNothing(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Expires: start.Add(time.Hour)})
	s.clock.set(start.Add(2 * time.Hour))
	s.refused(token, "search", 1, credit.CodeExpired)
	s.sweep()
	s.clock.set(start)
	s.buy(token, 1)
	s.clock.pass(time.Hour)
	s.refused(token, "search", 1, credit.CodeExpired)
	s.clock.set(start)
	s.refused(token, "search", 1, credit.CodeExpired)
	s.clock.set(start.Add(time.Hour))
	s.sweep()
	s.clock.set(start)
	s.refused(token, "search", 1, credit.CodeExpired)
}

func TestACallThatOutlivesItsPeriodCountsInItsOwn(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Rate: macaroon.Rate{Amount: 100, Period: time.Minute}})
	early, late := s.spend(token, "search", 60), s.spend(token, "search", 40)
	s.clock.pass(time.Minute)
	s.buy(token, 70)
	early.Release()
	commit(t, late, 40)
	s.left(token, 890, 30)
	s.refused(token, "search", 31, credit.CodeRateLimited)
	s.restart()
	s.left(token, 890, 30)
}

func TestUnspentBudgetReturnsToTheChannel(t *testing.T) {
	for name, c := range map[string]struct {
		scope macaroon.Scope
		end   func(*shop, macaroon.GrantID)
		want  credit.End
		code  credit.Code
	}{
		"revoked": {end: func(s *shop, id macaroon.GrantID) {
			if _, err := s.Revoke(context.Background(), id, credit.ByPayer); err != nil {
				s.t.Fatal(err)
			}
		}, want: credit.EndRevoked, code: credit.CodeRevoked},
		"expired": {end: func(s *shop, _ macaroon.GrantID) { s.clock.pass(24 * time.Hour) }, want: credit.EndExpired, code: credit.CodeExpired},
		"used up": {scope: macaroon.Scope{Calls: 2}, end: func(*shop, macaroon.GrantID) {}, want: credit.EndUsedUp, code: credit.CodeCallsExhausted},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			c.scope.Budget = 1000
			id, token := s.grant(c.scope)
			s.buy(token, 100)
			running := s.spend(token, "search", 200)
			c.end(s, id)
			s.sweep()
			if aside := s.state().Aside; aside != 700 {
				t.Errorf("%s aside with a call in flight, want 700", aside)
			}
			commit(t, running, 150)
			s.sweep()
			s.sweep()
			for range 2 {
				if ch := s.state(); ch.Aside != 0 || ch.Charged != 250 {
					t.Errorf("%s aside and %s charged, want 0 and 250", ch.Aside, ch.Charged)
				}
				s.refused(token, "search", 1, c.code)
				all, err := s.List(s.channel)
				if err != nil || len(all) != 1 || all[0].Ended != c.want || all[0].Spent != 250 || *all[0].Returned != 750 || all[0].Remaining() != 0 {
					t.Errorf("%+v, %v", all, err)
				}
				s.restart()
			}
		})
	}
}

func TestAGrantThatEndedBeforeACrashIsClosedAfterIt(t *testing.T) {
	s := newShop(t)
	id, token := s.grant(macaroon.Scope{Budget: 1000})
	s.spend(token, "search", 200)
	if _, err := s.Revoke(context.Background(), id, credit.ByPayer); err != nil {
		t.Fatal(err)
	}
	s.restart()
	s.refused(token, "search", 1, credit.CodeRevoked)
	s.sweep()
	if aside := s.state().Aside; aside != 0 {
		t.Errorf("%s aside", aside)
	}
}

func TestRevokingATokenEndsWhatWasMadeOfItAndNothingElse(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	one, two := s.narrow(token, macaroon.Scope{Budget: 500}), s.narrow(token, macaroon.Scope{Budget: 600})
	under := s.narrow(one, macaroon.Scope{PerCall: 10})
	s.buy(under, 10)
	if _, err := s.RevokeToken(context.Background(), one.Text()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.refused(one, "search", 1, credit.CodeRevoked)
		s.refused(under, "search", 1, credit.CodeRevoked)
		s.buy(two, 1)
		s.buy(token, 1)
		s.restart()
	}
	if _, err := s.RevokeToken(context.Background(), one.Text()); err == nil {
		t.Error("revoked twice")
	}
}

func TestATopUpRaisesTheBudgetOnce(t *testing.T) {
	s := newShop(t)
	id, token := s.grant(macaroon.Scope{Budget: 1000})
	s.buy(token, 1000)
	if _, err := s.TopUp(context.Background(), id, [32]byte{1}, s.pay(500)); err != nil {
		t.Fatal(err)
	}
	if g, done, err := s.ToppedUp(id, [32]byte{1}); !done || err != nil || g.Budget != 1500 || g.Remaining() != 500 {
		t.Errorf("%+v %v %v", g, done, err)
	}
	again := s.pay(500)
	if _, err := s.TopUp(context.Background(), id, [32]byte{1}, again); !errors.Is(err, credit.ErrRequest) {
		t.Errorf("topped up again: %v", err)
	}
	again.Release()
	s.left(token, 500)
	s.restart()
	s.left(token, 500)
	s.buy(token, 500)
	s.refused(token, "search", 1, credit.CodeBudgetExhausted)
	if _, err := s.Revoke(context.Background(), id, credit.ByPayer); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TopUp(context.Background(), id, [32]byte{2}, nil); !errors.Is(err, credit.ErrGrantEnded) {
		t.Errorf("topped up after its end: %v", err)
	}
}

func TestTheSameRequestIsGrantedOnce(t *testing.T) {
	s := newShop(t)
	r := s.request(macaroon.Scope{Budget: 1000, Tools: []string{"search"}})
	if _, _, found, err := s.Find(r); found || err != nil {
		t.Errorf("found before it was granted: %v", err)
	}
	_, token, err := s.Grant(context.Background(), r, s.pay(1000))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keys().Rotate(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, again, found, err := s.Find(r)
	if !found || err != nil || again.Text() != token.Text() {
		t.Errorf("found %v, %v, the same token %v", found, err, again.Text() == token.Text())
	}
	r.Caveats = r.Caveats[: len(r.Caveats)-1 : len(r.Caveats)-1]
	r.Caveats = append(r.Caveats, macaroon.Caveat{Kind: macaroon.KindBudget, Limit: 999})
	if _, _, _, err := s.Find(r); !errors.Is(err, credit.ErrRequest) {
		t.Errorf("another scope under the same nonce: %v", err)
	}
}

func TestTheSameRequestAtOnceIsGrantedOnce(t *testing.T) {
	s := newShop(t)
	r := s.request(macaroon.Scope{Budget: 10})
	purses := make([]*ledger.Reservation, 16)
	for i := range purses {
		purses[i] = s.pay(10)
	}
	var granted atomic.Int64
	var crowd sync.WaitGroup
	for _, purse := range purses {
		crowd.Go(func() {
			defer purse.Release()
			if _, _, err := s.Grant(context.Background(), r, purse); err == nil {
				granted.Add(1)
			} else if !errors.Is(err, credit.ErrRequest) {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	if ch := s.state(); granted.Load() != 1 || ch.Aside != 10 || ch.Reserved != 0 {
		t.Errorf("granted %d times, %s aside, %s reserved", granted.Load(), ch.Aside, ch.Reserved)
	}
}

func TestARequestThatCannotBeMetIsRefused(t *testing.T) {
	s := newShop(t)
	for name, change := range map[string]func(*credit.Request){
		"no budget":                    func(r *credit.Request) { r.Caveats = r.Caveats[:1] },
		"two budgets":                  func(r *credit.Request) { r.Caveats = append(r.Caveats, r.Caveats[1]) },
		"another price":                func(r *credit.Request) { r.Caveats[1].Limit++ },
		"no end":                       func(r *credit.Request) { r.Caveats = r.Caveats[1:] },
		"an end that is over":          func(r *credit.Request) { r.Caveats[0].Time = uint32(start.Unix()) },
		"a label that is long":         func(r *credit.Request) { r.Label = string(make([]byte, credit.MaxLabel+1)) },
		"a label that clears a screen": func(r *credit.Request) { r.Label = "mine\x1b[2J" },
		"a label of two lines":         func(r *credit.Request) { r.Label = "mine\nnot mine" },
		"a glob with a bracket": func(r *credit.Request) {
			r.Caveats = append(r.Caveats, macaroon.Caveat{Kind: macaroon.KindTools, Tools: "a[b]"})
		},
		"a rate without period": func(r *credit.Request) {
			r.Caveats = append(r.Caveats, macaroon.Caveat{Kind: macaroon.KindRate, Limit: 1})
		},
		"a channel of its own": func(r *credit.Request) { r.Caveats = append(r.Caveats, macaroon.Caveat{Kind: macaroon.KindChannel}) },
		"an unknown kind":      func(r *credit.Request) { r.Caveats = append(r.Caveats, macaroon.Caveat{Kind: 99, Limit: 1}) },
	} {
		r := s.request(macaroon.Scope{Budget: 10})
		change(&r)
		purse := s.pay(10)
		if _, _, err := s.Grant(context.Background(), r, purse); !errors.Is(err, credit.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
		purse.Release()
	}
	if aside := s.state().Aside; aside != 0 {
		t.Errorf("%s aside", aside)
	}
}

func TestCountersOfExpiredTokensAreForgotten(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	sub := s.narrow(token, macaroon.Scope{Budget: 100, Expires: start.Add(time.Minute)})
	s.buy(sub, 10)
	if n := s.counterRows(); n != 2 {
		t.Fatalf("%d counters, want 2", n)
	}
	s.restart()
	running := s.spend(sub, "search", 10)
	s.clock.pass(time.Minute)
	s.sweep()
	if n := s.counterRows(); n != 2 {
		t.Errorf("%d counters with a call in flight, want 2", n)
	}
	commit(t, running, 10)
	s.sweep()
	if n := s.counterRows(); n != 1 {
		t.Errorf("%d counters, want 1", n)
	}
	s.clock.set(start)
	s.restart()
	s.refused(sub, "search", 1, credit.CodeExpired)
	s.left(token, 980)
	later := s.narrow(token, macaroon.Scope{Budget: 100, Expires: start.Add(2 * time.Minute)})
	s.buy(later, 10)
	s.restart() // nobody shows the token any more
	s.clock.pass(time.Hour)
	s.sweep()
	if n := s.counterRows(); n != 1 {
		t.Errorf("%d counters after a restart, want 1", n)
	}
}
