package credit_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	format "gopkg.in/macaroon.v2"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// hits counts how often limits were met.
type hits struct {
	mu   sync.Mutex
	seen map[string]int
}

func (h *hits) add(limit string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[string]int{}
	}
	h.seen[limit]++
}

func (h *hits) of(limit string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[limit]
}

// release spends from a token and is charged nothing.
func (s *shop) release(token macaroon.Token, price vouchers.Amount) {
	s.t.Helper()
	s.spend(token, "search", price).Release()
}

func TestTokensThatWereNeverChargedForLeaveNoCounters(t *testing.T) {
	var met hits
	s := newShop(t, credit.WithLimits(credit.Limits{Counters: 100}, met.add))
	_, root := s.grant(macaroon.Scope{Budget: 100_000})
	paid := s.narrow(root, macaroon.Scope{Budget: 10})
	s.buy(paid, 10)
	shared := s.narrow(root, macaroon.Scope{Budget: 100, Rate: macaroon.Rate{Amount: 80, Period: time.Hour}})
	one, two := s.narrow(shared, macaroon.Scope{Tools: []string{"search"}}), s.narrow(shared, macaroon.Scope{Calls: 9})
	s.release(one, 50)
	running := s.spend(two, "search", 50)
	for i := range 1000 {
		made := s.narrow(root, macaroon.Scope{Budget: vouchers.Amount(200 + i), Calls: 3, Rate: macaroon.Rate{Amount: 7, Period: time.Hour}})
		s.release(made, 1)
	}
	if n := met.of(credit.LimitCounters); n != 0 {
		t.Errorf("the limit was met %d times", n)
	}
	running.Release()
	for i := range 200 { // nothing is in flight any more under the shared limits
		s.release(s.narrow(root, macaroon.Scope{Budget: vouchers.Amount(5000 + i)}), 1)
	}
	s.buy(one, 60)
	s.refused(two, "search", 60, credit.CodeBudgetExhausted)
	s.refused(two, "search", 30, credit.CodeRateLimited)
	s.refused(paid, "search", 1, credit.CodeBudgetExhausted)
	s.restart()
	s.refused(two, "search", 60, credit.CodeBudgetExhausted)
	s.refused(paid, "search", 1, credit.CodeBudgetExhausted)
	for i := range 100 {
		sub := s.narrow(root, macaroon.Scope{Budget: vouchers.Amount(2 + i)})
		if s.refusal(sub, 1) == nil {
			s.buy(sub, 1)
		}
	}
	if n := met.of(credit.LimitCounters); n == 0 {
		t.Error("more counters are in use than there may be")
	}
}

// refusal is why a token would be refused a call, nil if it is not.
func (s *shop) refusal(token macaroon.Token, price vouchers.Amount) error {
	spend, err := s.Spend(context.Background(), token.Text(), credit.Call{Tool: "search", Price: price})
	if err == nil {
		spend.Release()
	}
	return err
}

// grants as grant does, and returns what it is refused with.
func (s *shop) tryGrant(scope macaroon.Scope) (macaroon.GrantID, error) {
	s.t.Helper()
	purse := s.pay(scope.Budget)
	g, _, err := s.Grant(context.Background(), s.request(scope), purse)
	if err != nil {
		purse.Release()
		return macaroon.GrantID{}, err
	}
	return g.ID, nil
}

func TestAChannelHasSoManyLiveGrantsAndSoManyNewOnes(t *testing.T) {
	var met hits
	s := newShop(t, credit.WithLimits(credit.Limits{LiveGrants: 3, NewGrants: 5}, met.add))
	var ids []macaroon.GrantID
	for range 3 {
		id, _ := s.grant(macaroon.Scope{Budget: 10})
		ids = append(ids, id)
	}
	refused := func(limit string) {
		t.Helper()
		before := met.of(limit)
		if _, err := s.tryGrant(macaroon.Scope{Budget: 10}); !errors.Is(err, credit.ErrRequest) || !strings.Contains(err.Error(), limit) {
			t.Errorf("one more is refused with %v", err)
		}
		if met.of(limit) != before+1 {
			t.Errorf("%s is not counted", limit)
		}
	}
	refused(credit.LimitLiveGrants)
	s.restart()
	refused(credit.LimitLiveGrants)
	for _, id := range ids[:2] {
		if _, err := s.Revoke(t.Context(), id, credit.ByPayer); err != nil {
			t.Fatal(err)
		}
		s.grant(macaroon.Scope{Budget: 10})
	}
	if _, err := s.Revoke(t.Context(), ids[2], credit.ByPayer); err != nil {
		t.Fatal(err)
	}
	refused(credit.LimitNewGrants)
	s.restart()
	refused(credit.LimitNewGrants)
	s.clock.pass(time.Hour + time.Second)
	s.grant(macaroon.Scope{Budget: 10})
	if got := s.state(); got.Aside != 30 || got.Reserved != 0 {
		t.Errorf("%s are aside, %s reserved", got.Aside, got.Reserved)
	}
}

