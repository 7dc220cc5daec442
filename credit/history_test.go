package credit_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
)

// history is a grant's, an event a line, with the seconds since the start.
func (s *shop) history(id macaroon.GrantID) string {
	s.t.Helper()
	g, err := s.Lookup(id)
	if err != nil {
		s.t.Fatal(err)
	}
	lines := make([]string, len(g.History))
	for i, e := range g.History {
		lines[i] = fmt.Sprintf("%d %s %s %d %s", e.At.Unix()-start.Unix(), e.What, e.By, e.Amount, e.Token)
	}
	return strings.Join(lines, "\n")
}

func TestTheHistoryOfAGrantSaysWhatWhenAndByWhom(t *testing.T) {
	s := newShop(t)
	ctx := context.Background()
	id, token := s.grant(macaroon.Scope{Budget: 1000})
	s.clock.pass(time.Second)
	if _, err := s.TopUp(ctx, id, [32]byte{1}, s.pay(500)); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(time.Second)
	sub := s.narrow(token, macaroon.Scope{Budget: 10})
	if _, err := s.RevokeToken(ctx, sub.Text()); err != nil {
		t.Fatal(err)
	}
	s.buy(token, 100)
	running := s.spend(token, "search", 100)
	s.clock.pass(time.Second)
	if _, err := s.Revoke(ctx, id, credit.ByOperator); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(time.Second)
	commit(t, running, 50)
	s.sweep()
	want := "0 granted payer 1000 \n1 topped_up payer 500 \n2 token_revoked holder 0 " + sub.Fingerprint() + "\n3 revoked operator 0 \n4 returned  1350 "
	for range 2 {
		if got := s.history(id); got != want {
			t.Errorf("the history is\n%s\nwant\n%s", got, want)
		}
		s.restart()
	}
}

func TestTheHistoryNamesTheEndThatNobodyOrdered(t *testing.T) {
	s := newShop(t)
	used, token := s.grant(macaroon.Scope{Budget: 10, Calls: 1})
	s.buy(token, 10)
	s.sweep()
	expired, _ := s.grant(macaroon.Scope{Budget: 10, Expires: start.Add(time.Minute)})
	s.clock.pass(time.Minute)
	s.sweep()
	held, root := s.grant(macaroon.Scope{Budget: 10})
	if _, err := s.RevokeToken(context.Background(), root.Text()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[macaroon.GrantID]string{
		used:    "0 granted payer 10 \n0 used_up  0 \n0 returned  0 ",
		expired: "0 granted payer 10 \n60 expired  0 \n60 returned  10 ",
		held:    "60 granted payer 10 \n60 revoked holder 0 \n60 returned  10 ",
	} {
		if got := s.history(id); got != want {
			t.Errorf("the history is\n%s\nwant\n%s", got, want)
		}
	}
}

// TestAGrantOfBeforeThereWereHistoriesHasOne takes the history out of a stored grant.
func TestAGrantOfBeforeThereWereHistoriesHasOne(t *testing.T) {
	s := newShop(t)
	id, token := s.grant(macaroon.Scope{Budget: 1000})
	s.clock.pass(time.Second)
	if _, err := s.TopUp(context.Background(), id, [32]byte{1}, s.pay(500)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RevokeToken(context.Background(), token.Text()); err != nil {
		t.Fatal(err)
	}
	grants := s.store.Bucket("credit-grants")
	value, err := grants.Get(id[:])
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal(value, &record); err != nil {
		t.Fatal(err)
	}
	delete(record, "history")
	if value, err = json.Marshal(record); err != nil {
		t.Fatal(err)
	}
	if err := grants.Put(t.Context(), id[:], value); err != nil {
		t.Fatal(err)
	}
	s.restart()
	if got, want := s.history(id), "0 granted payer 1000 \n1 topped_up payer 500 \n1 revoked  0 \n1 returned  1500 "; got != want {
		t.Errorf("the history is\n%s\nwant\n%s", got, want)
	}
}

func TestAHolderCannotGrowTheHistoryWithoutEnd(t *testing.T) {
	s := newShop(t)
	id, token := s.grant(macaroon.Scope{Budget: 1000})
	for i := range 70 {
		sub := s.narrow(token, macaroon.Scope{Calls: uint64(i + 1)})
		if _, err := s.RevokeToken(context.Background(), sub.Text()); err != nil {
			t.Fatal(err)
		}
	}
	history := s.history(id)
	if n := strings.Count(history, "token_revoked"); n != 64 || !strings.HasPrefix(history, "0 granted payer 1000") {
		t.Errorf("%d revoked tokens in\n%s", n, history)
	}
}

func TestASpendNamesTheVeryTokenThatPays(t *testing.T) {
	s := newShop(t)
	_, root := s.grant(macaroon.Scope{Budget: 1000})
	sub := s.narrow(root, macaroon.Scope{Budget: 100})
	for range 2 {
		for _, token := range []macaroon.Token{root, sub} {
			spend := s.spend(token, "search", 1)
			if got := spend.Token(); hex.EncodeToString(got[:]) != token.Fingerprint() {
				t.Errorf("%x pays for %s", got, token)
			}
			spend.Release()
		}
		s.restart()
	}
}