func TestGrantsThatEndedLongAgoAreForgotten(t *testing.T) {
	var met hits
	s := newShop(t, credit.WithLimits(credit.Limits{EndedGrants: 4, EndedTime: 3 * time.Hour}, met.add))
	_, live := s.grant(macaroon.Scope{Budget: 10})
	var tokens []macaroon.Token
	for range 6 {
		id, token := s.grant(macaroon.Scope{Budget: 10, Expires: start.Add(8 * time.Hour)})
		if _, err := s.Revoke(t.Context(), id, credit.ByPayer); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	listed := func(want int) {
		t.Helper()
		for range 2 {
			s.sweep()
			if all, err := s.List(s.channel); err != nil || len(all) != want {
				t.Errorf("%d are listed, want %d: %v", len(all), want, err)
			}
			s.restart()
		}
	}
	listed(7)
	s.clock.pass(time.Hour)
	listed(5)
	forgotten := 0
	for _, token := range tokens {
		var refused *credit.Refusal
		if err := s.refusal(token, 1); errors.As(err, &refused) && errors.Is(err, credit.ErrNoGrant) && refused.Code == credit.CodeInvalidToken {
			forgotten++
		} else {
			s.refused(token, "search", 1, credit.CodeRevoked)
		}
	}
	if forgotten != 2 {
		t.Errorf("%d of 6 are forgotten", forgotten)
	}
	s.clock.pass(2 * time.Hour)
	listed(1)
	if met.of(credit.LimitEndedGrants) != 2 || met.of(credit.LimitEndedTime) != 4 {
		t.Errorf("forgotten are %v", met.seen)
	}
	s.clock.pass(6 * time.Hour)
	s.refused(tokens[0], "search", 1, credit.CodeExpired)
	s.buy(live, 1)
}

func TestAGrantIsToppedUpSoOften(t *testing.T) {
	s := newShop(t, credit.WithLimits(credit.Limits{TopUps: 2}, nil))
	id, _ := s.grant(macaroon.Scope{Budget: 10})
	for i := range byte(3) {
		purse := s.pay(5)
		_, err := s.TopUp(t.Context(), id, [32]byte{i}, purse)
		purse.Release()
		if (err == nil) != (i < 2) || err != nil && !errors.Is(err, credit.ErrRequest) {
			t.Errorf("top-up %d: %v", i, err)
		}
	}
}

func TestWhoMakesUpTokensToRevokeKeepsNoOtherFromRevoking(t *testing.T) {
	var met hits
	s := newShop(t, credit.WithLimits(credit.Limits{Revocations: 3}, met.add))
	id, root := s.grant(macaroon.Scope{Budget: 1000})
	bad, good := s.narrow(root, macaroon.Scope{Budget: 100}), s.narrow(root, macaroon.Scope{Budget: 101})
	var made []macaroon.Token
	for i := range 10 {
		made = append(made, s.narrow(bad, macaroon.Scope{Calls: uint64(1 + i)}))
	}
	revoked := 0
	for i, token := range made {
		if i == 2 {
			s.restart()
		}
		_, err := s.RevokeToken(t.Context(), token.Text())
		switch {
		case err == nil:
			revoked++
			s.refused(token, "search", 1, credit.CodeRevoked)
		case !errors.Is(err, credit.ErrRequest):
			t.Fatal(err)
		}
	}
	if revoked != 3 || met.of(credit.LimitRevocations) != 7 {
		t.Errorf("%d are revoked, the limit was met %d times", revoked, met.of(credit.LimitRevocations))
	}
	s.buy(made[9], 1)
	sub := s.narrow(good, macaroon.Scope{Calls: 5})
	if _, err := s.RevokeToken(t.Context(), sub.Text()); err != nil {
		t.Errorf("a token of another branch: %v", err)
	}
	s.refused(sub, "search", 1, credit.CodeRevoked)
	if _, err := s.Revoke(t.Context(), id, credit.ByPayer); err != nil {
		t.Errorf("the payer: %v", err)
	}
	s.refused(made[9], "search", 1, credit.CodeRevoked)
}

func TestARevokedTokenHasNoOtherGrantVerifiedAgain(t *testing.T) {
	s := newShop(t)
	_, busy := s.grant(macaroon.Scope{Budget: 1000})
	_, root := s.grant(macaroon.Scope{Budget: 1000})
	s.release(busy, 1)
	allocated := func() uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.release(busy, 1)
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	least := uint64(math.MaxUint64) // of the first call after each revocation
	for i := range 20 {
		if _, err := s.RevokeToken(t.Context(), s.narrow(root, macaroon.Scope{Calls: uint64(1 + i)}).Text()); err != nil {
			t.Fatal(err)
		}
		least = min(least, allocated())
	}
	first := s.narrow(busy, macaroon.Scope{PerCall: 10})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s.release(first, 1)
	runtime.ReadMemStats(&after)
	if verifying := after.Mallocs - before.Mallocs; least*2 > verifying {
		t.Errorf("after a revocation a known token takes %d allocations, one that is not known %d", least, verifying)
	}
}

func TestTheTokensThatAreRememberedAreBoundedAndRefusedOnesAreNot(t *testing.T) {
	var met hits
	s := newShop(t, credit.WithLimits(credit.Limits{SessionBytes: 64 << 10}, met.add))
	_, root := s.grant(macaroon.Scope{Budget: 1000})
	for i := range 2000 {
		long := s.narrow(root, macaroon.Scope{Tools: []string{"search", strings.Repeat("x", 100)}, Calls: uint64(1 + i)})
		s.refused(long, "fetch", 1, credit.CodeToolNotAllowed)
	}
	if n := met.of(credit.LimitSessions); n != 0 {
		t.Errorf("refused tokens were remembered, and %d forgotten", n)
	}
	for i := range 2000 {
		s.release(s.narrow(root, macaroon.Scope{Calls: uint64(1 + i)}), 1)
	}
	if n := met.of(credit.LimitSessions); n < 1500 {
		t.Errorf("%d of 2,000 tokens were forgotten", n)
	}
}

func TestATokenUnderAKeyThatIsNoneGetsNoAnswers(t *testing.T) {
	s := newShop(t)
	live, _ := s.grant(macaroon.Scope{Budget: 100})
	ended, _ := s.grant(macaroon.Scope{Budget: 100})
	if _, err := s.Revoke(t.Context(), ended, credit.ByPayer); err != nil {
		t.Fatal(err)
	}
	for _, id := range []macaroon.GrantID{live, ended} {
		name := append(binary.BigEndian.AppendUint32([]byte{1}, 99), id[:]...)
		m, err := format.New(nil, name, "", format.V2)
		if err == nil {
			err = m.AddFirstPartyCaveat([]byte(macaroon.Caveat{Kind: macaroon.KindChannel, Channel: s.channel}.String()))
		}
		if err != nil {
			t.Fatal(err)
		}
		forged := text(t, m)
		for _, identifier := range []string{"", "a"} {
			_, err := s.Spend(t.Context(), forged, credit.Call{Tool: "search", Price: 1, Identifier: identifier})
			var refusal *credit.Refusal
			if !errors.As(err, &refusal) || refusal.Code != credit.CodeInvalidToken || !errors.Is(err, macaroon.ErrForged) {
				t.Errorf("refused with %v", err)
			}
		}
	}
}

func TestAGrantThatCannotBeReadKeepsNoOtherFromEndingAndBeingListed(t *testing.T) {
	s := newShop(t)
	var ids []macaroon.GrantID
	for range 6 {
		id, _ := s.grant(macaroon.Scope{Budget: 10, Expires: start.Add(time.Minute)})
		ids = append(ids, id)
	}
	other := s.config
	other.Salt = common.Hash{1}
	channel, err := s.ledger.Open(t.Context(), deployment, other, vouchers.ChainState{Balance: balance})
	if err != nil {
		t.Fatal(err)
	}
	damaged := ids[:5]
	for _, id := range damaged {
		if err := s.store.Bucket("credit-grants").Put(t.Context(), id[:], []byte("{")); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.pass(time.Hour)
	if err := s.Sweep(t.Context()); err == nil {
		t.Error("nothing is said of the damaged grants")
	}
	for name, list := range map[string]func() ([]credit.Grant, error){
		"of the channel": func() ([]credit.Grant, error) { return s.List(s.channel) }, "of all": s.All,
	} {
		all, err := list()
		if err == nil || len(all) != 1 || all[0].ID != ids[5] || all[0].Ended != credit.EndExpired || all[0].Signer != s.config.Payer {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	if all, err := s.List(channel); err != nil || len(all) != 0 {
		t.Errorf("of another channel: %+v, %v", all, err)
	}
}

func TestAllGrantsOfAChannelHaveSoManyTokensInUse(t *testing.T) {
	var met hits
	s := newShop(t, credit.WithLimits(credit.Limits{Counters: 3, ChannelCounters: 3}, met.add))
	_, one := s.grant(macaroon.Scope{Budget: 1000})
	_, two := s.grant(macaroon.Scope{Budget: 1000})
	s.buy(s.narrow(one, macaroon.Scope{Budget: 10, Expires: start.Add(time.Minute)}), 1)
	s.buy(s.narrow(one, macaroon.Scope{Budget: 11}), 1)
	s.buy(s.narrow(two, macaroon.Scope{Budget: 12}), 1)
	s.restart()
	late := s.narrow(two, macaroon.Scope{Budget: 13})
	s.refused(late, "search", 1, credit.CodeTooManyTokens)
	if n := met.of(credit.LimitChannel); n != 1 {
		t.Errorf("the limit was met %d times", n)
	}
	s.buy(two, 1) // what is counted already goes on
	s.clock.pass(time.Minute)
	s.sweep()
	s.buy(late, 1)
}
